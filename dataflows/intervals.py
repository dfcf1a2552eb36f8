"""Estimates with an interval, on what SciPy offers.

Both intervals take their values for independent of one another. Days of one person are not: today
resembles yesterday, so that the true uncertainty is larger than what stands here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
THEIL_SEN: Final = "theil_sen"
WELCH: Final = "welch"

Values = NDArray[np.float64]


class Estimate(NamedTuple):
    """A value, and the bounds of its 95 % interval."""

    value: float
    lower: float
    upper: float


def theil_sen_slope(values: Values, places: NDArray[np.int64]) -> Estimate:
    """The median of the slopes between all pairs of points, which single days hardly move.

    Args:
        values: At least two.
        places: Where each stands, at least two of them different.

    Units: that of the values, for each unit of the places.

    Source: Sen 1968, as `scipy.stats.theilslopes` has it, the interval by Kendall's tau.
    """
    from scipy.stats import theilslopes  # noqa: PLC0415 - slow to import, and only some runs need it

    slope, _, lower, upper = theilslopes(values, places, alpha=CONFIDENCE)
    return Estimate(float(slope), float(lower), float(upper))


def welch_difference(before: Values, after: Values) -> Estimate:
    """Mean after minus mean before; the groups may differ in spread and number.

    Args:
        before: At least two.
        after: At least two.

    Units: that of the values.

    Source: Welch 1947 (doi 10.1093/biomet/34.1-2.28), degrees of freedom as Satterthwaite has them.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import, and only some runs need it

    difference = float(after.mean() - before.mean())
    shares = [(group.var(ddof=1) / len(group), len(group) - 1) for group in (before, after)]
    squared = sum(share for share, _ in shares)
    if squared == 0:
        return Estimate(difference, difference, difference)
    freedom = squared**2 / sum(share**2 / degrees for share, degrees in shares)
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(squared))
    return Estimate(difference, difference - half, difference + half)
