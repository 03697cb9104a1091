"""Targets that are wrong on purpose, one way each, to test the suite."""
