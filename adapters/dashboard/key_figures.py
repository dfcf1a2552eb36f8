"""The figures at the top: a mean over the range, of how many, and how it changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from adapters.dashboard.columns import Column, Series
from adapters.dashboard.markup import MINUS, duration, iso_day
from adapters.dashboard.published import Published
from adapters.dashboard.series import by_cuff
from adapters.dashboard.usual import usual

Span = tuple[float, float]
MINUTES: Final = 60


@dataclass(frozen=True)
class KeyFigure:
    """One figure.

    Attributes:
        signal: Which signal it belongs to.
        label: What it is.
        value: The figure for people; empty when there is none.
        unit: Of the figure.
        basis: Of how many what.
        change: How it differs from the period before, with that period's count; may be empty.
        usual: What is usual for this person, where it is published.
    """

    signal: str
    label: str
    value: str
    unit: str
    basis: str
    change: str = ""
    usual: str = ""


def key_figures(published: Published, span: Span, before: Span | None) -> list[KeyFigure]:
    """The figures of a range.

    Args:
        published: Where they come from.
        span: The range.
        before: The period to compare with, if one is.
    """
    return [*_pressure(published, span, before), *_others(published, span, before)]


def _pressure(published: Published, span: Span, before: Span | None) -> Iterator[KeyFigure]:
    readings = published.series.readings
    taken = readings.between(*span)
    now = by_cuff(taken)
    days = len(np.unique(now["time"] // 86_400_000))
    value = ""
    if len(now):
        value = f"{_mean(now['systolic']):.0f}/{_mean(now['diastolic']):.0f}"
    change = _pressure_change(now, by_cuff(readings.between(*before))) if before else ""
    basis = f"mean of {_count(len(now), 'reading')} on {_count(days, 'day')}"
    if cuffless := len(taken) - len(now):
        basis += f"; {cuffless:,} without a cuff left out"
    names = ("systolic_mean_mmhg", "diastolic_mean_mmhg")
    told = [_usual(published, span, name, _whole) for name in names]
    usual = f"usual {' over '.join(told)}" if all(told) else ""
    yield KeyFigure("blood pressure", "Blood pressure", value, "mmHg", basis, change, usual)


def _pressure_change(now: Series, before: Series) -> str:
    if not len(now) or not len(before):
        return ""
    differences = [_mean(now[name]) - _mean(before[name]) for name in ("systolic", "diastolic")]
    shown = "/".join(f"{_signed(difference)}" for difference in differences)
    return f"{shown} against the {_count(len(before), 'reading')} of the period before"


def _others(published: Published, span: Span, before: Span | None) -> Iterator[KeyFigure]:
    series = published.series
    days, nights = series.heart_days, series.nights
    figures: tuple[tuple[str, str, Series, str, str, str, Callable[[float], str]], ...] = (
        ("heart rate", "Resting heart rate", days, "resting", "bpm",
         "resting_heart_rate_bpm", _whole),
        ("heart rate", "Mean heart rate", days, "mean", "bpm", "heart_rate_mean_bpm", _whole),
        ("sleep", "Asleep", nights, "asleep", "", "sleep_asleep_minutes", _hours),
        ("sleep", "Sleep efficiency", nights, "efficiency", "%", "sleep_efficiency_ratio", _whole),
    )  # fmt: skip
    for signal, label, found, column, unit, metric, shown in figures:
        one = "night" if found is nights else "day"
        now = _known(found.between(*span)[column])
        past = _known(found.between(*before)[column]) if before else np.array([])
        change = ""
        if len(now) and len(past):
            change = _change(_mean(now) - _mean(past), shown, _count(len(past), one))
        value = shown(_mean(now)) if len(now) else ""
        usual = _usual(published, span, metric, shown)
        basis = f"mean of {_count(len(now), one)}"
        yield KeyFigure(
            signal, label, value, unit, basis, change, f"usual {usual}" if usual else ""
        )


def _usual(published: Published, span: Span, metric: str, shown: Callable[[float], str]) -> str:
    """The middle half of the days up to the range's end."""
    until = date.fromisoformat(iso_day(span[1] - 1))
    found = usual(published, metric, until)
    if found is None:
        return ""
    scale = {"sleep_asleep_minutes": 1 / MINUTES, "sleep_efficiency_ratio": 100}.get(metric, 1)
    return f"{shown(found.lower * scale)} to {shown(found.upper * scale)}"


def _change(difference: float, shown: Callable[[float], str], before: str) -> str:
    size = shown(abs(difference))
    if size in {shown(0.0), "0"}:
        return f"as in the {before} before"
    return f"{_sign(difference)}{size} against the {before} before"


def _known(values: Column) -> Column:
    return values[~np.isnan(values)]


def _mean(values: Column) -> float:
    return float(np.nanmean(values))


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _hours(value: float) -> str:
    return duration(value * MINUTES)


def _sign(value: float) -> str:
    return "+" if value > 0 else MINUS


def _signed(value: float) -> str:
    return f"{_sign(value)}{abs(value):.0f}" if round(value) else "±0"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
