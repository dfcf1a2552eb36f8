"""What the report says of change: before and after what was noted, and the trend."""

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.publishing import words
from adapters.publishing.rows import Row
from dataflows.intervals import CANNOT_SHOW
from dataflows.measurement import CUFF

_PRESSURES: Final = ("systolic", "diastolic")
_MOST_TEXT: Final = 260


def compared(comparisons: Sequence[Row], annotation: str, at: words.Lines) -> str:
    """Blood pressure in the weeks before an annotation's start and after it.

    Nothing where one of them has no reading. What every comparison lacks, `CANNOT_SHOW`, is left
    to be said once; what this one lacks is told.

    Args:
        comparisons: Rows of `period_comparisons`.
        annotation: Whose start.
        at: The lines that rounding must not cross.
    """
    pair = _pair(row for row in comparisons if row["annotation"] == annotation)
    if not pair or any(row["difference"] is None for row in pair):
        return ""
    systolic, diastolic = pair
    before, after = (
        f"{words.pressure(systolic[f'{side}_mean'], diastolic[f'{side}_mean'], at)} {side} "
        f"({words.counted(systolic[f'{side}_count'], 'day')})"
        for side in ("before", "after")
    )
    told = f"{before}, {after}: {_changes(pair, 'difference')}."
    own_warning = systolic["warning"].removesuffix(CANNOT_SHOW)
    return words.shortened(f"{told} {own_warning}", _MOST_TEXT)


def trend_of(trends: Sequence[Row]) -> str:
    """The newest and longest of these trends of blood pressure."""
    told = [row for row in trends if row["slope_per_30_days"] is not None]
    newest = max(
        ((row["period_end"], row["window_days"]) for row in _pressures(told)), default=None
    )
    pair = _pair(row for row in told if (row["period_end"], row["window_days"]) == newest)
    if not pair:
        return ""
    when = words.days(pair[0]["period_start"], pair[0]["period_end"])
    return f"Trend in 30 days, {when}: {_changes(pair, 'slope_per_30_days')}."


def _pressures(rows: Iterable[Row]) -> list[Row]:
    metrics = {f"{which}_mean_mmhg" for which in _PRESSURES}
    return [row for row in rows if row["metric"] in metrics and row["basis"] == CUFF]


def _pair(rows: Iterable[Row]) -> list[Row]:
    """The rows of systolic and diastolic mean; none if one of them is missing."""
    by_metric = {row["metric"]: row for row in _pressures(rows)}
    found = [by_metric.get(f"{which}_mean_mmhg") for which in _PRESSURES]
    return [row for row in found if row is not None] if None not in found else []


def _changes(pair: Sequence[Row], column: str) -> str:
    """`systolic -7.1 (95 % -10.6 to -3.7), diastolic -4.6 (95 % -6.7 to -2.5) mmHg`."""
    changes = [
        f"{which} {_signed(row[column])}{_interval(row)}"
        for which, row in zip(_PRESSURES, pair, strict=True)
    ]
    return f"{', '.join(changes)} mmHg"


def _interval(row: Row) -> str:
    """Nothing where there were too few days for one."""
    if row["lower"] is None or row["upper"] is None:
        return ""
    return f" (95 % {_signed(row['lower'])} to {_signed(row['upper'])})"


def _signed(value: float) -> str:
    """With a sign, and a true minus; nothing is neither above nor below itself."""
    shown = f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if shown[1:] == "0.0" else shown
