"""Signals: one number per partition and subject, from mergeable profiles."""
