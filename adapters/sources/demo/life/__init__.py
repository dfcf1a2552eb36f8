"""The demo person's life, before any device or hand has written it down."""
