"""Which rows count."""

import pandas as pd
from bounds import HIGHEST_BPM, LOWEST_BPM


def valid_readings(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings within the bounds."""
    return readings[readings["bpm"].between(LOWEST_BPM, HIGHEST_BPM)].reset_index(drop=True)


def rejected_readings(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings outside of the bounds."""
    return readings[~readings["bpm"].between(LOWEST_BPM, HIGHEST_BPM)].reset_index(drop=True)


def samples(valid_readings: pd.DataFrame) -> pd.DataFrame:
    """One reading a second."""
    return valid_readings.drop_duplicates("second").reset_index(drop=True)
