"""How good is a model, and is a candidate good enough: metrics, intervals, the gate and its parts."""
