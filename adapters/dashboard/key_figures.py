"""The figures at the top: a mean over the range, of how many, and how it changed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from adapters.dashboard.published import Published
from adapters.dashboard.series import Column, Series

Span = tuple[float, float]
MINUTES: Final = 60
MINUS: Final = "\N{MINUS SIGN}"


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
    """

    signal: str
    label: str
    value: str
    unit: str
    basis: str
    change: str = ""


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
    now = readings.between(*span)
    days = len(np.unique(now["time"] // 86_400_000))
    value = ""
    if len(now):
        value = f"{_mean(now['systolic']):.0f}/{_mean(now['diastolic']):.0f}"
    change = _pressure_change(now, readings.between(*before)) if before else ""
    basis = f"mean of {_count(len(now), 'reading')} on {_count(days, 'day')}"
    yield KeyFigure("blood pressure", "Blood pressure", value, "mmHg", basis, change)


def _pressure_change(now: Series, before: Series) -> str:
    if not len(now) or not len(before):
        return ""
    differences = [_mean(now[name]) - _mean(before[name]) for name in ("systolic", "diastolic")]
    shown = "/".join(f"{_signed(difference)}" for difference in differences)
    return f"{shown} against the {_count(len(before), 'reading')} of the period before"


def _others(published: Published, span: Span, before: Span | None) -> Iterator[KeyFigure]:
    series = published.series
    figures: tuple[tuple[str, str, Series, str, str, str, Callable[[float], str]], ...] = (
        ("heart rate", "Resting heart rate", series.heart_days, "resting", "bpm", "day", _whole),
        ("heart rate", "Mean heart rate", series.heart_days, "mean", "bpm", "day", _whole),
        ("sleep", "Asleep", series.nights, "asleep", "", "night", _hours),
        ("sleep", "Sleep efficiency", series.nights, "efficiency", "%", "night", _whole),
    )
    for signal, label, found, column, unit, one, shown in figures:
        now = _known(found.between(*span)[column])
        past = _known(found.between(*before)[column]) if before else np.array([])
        change = ""
        if len(now) and len(past):
            change = _change(_mean(now) - _mean(past), shown, _count(len(past), one))
        value = shown(_mean(now)) if len(now) else ""
        yield KeyFigure(signal, label, value, unit, f"mean of {_count(len(now), one)}", change)


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
    minutes = round(value * MINUTES)
    whole = f"{minutes // MINUTES} h {minutes % MINUTES:02} min"
    return whole if minutes >= MINUTES else f"{minutes} min"


def _sign(value: float) -> str:
    return "+" if value > 0 else MINUS


def _signed(value: float) -> str:
    return f"{_sign(value)}{abs(value):.0f}" if round(value) else "±0"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
