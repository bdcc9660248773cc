"""Why a model predicts what it predicts, and what it is fit for."""
