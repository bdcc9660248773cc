"""Pages and tables that say what happened, why, and what to do; one file each, readable without a network."""
