"""What the numbers must mean: limits and definitions, each with its source.

A value outside its hard limits takes its row out; one outside its soft limits stays and is
flagged. Both limits themselves are inside. The hard limits are wider than every rule found in
use: they are to catch what cannot be true, not what is unhealthy. Nothing here is medical advice.
"""

from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

Values = NDArray[Any]


@dataclass(frozen=True)
class Limits:
    """The lowest and the highest value that still counts as inside."""

    low: float
    high: float


SYSTOLIC_HARD_MMHG: Final = Limits(50, 300)
"""Ours. Wider than Omboni 1995 as coded in R `bp` (50 to 240), than the telehealth evaluation
BMC Fam Pract 2015, s12875-015-0301-2, table 2 (50 to 260, which keeps the limits themselves), and
than Health Connect's documented 20 to 200 at the upper end."""

DIASTOLIC_HARD_MMHG: Final = Limits(20, 200)
"""Ours. Wider than Omboni 1995 as coded in R `bp` (40 to 140); the telehealth evaluation named at
the systolic limits lets 0 to 200 pass, but no living person has a diastolic pressure of 0."""

SYSTOLIC_SOFT_MMHG: Final = Limits(80, 220)
"""Ours; no published limits for a remark were found."""

DIASTOLIC_SOFT_MMHG: Final = Limits(40, 130)
"""Ours; the lower one is the limit at which Omboni 1995, as coded in R `bp`, drops a reading."""

PULSE_PRESSURE_SOFT_MMHG: Final = Limits(20, 100)
"""Ours. That the diastolic value is below the systolic one is a hard rule, and strict: BMC Fam
Pract 2015, s12875-015-0301-2, table 2."""

WIDE_PULSE_PRESSURE_MMHG: Final = 60
"""From here on a day's mean pulse pressure is marked; the operator is ours. PMC9748272, table 3,
uses "above 60" as a sign of organ damage in a cohort; that ESH and ESC 2018 name 60 or more was not
found, and ESC 2024 draws no such line. It means something in older persons at most, and is no
diagnosis."""

SYSTOLIC_KPA: Final = Limits(10, 30)
"""Ours: a row whose two values are both inside their limits in kPa is taken to be in kPa. As mmHg
neither could be true, since such a systolic value is below its hard limit."""

DIASTOLIC_KPA: Final = Limits(4, 20)
"""Ours; see the systolic limits."""

MMHG_PER_KPA: Final = 7.50062
"""Definition of the conventional millimetre of mercury: 133.322 Pa."""

HEART_RATE_HARD_BPM: Final = Limits(20, 250)
"""Ours; the range in which a device (Garmin) is said to report a pulse, wider than the 27 to 220 of
Omboni 1995 as coded in R `bp`."""

HEART_RATE_SOFT_BPM: Final = Limits(35, 220)
"""Ours; no published limits for a remark were found."""

RESTING_HEART_RATE_HARD_BPM: Final = Limits(25, 130)
"""Ours, narrower than the 1 to 300 that Health Connect documents for its resting record."""

RESTING_HEART_RATE_SOFT_BPM: Final = Limits(40, 100)
"""The range that Oura's help calls usual. Trained people are often between 40 and 60."""

REST_WINDOW_MINUTES: Final = 30
"""Resting heart rate without a vendor's own: the lowest mean of 30 minutes in a day. Garmin's
definition, read second-hand only (its support's words, quoted by others)."""

REST_WINDOW_COVERED_MINUTES: Final = 20
"""Ours: first and last sample of a window lie at least so far apart, which is what three samples
ten minutes apart do, or twenty-one a minute apart."""

REST_WINDOW_SAMPLE_COUNT: Final = 3
"""Ours: fewer samples make no window."""

SLEEP_HARD_MINUTES: Final = Limits(0, 1440)
"""A session is not longer than a day; nobody's rule but the definition of a daily figure."""

SLEEP_SOFT_MINUTES: Final = Limits(120, 840)
"""Ours: a main sleep of under 2 or over 14 hours is worth a remark."""

SLEEP_STAGES_TOLERANCE_RATIO: Final = 1.05
"""Ours: stages that sum up to more than the session and 5 % contradict it."""

ZERO_DIGIT_SHARE: Final = 0.2
"""Ours: above it, a zero is preferred as the last digit. One in ten is expected; what is said of
logs kept by hand is more than a fifth to a quarter (second-hand)."""

FEWEST_DIGITS: Final = 100
"""Ours: of a hundred readings without a preference more than a fifth end in zero less than once in
a thousand times; of thirty, once in forty, which is too often with a row for every month."""

NIGHT_ENDS_MINUTE: Final = 240
"""Ours: readings from midnight to before 04:00 are counted as being by night."""

EARLIEST_UTC: Final = "2000-01-01T00:00:00+00:00"
"""Ours: no account whose exports are read is older; a clock that was never set shows 1970."""

EARLIEST_ANNOTATION: Final = "1900-01-01"
LATEST_ANNOTATION: Final = "2199-12-31"
"""Ours: a date outside of them is a slip of the hand. An annotation may be older than any record,
and may end in the future."""

FUTURE_TOLERANCE_HOURS: Final = 24
"""Ours: a wrong zone shifts a record by less than a day; later ones come from a wrong clock."""


def mean_arterial_pressure(systolic: Values, diastolic: Values) -> Values:
    """Estimated mean arterial pressure, diastolic + (systolic - diastolic) / 3.

    Units: that of the arguments, mmHg.

    Source: StatPearls, as cited by the Cambio openEHR model (read second-hand); holds at resting
    heart rates only. Linear, so that the mean of it is it of the means.
    """
    estimate: Values = (systolic + 2 * diastolic) / 3
    return estimate


def pulse_pressure(systolic: Values, diastolic: Values) -> Values:
    """Pulse pressure, systolic - diastolic.

    Units: that of the arguments, mmHg.
    """
    return systolic - diastolic
