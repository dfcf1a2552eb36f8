"""Estimates with an interval, as SciPy has them.

Both intervals take their values for independent of one another. Days of one person are not: today
resembles yesterday, so that the true uncertainty is larger than what stands here.
"""

from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
THEIL_SEN: Final = "theil_sen"
WELCH: Final = "welch"
CANNOT_SHOW: Final = (
    "This shows that the days differ, not why. There is no control: what else changed at the time "
    "(other drugs, habits, season, how and when was measured) counts too. What is begun because "
    "values were high is followed by lower ones anyway (regression to the mean). Neighbouring days "
    "resemble each other, so the interval is too narrow; and of twenty such intervals one leaves "
    "out zero by chance."
)
_NORMAL_QUANTILE: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

Values = NDArray[np.float64]


class Estimate(NamedTuple):
    """A value, and the bounds of its 95 % interval."""

    value: float
    lower: float
    upper: float


def theil_sen_slope(values: Values, places: NDArray[np.int64]) -> Estimate:
    """The median of the slopes between all pairs of points, which single days hardly move.

    The numbers are those of `scipy.stats.theilslopes`, without the half second that importing it
    takes: one more file shall not cost that.

    Args:
        values: At least two.
        places: Where each stands, ascending, no two at one place.

    Units: that of the values, for each unit of the places.

    Source: Sen 1968 (doi 10.1080/01621459.1968.10480934), the interval by its equation 2.6.
    """
    apart = np.subtract.outer(places, places)
    later = apart > 0
    slopes = np.sort(np.subtract.outer(values, values)[later] / apart[later])
    half = _NORMAL_QUANTILE * np.sqrt(_variance_of_score(values))
    upper = min(int(np.round((len(slopes) + half) / 2)), len(slopes) - 1)
    lower = max(int(np.round((len(slopes) - half) / 2)) - 1, 0)
    return Estimate(float(np.median(slopes)), float(slopes[lower]), float(slopes[upper]))


def _variance_of_score(values: Values) -> float:
    """The variance of Kendall's score where nothing trends, less for values that are tied."""
    tied = np.unique(values, return_counts=True)[1]
    total, ties = (n * (n - 1) * (2 * n + 5) for n in (len(values), tied))
    return float(total - np.sum(ties)) / 18


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
