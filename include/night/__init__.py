"""The night, one file a step: each wires the rooms together and records what it did."""
