"""Times of day: a mean and a spread that know that midnight follows one minute to it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY_MINUTES: Final = 1_440
_NO_DIRECTION: Final = 1e-9

Minutes = NDArray[np.float64]


def circular_mean(minutes: Minutes) -> float:
    """The mean time of day; NaN where the times cancel each other out.

    Units: minutes after midnight.

    Source: as in `scipy.stats.circmean`.
    """
    direction = _direction(minutes)
    if abs(direction) < _NO_DIRECTION:
        return float("nan")
    mean = float(np.angle(direction)) / (2 * np.pi) * DAY_MINUTES % DAY_MINUTES
    return mean if mean < DAY_MINUTES else 0.0  # what is left of a tiny negative angle


def circular_deviation(minutes: Minutes) -> float:
    """The circular standard deviation of times of day; NaN where they cancel each other out.

    Units: minutes.

    Source: sqrt(-2 ln R), as in `scipy.stats.circstd`.
    """
    length = min(abs(_direction(minutes)), 1.0)
    if length < _NO_DIRECTION:
        return float("nan")
    return float(np.sqrt(-2 * np.log(length)) / (2 * np.pi) * DAY_MINUTES)


def _direction(minutes: Minutes) -> complex:
    """The mean of times of day as points on a circle; its length is R."""
    return complex(np.exp(2j * np.pi * minutes / DAY_MINUTES).mean())
