"""Labels: outcomes once they are known."""
