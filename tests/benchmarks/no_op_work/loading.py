"""The file, as Hamilton loads it: read at every start, compared by content."""

import reading
from hamilton.function_modifiers import dataloader
from pandas import DataFrame


@dataloader()
def readings(path: str) -> tuple[DataFrame, dict]:
    """Rows of the file, and what is known about them."""
    return reading.readings(path), {}
