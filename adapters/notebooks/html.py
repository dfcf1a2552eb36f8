"""Small HTML for notebooks: a headline with its facts, and a table. Every text is escaped.

No colour and no font is set, so that a light and a dark page show it alike.
"""

import html
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

SHORT_HASH: Final = 12
LONGEST_LINE: Final = 40
_NUMBERS: Final = (int, float)


def headline(name: str, facts: Iterable[str]) -> str:
    """What this is, in bold, and its facts in a row."""
    texts = [f"<strong>{escaped(name)}</strong>", *map(escaped, filter(None, facts))]
    return f"<div style='margin:0.4em 0'>{' · '.join(texts)}</div>"


def note(text: str) -> str:
    """A line below."""
    return f"<div style='opacity:0.7;margin:0.3em 0'>{escaped(text)}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows under their columns; wide ones scroll."""
    head = "".join(f"<th style='text-align:left'>{escaped(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        "<div style='overflow-x:auto'><table style='margin:0'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, content: str) -> str:
    """Something that is shown when its summary is clicked."""
    return f"<details><summary>{escaped(summary)}</summary>{content}</details>"


def preformatted(text: str) -> str:
    """Text as it stands."""
    return f"<pre style='max-height:24em;overflow:auto;margin:0.3em 1em'>{escaped(text)}</pre>"


def paragraph(text: str) -> str:
    """A line of its own."""
    return f"<div style='margin:0.2em 1em'>{escaped(text)}</div>"


def escaped(value: Any) -> str:
    """A value as text that is no markup."""
    return html.escape(shown(value))


def shown(value: Any) -> str:
    """A value for people: nothing for what is missing, six digits of a number, ISO instants."""
    match value:
        case None:
            return ""
        case float():
            return "" if value != value else f"{value:.6g}"  # noqa: PLR0124 - only NaN differs
        case datetime() | date():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, default=str, ensure_ascii=False)
        case _:
            return str(value)


def short(value: Any) -> Any:
    """A hash by its beginning, as it is written everywhere; any other long text cut."""
    is_long = isinstance(value, str) and len(value) > LONGEST_LINE
    return f"{value[:SHORT_HASH]}…" if is_long else value


def _cell(value: Any) -> str:
    is_number = isinstance(value, _NUMBERS) and not isinstance(value, bool)
    text = escaped(value)
    room = "min-width:14em" if len(text) > LONGEST_LINE else "white-space:pre"
    return f"<td style='text-align:{'right' if is_number else 'left'};{room}'>{text}</td>"
