"""Applications that are right but unusual: nothing of them may be blamed."""
