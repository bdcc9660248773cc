"""What is true of models: the ledger, its projection into MLflow, and safe model files."""
