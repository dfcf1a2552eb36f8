"""What is known about every result, and where its bytes are. Knows no Hamilton and no pandas."""


class RegistryError(Exception):
    """Root of this package's errors."""
