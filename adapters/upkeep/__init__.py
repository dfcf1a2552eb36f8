"""A profile kept whole: verified, repaired, computed once more, and forgotten on demand."""
