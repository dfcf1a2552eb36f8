"""What changed between the code that made a result and the code as it is: part by part.

Of two code identities the units and library versions are compared. A unit that differs is found in
both versions of its file, and only its own statement is shown.
"""

import ast
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.code_analysis.summary import statements, summarise
from registry.code_analysis.units import Unit
from registry.code_identity import CodeIdentity
from registry.code_memory import kept_facts, kept_source
from registry.database import Database

UNTOLD = "its earlier source was not kept"
SourceOf = Callable[[str], tuple[str, bytes] | None]


@dataclass(frozen=True)
class Change:
    """One reason why a result is not what it was.

    Attributes:
        kind: code, configuration, data, environment or artifact.
        what: The part that changed.
        diff: Old and new, as a unified diff.
        part: Of code: what the part is (constant, value, function, class, statement).
        called_by: Of code: how the node's function comes to the part, the part itself last.
    """

    kind: str
    what: str
    diff: str = ""
    part: str = ""
    called_by: tuple[str, ...] = ()


def code_changes(
    database: Database, before: str, now: CodeIdentity, source_of: SourceOf
) -> list[Change]:
    """How the code behind a digest differs from the code of today.

    Args:
        database: Where earlier code is remembered.
        before: The code digest of a registered computation.
        now: The code identity that the computation would have now.
        source_of: Module -> the hash and the bytes of its source.
    """
    if before == now.digest:
        return []
    facts = kept_facts(database, before)
    changes = [
        _unit_change(database, facts, now, source_of, *names)
        for names in _paired(facts["units"], now.units)
    ]
    changes += [
        Change("environment", name, values_diff(facts["distributions"].get(name), version))
        for name, version in _moved(facts["distributions"], now.distributions)
    ]
    return changes or [Change("code", "how the code hangs together", UNTOLD)]


def values_diff(before: str | None, now: str | None) -> str:
    """Old and new value, a line each; one that is not there has none."""
    lines = [f"{mark}{value}" for mark, value in (("-", before), ("+", now)) if value is not None]
    return "\n".join(lines)


def text_diff(before: str, now: str, name: str) -> str:
    """A unified diff of two versions of a text."""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), f"{name} (before)", f"{name} (now)", lineterm=""
    )
    return "\n".join(lines)


def _moved(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield name, now.get(name)


def _paired(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[str | None, str | None]]:
    """Names of what changed, before and now; what was moved to another module keeps its name."""
    changed = {name for name, _ in _moved(before, now)}
    gone = {_own_name(name): name for name in changed - now.keys()}
    for name in sorted(changed & now.keys()):
        there = name if name in before else gone.pop(_own_name(name), None)
        if there is None or before[there] != now[name]:
            yield there, name
    yield from ((name, None) for name in sorted(gone.values()))


def _own_name(label: str) -> str:
    return label.rpartition(":")[2]


def _unit_change(
    database: Database,
    facts: Mapping[str, Any],
    now: CodeIdentity,
    source_of: SourceOf,
    old_name: str | None,
    new_name: str | None,
) -> Change:
    name = new_name or old_name or ""
    old = _old_statement(database, facts, old_name)
    found = source_of(name.partition(":")[0]) if new_name else None
    new = _statement(found[1], now.units[name]) if found and new_name else None
    part = (new or old or ("", ""))[0]
    if old_name and old is None:
        return Change("code", name, UNTOLD, part)
    before, after = (each[1] if each else "" for each in (old, new))
    return Change("code", name, text_diff(before, after, name), part)


def _old_statement(
    database: Database, facts: Mapping[str, Any], name: str | None
) -> tuple[str, str] | None:
    if name is None:
        return None
    sha256 = facts["files"].get(name.partition(":")[0])
    source = kept_source(database, sha256) if sha256 else None
    return None if source is None else _statement(source, facts["units"][name])


def _statement(source: bytes, digest: str) -> tuple[str, str] | None:
    """Kind and text of the top-level statement with this digest."""
    lines = source.decode("utf-8", "replace").splitlines()
    for node, unit in zip(statements(ast.parse(source)), summarise(source), strict=True):
        if digest in {unit.digest, *(bare.digest for bare in unit.unlabelled)}:
            return _part(unit), "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
    return None


def _part(unit: Unit) -> str:
    """What people call a unit: a value whose name is in capitals is meant to stay as it is."""
    if unit.kind == "data":
        return "constant" if all(name.isupper() for name in unit.binds) else "value"
    return "statement" if unit.kind == "code" else unit.kind


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
