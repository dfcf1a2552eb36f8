"""The state of a profile, encrypted, in a place that need not be trusted."""
