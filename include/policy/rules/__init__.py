"""One rule a file; each is a pure function of what was known that night."""
