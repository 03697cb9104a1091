"""Real bugs of released frameworks: each is found on the release that has it, and not on the one that has not."""
