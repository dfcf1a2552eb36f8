"""The file."""

import pandas as pd


def readings(path: str) -> pd.DataFrame:
    """Rows of the file: a second since 1970, a heart rate."""
    return pd.read_csv(path)
