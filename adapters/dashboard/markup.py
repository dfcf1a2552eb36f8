"""Small pieces of HTML for the page; every text in them is escaped."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from math import isnan
from typing import Any, Final

from adapters.publishing.words import source

MOST_ROWS: Final = 400
NUMBER: Final = " class='number'"
HASH: Final = 12
WIDE: Final = 44
"""A longer text is broken into lines."""
UNBROKEN: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
_MINUTES: Final = 60


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, most: int = MOST_ROWS
) -> str:
    """Rows under their columns, with a caption that a screen reader tells first."""
    found = list(rows)
    if not found:
        return f"<p class='note'>{escape(caption)}: none.</p>"
    numeric = {at for row in found for at, value in enumerate(row) if _is_number(value)}
    head = "".join(
        f"<th scope='col'{NUMBER if at in numeric else ''}>{escape(column)}</th>"
        for at, column in enumerate(columns)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in found[:most])
    rest = len(found) - most
    more = f"<p class='note'>and {rest:,} more rows; the CSV has all</p>" if rest > 0 else ""
    return (
        f"<div class='table' tabindex='0' role='region' aria-label='{escape(caption)}'>"
        f"<table><caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def _cell(value: Any) -> str:
    if isinstance(value, Markup):
        return f"<td>{value}</td>"
    text = shown(value)
    kind = NUMBER if _is_number(value) else " class='wide'" if len(text) > WIDE else ""
    return f"<td{kind}>{escape(text)}</td>"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Figure) and not isinstance(value, bool)


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


class Figure(str):
    """A number that is text already; it stands where numbers stand."""

    __slots__ = ()


def decimal(value: float) -> Figure:
    """A number with one decimal."""
    return Figure(f"{value:z,.1f}".replace("-", MINUS))


def duration(minutes: float) -> Figure:
    """Hours and minutes."""
    size = round(abs(minutes))
    hours, rest = divmod(size, _MINUTES)
    text = f"{hours} h {rest:02} min" if hours else f"{rest} min"
    return Figure((MINUS if minutes < 0 and size else "") + text.replace(" ", UNBROKEN))


def signed(shown: Callable[[float], str], value: float) -> Figure:
    """A difference in somebody's way to show a value; what shows as nothing has no sign."""
    text = shown(value)
    is_up = value > 0 and shown(-value) != text
    return Figure(f"+{text}" if is_up else text)


def shown(value: Any) -> str:
    """A value for people: nothing for what is missing, at most one decimal."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return _number(value)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _number(value: float) -> str:
    if isnan(value):
        return ""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.1f}"


def basis(name: str) -> str:
    """What a figure rests on, for people: `vendor:zepp` is what Zepp itself tells."""
    kind, _, vendor = name.partition(":")
    return f"{source(vendor)}'s own figure" if vendor else kind.replace("_", " ")


def day(milliseconds: float) -> str:
    """A local date for people."""
    found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{found.day} {found:%b %Y}"


def moment(milliseconds: float) -> str:
    """A local date and time for tables."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"


def iso_day(milliseconds: float) -> str:
    """A local date for tables."""
    return moment(milliseconds)[:10]
