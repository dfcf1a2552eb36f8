"""How answers and progress look."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from adapters.terminal.answer import Answer

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
        _write_bytes(answer.content)
    elif as_json:
        sys.stdout.write(json_text(answer.document))
    elif not quiet:
        console = _console()
        for block in answer.blocks:
            console.print(block, soft_wrap=isinstance(block, Text | Tree))


def _write_bytes(content: bytes | memoryview) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads has seen enough; nor may Python flush at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warning_text(warning: str) -> str:
    """A warning as it is printed."""
    return f"warning: {warning}\n"


def json_text(document: Mapping[str, Any]) -> str:
    """The one JSON object of `--json`."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = max(console.width, _NARROWEST)
    return console


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Table:
    """A table whose numbers stand at the right."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="", box=None,
                 pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    cells = [[_cell(value) for value in row] for row in rows]
    for place, name in enumerate(columns):
        is_number = all(isinstance(row[place], _Number) for row in cells) and cells
        made.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        made.add_row(*(cell.text if isinstance(cell, _Number) else Text(cell) for cell in row))
    return made


class _Number:
    def __init__(self, value: int) -> None:
        self.text = f"{value:,}"


def _cell(value: Any) -> "_Number | str":
    if isinstance(value, int):
        return _Number(value)
    return "" if value is None else str(value)
