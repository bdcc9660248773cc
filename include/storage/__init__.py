"""Where things are kept: locations, single objects, Delta tables."""
