"""What the numbers are: pure functions whose parameter names are the dataflow.

Nothing in this package reads a file, the network, the clock, the environment or a source of
randomness. Time enters as the input `as_of_utc`.
"""


class DataflowError(Exception):
    """Root of this package's errors; its messages never hold a measured value."""
