"""The command line: one file a group of commands, nothing but arguments, calls and printing."""
