"""What was: `history` of runs, generations and nodes; `diff` of two versions."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from adapters.explaining.value_differences import is_table, value_differences
from adapters.profile import Profile
from adapters.running.quiet_runs import quiet_runs
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, positive, refuse_unused
from adapters.terminal.console import table
from adapters.terminal.progress import Progress
from registry.past import (
    NodeVersion,
    NoSuchVersionError,
    PastGeneration,
    PastRun,
    artifacts_of,
    node_versions,
    past_generations,
    past_runs,
)
from registry.restoring import hold_of
from registry.store import Artifact, Store

_SHOWN: Final = 20
_EXAMPLES: Final = 10


def _history_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", nargs="?", metavar="NODE", help="the versions of this node alone")
    parser.add_argument(
        "--limit", type=positive, metavar="N",
        help=f"the newest N of each (default: {_SHOWN}; with --json: all)",
    )  # fmt: skip


def history(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """List runs and generations, or the versions of one node."""
    del settings
    refuse_unused(profile)
    if options.node is not None:
        return _node_answer(profile, options)
    quiet, _ = quiet_runs(profile.logs, profile.runs.log_mark)
    runs = past_runs(profile.database, quiet)
    generations = past_generations(profile.store)
    hold = hold_of(profile.generations)
    document = {
        "profile": profile.name,
        "generation": profile.generations.current(),
        "runs": [asdict(run) for run in _newest(runs, options.limit)],
        "generations": [asdict(found) for found in _newest(generations, options.limit)],
    }
    shown = options.limit or _SHOWN
    blocks: list[RenderableType] = [
        _runs_table(_newest(runs, shown)),
        _generations_table(generations, shown, profile.generations.current()),
        *([str(hold)] if hold else []),
    ]
    return Answer(document, blocks)


def _newest(found: Sequence[Any], limit: int | None) -> Sequence[Any]:
    return found[-limit:] if limit else found


def _runs_table(runs: Iterable[PastRun]) -> RenderableType:
    rows = [
        (
            run.started_utc,
            run.status,
            "" if run.generation is None else run.generation,
            f"{run.seconds:g} s" if run.seconds is not None else "",
            ", ".join(f"{count} {action}" for action, count in sorted(run.actions.items())),
            run.rows,
        )
        for run in runs
    ]
    return table("Runs", ("started", "status", "generation", "took", "nodes", "rows"), rows)


def _generations_table(
    found: Sequence[PastGeneration], shown: int, current: int | None
) -> RenderableType:
    rows = [
        (str(one.generation), one.published_utc, ", ".join(_words(one, current)), _new(one, before))
        for before, one in zip([None, *found], found, strict=False)
    ]
    heads = ("number", "published", "", "outputs that changed")
    return table("Generations", heads, _newest(rows, shown))


def _new(one: PastGeneration, before: PastGeneration | None) -> str:
    """The outputs whose version is another than in the generation before."""
    known = {} if before is None else before.outputs
    changed = [
        f"{name} v{output['version']}"
        for name, output in one.outputs.items()
        if known.get(name, {}).get("version") != output["version"]
    ]
    is_all = len(changed) == len(one.outputs) and len(changed) > 1
    return f"all {len(changed)}" if is_all else ", ".join(changed) or "none"


def _words(one: PastGeneration, current: int | None) -> list[str]:
    words = {
        "current": one.generation == current,
        f"restores {one.restores}": one.restores is not None,
        "pinned": one.pinned,
        "results gone": not one.results,
    }
    return [word for word, holds in words.items() if holds]


def _node_answer(profile: Profile, options: argparse.Namespace) -> Answer:
    versions = node_versions(profile.database, options.node)
    document = {
        "profile": profile.name,
        "node": options.node,
        "versions": [asdict(version) for version in _newest(versions, options.limit)],
    }
    rows = [_version_row(version) for version in _newest(versions, options.limit or _SHOWN)]
    heads = ("generation", "published", "version", "rows", "hash", "changed", "what changed")
    return Answer(document, [table(f"{options.node}, by generation", heads, rows)])


def _version_row(version: NodeVersion) -> tuple[Any, ...]:
    return (
        str(version.generation),
        version.published_utc,
        "" if version.version is None else f"v{version.version}",
        "" if version.rows is None else f"{version.rows:,}",
        (version.sha256 or "")[:12],
        f"{version.changed} of {version.items}" if version.items > 1 else "",
        version.reason,
    )


def _diff_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", metavar="NODE", help="an output, or any node")
    parser.add_argument("before", metavar="V1", help="a version of an output, or a generation: g3")
    parser.add_argument("after", metavar="V2", help="the one to compare it with")
    parser.add_argument(
        "--examples", type=positive, default=_EXAMPLES, metavar="N",
        help=f"show up to N rows of each kind (default: {_EXAMPLES})",
    )  # fmt: skip


def diff(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Compare two versions of a node."""
    del settings
    refuse_unused(profile)
    sides = [
        _present(profile.store, options.node, version)
        for version in (options.before, options.after)
    ]
    document: dict[str, Any] = {
        "profile": profile.name,
        "node": options.node,
        "before": options.before,
        "after": options.after,
        "equal": [a.sha256 for a in sides[0]] == [a.sha256 for a in sides[1]],
    }
    title = f"{options.node}: {options.before} and {options.after}"
    both = sides[0] + sides[1]
    if all(map(is_table, both)) and any(artifact.rows is not None for artifact in both):
        with Progress(quiet=options.quiet) as progress:
            progress.phase("comparing")
            return _table_answer(document, title, profile.store, sides, options.examples)
    return _value_answer(document, title, profile.store, sides)


def _present(store: Store, node: str, version: str) -> list[Artifact]:
    found = artifacts_of(store.database, node, version)
    if not all(map(store.present, found)):
        raise NoSuchVersionError(node, version, "its bytes are gone, cleaned away or lost")
    return found


def _table_answer(
    document: dict[str, Any],
    title: str,
    store: Store,
    sides: Sequence[Sequence[Artifact]],
    examples: int,
) -> Answer:
    from adapters.explaining.differences import TablesCompared  # noqa: PLC0415 - DuckDB is slow to import

    found = TablesCompared(store, sides[0], sides[1], examples).difference()
    counts = [
        ("rows before", found.rows[0]),
        ("rows after", found.rows[1]),
        ("added", found.added),
        ("removed", found.removed),
        ("changed", found.changed),
    ]
    columns = asdict(found.columns)
    heads = ("column", "side", "count", "nulls", "min", "mean", "max")
    statistics = [
        (column, side, *map(_shown, of_side.values()))
        for column, of_sides in found.statistics.items()
        if len(set(map(str, of_sides.values()))) > 1
        for side, of_side in of_sides.items()
    ]
    blocks: list[RenderableType] = [
        table(title, ("what", "count"), counts),
        "rows are matched by " + (", ".join(found.key) or "all their values"),
        *(f"columns {word}: {', '.join(names)}" for word, names in columns.items() if names),
    ]
    if found.changed:
        rows = [
            (_of_key(one.key), column, _shown(before), _shown(after))
            for one in found.examples["changed"]
            for column, (before, after) in one.values.items()
        ]
        blocks.append(table("Changed", ("row", "column", "before", "after"), rows))
    for kind in ("added", "removed"):
        if found.examples[kind]:
            blocks.append(Text(f"{kind.capitalize()} (first rows)", style="bold"))
            blocks += [Text(_row_words(row)) for row in found.examples[kind]]
    if statistics:
        blocks.append(table("Statistics of the columns that differ", heads, statistics))
    return Answer(document | asdict(found), blocks)


def _value_answer(
    document: dict[str, Any], title: str, store: Store, sides: Sequence[Sequence[Artifact]]
) -> Answer:
    values = [_values(store, side) for side in sides]
    found = [
        {"place": place, "before": before, "after": after}
        for place, before, after in value_differences(*values)
    ]
    rows = [(one["place"], _shown(one["before"]), _shown(one["after"])) for one in found]
    shown = table(title, ("place", "before", "after"), rows)
    return Answer(document | {"values": found}, [shown if rows else f"{title} are equal"])


def _values(store: Store, side: Sequence[Artifact]) -> Any:
    from adapters.engine.stored_tables import document  # noqa: PLC0415 - pyarrow takes a moment to import

    found = {
        artifact.item[:12]: document(store, artifact)
        if artifact.codec == "json"
        else {"$table": artifact.sha256, "rows": artifact.rows}
        for artifact in side
    }
    return found[""] if [*found] == [""] else found


def _of_key(key: Mapping[str, Any]) -> str:
    return " ".join(str(value)[:12] if name == "raw_sha256" else str(value)
                    for name, value in key.items())  # fmt: skip


def _row_words(row: Mapping[str, Any]) -> str:
    """What stands in a row, as one line."""
    told = {name: _shown(value) for name, value in row.items() if value is not None}
    return " · ".join(
        f"{name} {text[:12] if name.endswith('sha256') else text}" for name, text in told.items()
    )


def _shown(value: Any) -> str:
    """A value for people; a table within a value by its rows and hash."""
    if isinstance(value, dict) and "$table" in value:
        return f"table of {value.get('rows')} rows ({value['$table'][:12]})"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


COMMANDS: Final[Mapping[str, Command]] = {
    "history": Command(history, _history_options),
    "diff": Command(diff, _diff_options),
}
