"""Resting heart rate where no vendor tells it.

The lowest mean of half an hour; where samples are too sparse for that, the 5th percentile of the
night. The method stands beside every value, since values of two methods are two series.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows import clinical

METHOD: Final = "lowest_30_minute_mean"
NIGHT_METHOD: Final = "night_5th_percentile"

LEAST_NIGHT_SAMPLES: Final = 6
LEAST_NIGHT_MINUTES: Final = 180
"""Ours: the night's percentile rests on so many samples, the first and the last of which lie so far
apart: a night of samples every half an hour has twelve over five and a half hours."""

_MINUTE: Final = 60_000_000
# A local day spans less than 2 ** 38 microseconds (76 hours), wherever it begins and ends.
_DAY_BITS: Final = 38
_BLOCK_ROWS: Final = 500_000


def lowest_means(
    instants: NDArray[np.int64], values: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The lowest mean of 30 minutes in each day; not a number where no such window is covered.

    A window ends at a sample and holds those of the 30 minutes before, of the same day. It counts
    if it has enough samples over enough of its time, and if its mean can be one at rest.

    Args:
        instants: Microseconds, day by day, ascending in each.
        values: Heart rates in whole thousandths.
        starts: Where each day begins.

    Units: those of `values`.

    Source: `clinical.REST_WINDOW_MINUTES` and the constants beside it.
    """
    ends = np.append(starts[1:], len(instants))
    lowest = np.full(len(starts), np.nan)
    first = 0
    while first < len(starts):
        last = int(np.searchsorted(ends, starts[first] + _BLOCK_ROWS, side="right"))
        last = max(last, first + 1)
        rows = slice(int(starts[first]), int(ends[last - 1]))
        lowest[first:last] = _lowest(instants[rows], values[rows], starts[first:last] - rows.start)
        first = last
    return _possible(lowest)


def night_percentile(values: NDArray[np.int64], minutes: NDArray[np.int64]) -> float:
    """The 5th percentile of one night; not a number where too little of it was measured.

    Args:
        values: Heart rates in whole thousandths.
        minutes: When each was measured, ascending.

    Units: those of `values`.

    Source: `LEAST_NIGHT_SAMPLES`.
    """
    if len(values) < LEAST_NIGHT_SAMPLES or minutes[-1] - minutes[0] < LEAST_NIGHT_MINUTES:
        return float("nan")
    return float(_possible(np.percentile(values, [5]))[0])


def _possible(thousandths: NDArray[np.float64]) -> NDArray[np.float64]:
    """What can be a resting heart rate."""
    limits = clinical.RESTING_HEART_RATE_HARD_BPM
    possible = (thousandths >= limits.low * 1000) & (thousandths <= limits.high * 1000)
    return np.where(possible, thousandths, np.nan)


def _lowest(
    instants: NDArray[np.int64], values: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    lengths = np.diff(np.append(starts, len(instants)))
    days = np.arange(len(starts), dtype=np.int64) << _DAY_BITS
    times = instants - np.repeat(instants[starts] - days, lengths)
    window = clinical.REST_WINDOW_MINUTES * _MINUTE
    left = np.searchsorted(times, times - window, side="right")
    sums = np.concatenate(([0], np.cumsum(values)))
    counts = np.arange(1, len(values) + 1) - left
    means = (sums[1:] - sums[left]) / counts
    covered = times - times[left] >= clinical.REST_WINDOW_COVERED_MINUTES * _MINUTE
    covered &= counts >= clinical.REST_WINDOW_SAMPLE_COUNT
    means[~covered] = np.inf
    lowest = np.minimum.reduceat(means, starts)
    return np.where(np.isfinite(lowest), lowest, np.nan)
