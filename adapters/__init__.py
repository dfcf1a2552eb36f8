"""How the outside world is reached: files, terminal, Hamilton's driver."""

import os

from adapters.engine.read_at_import import watch

# The stages of the flow, in order; each node says its own with a tag.
STAGES = ("ingestion", "normalization", "validation", "merge")

# Hamilton reads this when it is imported; its extensions cost half a second, and none is used.
os.environ.setdefault("HAMILTON_AUTOLOAD_EXTENSIONS", "0")

watch()  # before any module of a flow is imported


class AdapterError(Exception):
    """Root of this package's errors."""
