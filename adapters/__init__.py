"""How the outside world is reached: files, terminal, Hamilton's driver."""

import os
from typing import Final

# The stages of the flow, in order; each node says its own with a tag.
STAGES: Final = ("ingestion", "normalization", "validation", "merge")

# Hamilton reads this when it is imported; its extensions cost half a second, and none is used.
os.environ.setdefault("HAMILTON_AUTOLOAD_EXTENSIONS", "0")


class AdapterError(Exception):
    """Root of this package's errors."""
