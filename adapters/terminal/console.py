"""How answers and progress look."""

import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from adapters.terminal.answer import Answer
from registry.streams import say

_NARROWEST: Final = 100


def show(answer: Answer, *, as_json: bool, quiet: bool) -> None:
    """Print an answer to stdout and its warnings to stderr."""
    for warning in answer.warnings:
        sys.stderr.write(warning_text(warning))
    if answer.error:
        sys.stderr.write(f"error: {answer.error}\n")
    for notice in () if quiet else answer.notices:
        sys.stderr.write(f"{notice}\n")
    if answer.content is not None:
        say(answer.content)
    elif as_json:
        say(json_text(answer.document))
    elif not quiet:
        say(_text(answer.blocks))


class _Memory(io.StringIO):
    """Text in memory that has stdout's encoding; what is drawn depends on it."""

    encoding = property(lambda _: sys.stdout.encoding or "utf-8")


def _text(blocks: Iterable[RenderableType]) -> str:
    memory = _Memory()
    console = Console(file=memory, force_terminal=sys.stdout.isatty() or None, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    for block in blocks:
        console.print(block, soft_wrap=isinstance(block, Text | Tree))
    text = memory.getvalue()
    return text if console.is_terminal else re.sub(r" +$", "", text, flags=re.MULTILINE)


def warning_text(warning: str) -> str:
    """A warning as it is printed."""
    return f"warning: {warning}\n"


def json_text(document: Mapping[str, Any]) -> str:
    """The one JSON object of `--json`; in ASCII, whatever the names of files are made of."""
    return json.dumps(document, indent=1) + "\n"


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Group:
    """A table whose numbers stand at the right, below its title, which may be wider."""
    made = Table(header_style="", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    cells = [[_cell(value) for value in row] for row in rows]
    for place, name in enumerate(columns):
        is_number = all(isinstance(row[place], _Number) for row in cells) and cells
        made.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        made.add_row(*(cell.text if isinstance(cell, _Number) else Text(cell) for cell in row))
    return Group(Text(title, style="bold"), made)


class _Number:
    def __init__(self, value: int) -> None:
        self.text = f"{value:,}"


def _cell(value: Any) -> "_Number | str":
    if isinstance(value, int):
        return _Number(value)
    return "" if value is None else str(value)
