"""How the outside world is reached: files, terminal, Hamilton's driver."""


class AdapterError(Exception):
    """Root of this package's errors."""
