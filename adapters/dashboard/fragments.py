"""The texts around the charts: what is shown, key figures, legends and shares."""

from collections.abc import Mapping
from html import escape
from typing import Final

import numpy as np

from adapters.dashboard.bands import shares
from adapters.dashboard.chart_data import Drawn
from adapters.dashboard.charts.sleep import LOOKS, NAMES
from adapters.dashboard.columns import Column
from adapters.dashboard.key_figures import KeyFigure, key_figures
from adapters.dashboard.markup import basis, day
from adapters.dashboard.published import Published
from adapters.dashboard.series import by_cuff
from adapters.dashboard.state import Choice
from dataflows.guidelines import GUIDELINES

_SEEN: Final = 1 / 60
NOT_A_DIAGNOSIS: Final = "not a diagnosis"


def headline(published: Published) -> str:
    """Whose data this is, and how fresh."""
    facts = published.facts
    badge = (
        "<span class='badge' title='Nobody lives behind these numbers'>synthetic person</span>"
        if facts.is_synthetic
        else "<span class='badge'>private</span>"
    )
    _, end = published.series.bounds
    return (
        f"<strong>{escape(facts.profile)}</strong> {badge}"
        f"<span class='fresh'>newest day {day(end - 1)} · generation {facts.generation}, "
        f"published {escape(facts.published_utc[:16].replace('T', ' '))} UTC</span>"
    )


def range_line(choice: Choice) -> str:
    """The range in words."""
    start, end = choice.span
    plural = "" if choice.days == 1 else "s"
    return f"{day(start)} to {day(end - 1)} · {choice.days:,} day{plural}"


def cards(published: Published, choice: Choice) -> str:
    """The key figures."""
    before = choice.before if choice.compare else None
    found = key_figures(published, choice.span, before)
    shown = set(choice.signals) - set(published.series.unknown)
    return "".join(_card(figure) for figure in found if figure.signal in shown)


def _card(figure: KeyFigure) -> str:
    value = escape(figure.value) or "none"
    unit = f" <small>{escape(figure.unit)}</small>" if figure.value and figure.unit else ""
    change = f"<p class='change'>{escape(figure.change)}</p>" if figure.change else ""
    usual = f"<p class='basis'>{escape(figure.usual)}</p>" if figure.usual else ""
    return (
        f"<li class='card'><h3>{escape(figure.label)}</h3><p class='value'>{value}{unit}</p>"
        f"<p class='basis'>{escape(figure.basis)}</p>{change}{usual}</li>"
    )


def events(published: Published, choice: Choice) -> str:
    """The annotations that touch the range."""
    start, end = choice.span
    notes = published.series.notes
    shown = notes.where((notes["time"] < end) & (notes["end"] > start))
    items = [
        f"<span class='mark note-mark'></span>{escape(str(shown['label'][at]))} "
        f"<small>{escape(str(shown['kind'][at]))}, from {day(shown['time'][at])}</small>"
        for at in range(len(shown))
    ]
    return _legend(items) if items else ""


def pressure_text(published: Published, choice: Choice, *, weekly: bool) -> str:
    """What the marks and bands of blood pressure mean, and how many readings lie where."""
    what = "weekly median" if weekly else "reading"
    marks = [
        f"<span class='mark morning'></span>morning {what}",
        f"<span class='mark evening'></span>evening {what}",
    ]
    marks += (
        ["<span class='mark box'></span>middle half of a week's readings, with their median"]
        if weekly
        else [
            "<span class='mark other'></span>reading at another time",
            "<span class='mark line'></span>daily mean",
        ]
    )
    readings = published.series.readings.between(*choice.span)
    if len(by_cuff(readings)) < len(readings):
        marks.append("<span class='mark cuffless'></span>estimated without a cuff: in no average")
    return _legend(marks) + _shares(published, choice)


def _shares(published: Published, choice: Choice) -> str:
    readings = by_cuff(published.series.readings.between(*choice.span))
    found = shares(choice.guideline, readings["systolic"], readings["diastolic"])
    total = max(len(readings), 1)
    bars = "".join(
        f"<span class='share band-{place}' style='flex-grow:{share.count}'></span>"
        for place, share in enumerate(found)
        if share.count
    )
    items = "".join(
        f"<li><span class='swatch band-{place}'></span>{escape(share.label)} "
        f"<small>{escape(share.edges)}</small> <b>{share.count * 100 / total:.0f} %</b> "
        f"<small>({share.count:,})</small></li>"
        for place, share in enumerate(found)
    )
    title = escape(GUIDELINES[choice.guideline].title)
    return (
        f"<div class='shares'><p>Where the {len(readings):,} readings lie by the home values of "
        f"<b>{title}</b>. A category belongs to a mean over several days, never to a single "
        f"reading; {NOT_A_DIAGNOSIS}.</p><div class='bar' aria-hidden='true'>{bars}</div>"
        f"<ul class='legend'>{items}</ul></div>"
    )


def heart_text(level: str) -> str:
    """What one box of heart rate is."""
    if level == "samples":
        return _legend(["<span class='mark mean'></span>single samples"])
    mean = {
        "weeks": "median of the daily means",
        "days": "mean of the day",
        "hours": "mean of the hour",
    }
    ends = "weekly medians of the lowest and highest" if level == "weeks" else "lowest to highest"
    marks = [
        f"<span class='mark range'></span>{ends}",
        f"<span class='mark mean'></span>{mean[level]}",
        "<span class='mark resting'></span>resting heart rate",
    ]
    middle = {"weeks": "middle half of the daily means", "days": "middle half of the day"}
    if level in middle:
        marks.insert(1, f"<span class='mark middle'></span>{middle[level]}")
    return _legend(marks)


def methods(published: Published, choice: Choice) -> str:
    """By which methods the resting heart rates of the range were found."""
    days = published.series.heart_days.between(*choice.span)
    found: dict[str, int] = {}
    for method in days["method"]:
        if method:
            found[str(method)] = found.get(str(method), 0) + 1
    told = ", ".join(f"{basis(name)} ({count:,} days)" for name, count in found.items())
    return f"Resting heart rate: {escape(told)}." if told else ""


def sleep_text(drawn: Drawn) -> str:
    """What the boxes of sleep mean."""
    marks = [
        f"<span class='mark stage-{stage}'></span>{NAMES[stage]}"
        for stage in reversed(LOOKS)
        if stage != "unstaged" or _is_seen(drawn.data["sleep.unstaged"])
    ]
    if drawn.sleep_level == "stages":
        return _legend([*marks, "each from its beginning to its end, naps too"])
    what = "mean night of each week" if drawn.level == "weeks" else "main sleep by its wake date"
    return _legend([*marks, f"<span class='mark dash'></span>asleep · {what}"])


def _is_seen(boxes: Mapping[str, Column]) -> bool:
    return bool(np.any(boxes["high"] - boxes["low"] > _SEEN))


def quality_text() -> str:
    """What the points of sleep quality mean."""
    return _legend(
        [
            "<span class='mark efficiency'></span>efficiency: asleep of the time in bed, in %",
            "<span class='mark regularity'></span>regularity index: 100 is the same every day",
        ]
    )


def _legend(marks: list[str]) -> str:
    items = "".join(f"<li>{mark}</li>" for mark in marks)
    return f"<ul class='legend'>{items}</ul>"
