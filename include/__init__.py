"""Nightshift in plain Python: everything a night does, without a scheduler."""
