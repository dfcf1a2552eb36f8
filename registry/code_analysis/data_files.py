"""Data files that were read while modules of ours were imported, and the units that read them."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from registry.code_analysis.summary import statements


class DataFile(NamedTuple):
    """A file that a line of a module had opened while it was imported.

    `path` is where it was; only its content is part of an identity.
    """

    module: str
    line: int
    path: str
    sha256: str


def readers(source: bytes, lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    """For each line, the positions of the units that stand there; all of them if none does."""
    found = [
        (min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]), node)
        for node in statements(ast.parse(source))
    ]
    for line in lines:
        here = [p for p, (first, node) in enumerate(found) if first <= line <= _last_line(node)]
        yield from ((line, position) for position in here or range(len(found)))


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
