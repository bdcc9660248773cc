"""P-values, detectors, alarms with a stated false-alarm rate, and whether a fault of the data explains them."""
