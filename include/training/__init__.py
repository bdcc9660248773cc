"""Candidates: which rows they learn from, how rows become numbers, and the learning itself."""
