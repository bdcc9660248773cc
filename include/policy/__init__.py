"""When to retrain: policies, what they may know, and how they would have done on the model's own past."""
