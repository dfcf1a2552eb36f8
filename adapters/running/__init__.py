"""A run of a profile: what it is given, what it leaves, and how it is spared if nothing moved."""
