"""Predictions of an artifact, streamed."""
