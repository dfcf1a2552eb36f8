"""`explain`: what changed since the published results, and which nodes that makes stale."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from adapters.profile import Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command
from registry.changes import Change

_LINE_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}
_NO_LINES: Final = ("--- ", "+++ ", "@@ -1 +1 @@")
_NOTHING: Final = "everything is as published; no node would run"


def _explain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "nodes", nargs="*", metavar="NODE",
        help="nodes to explain, their stored bytes checked (default: all that is stale, by cause)",
    )  # fmt: skip
    parser.set_defaults(dry_run=True)


def explain(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Say what changed: the part, its old and new source or value, and what it makes stale."""
    from adapters.driver import planned_run  # noqa: PLC0415 - Hamilton is slow to import
    from adapters.explaining.explanation import Explainer, Explanation, named_files  # noqa: PLC0415 - so is it

    engine, request, plan = planned_run(settings, profile).prepare()
    names = named_files(profile.raw_files.entries())
    explainer = Explainer(engine, request, plan, names)
    if not options.nodes:
        causes = explainer.causes()
        stale = explainer.stale_nodes()
        blocks = [block for cause in causes for block in _cause_blocks(cause)]
        document = {
            "profile": profile.name,
            "stale": stale,
            "causes": [cause.as_json() for cause in causes],
        }
        return Answer(document, [*blocks, Text(_summary(len(causes), len(stale)), style="bold")])
    found: list[Explanation] = [
        explainer.explain(name, check_bytes=True) for name in dict.fromkeys(options.nodes)
    ]
    documents: list[Mapping[str, Any]] = [each.as_json() for each in found]
    document = {"nodes": documents} if len(found) > 1 else dict(documents[0])
    return Answer(document, [block for each in found for block in _node_blocks(each)])


def _summary(causes: int, stale: int) -> str:
    if not stale:
        return _NOTHING
    return (
        f"{_counted(causes, 'change')} · {_counted(stale, 'node')} would run, "
        "those below only while results above them differ"
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _cause_blocks(cause: Any) -> Iterator[RenderableType]:
    yield from _change_blocks(cause.change)
    yield from _ways(cause)
    if cause.below:
        yield _aside("below", ", ".join(cause.below))
    yield ""


def _ways(cause: Any) -> Iterator[RenderableType]:
    ways: dict[tuple[str, ...], list[str]] = {}
    for node, way in cause.nodes.items():
        ways.setdefault(way, []).append(node)
    for way, nodes in ways.items():
        yield _aside("used by", _way(", ".join(nodes), way))


def _node_blocks(found: Any) -> Iterator[RenderableType]:
    items = found.items or {}
    counts = ", ".join(f"{count} {state}" for state, count in items.items())
    heading = f"{found.node} · {found.stage} · {found.state}" + (f" ({counts})" if counts else "")
    yield Text(heading, style="bold")
    for change in found.changes:
        yield from _change_blocks(change)
        if change.called_by:
            yield _aside("used by", _way(found.node, change.called_by))
    if not found.changes:
        yield _aside("", "as published: same code, same configuration, same inputs")
    if found.below:
        yield _aside("below", ", ".join(found.below))
    for cause in found.causes:
        yield from _change_blocks(cause.change, "above: ")
        yield from _ways(cause)
    yield ""


def _change_blocks(change: Change, where: str = "") -> Iterator[RenderableType]:
    part = f"{change.part} ".lstrip()
    yield Text.assemble((f"{change.kind:<14}", "bold"), where, part, change.what)
    if change.diff:
        lines = [line for line in change.diff.splitlines() if not line.startswith(_NO_LINES)]
        shown = [Text(line, _LINE_STYLES.get(line[:1], "")) for line in lines]
        yield Padding(Text("\n").join(shown), (0, 0, 0, 4), expand=False)


def _aside(word: str, text: str) -> RenderableType:
    return Padding(Text(f"{word:<8}{text}"), (0, 0, 0, 4), expand=False)


def _way(node: str, way: tuple[str, ...]) -> str:
    """A node, and the units on the way from its function to what changed."""
    units = [unit.rpartition(".")[2] for unit in way]
    return " -> ".join([node, *units[1:]]) if units else node


COMMANDS: Final[Mapping[str, Command]] = {"explain": Command(explain, _explain_options)}
