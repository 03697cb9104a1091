"""The suite tested systematically: a table of mutants at every layer, each with the layer that must be blamed."""
