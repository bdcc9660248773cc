"""Features: each row's values as they were known at its prediction time."""
