"""`lineage`: where a node's result, or one row of it, comes from."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import RenderableType
from rich.text import Text

from adapters.profile import Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command, RefusedError, positive

if TYPE_CHECKING:
    from adapters.explaining.row_lineage import RowLineage

_MOST_ROWS: Final = 20


def _lineage_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", metavar="NODE", help="a node of the flow; outputs are nodes too")
    parser.add_argument(
        "--items", action="store_true", help="show every item of a block and every raw file"
    )
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flow chart")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw it into FILE.svg, .png or .pdf"
    )
    parser.add_argument(
        "--row",
        type=positive,
        metavar="N",
        help="follow one row of an output, as a spreadsheet shows its CSV view (the header is "
        "row 1), to the rows of the raw files; shows what stands in it",
    )
    parser.set_defaults(dry_run=True)


def lineage(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Follow a node's published result back to the raw files."""
    if options.row and (options.picture or options.mermaid):
        raise RefusedError("--picture and --mermaid draw a whole node; leave --row out for them")
    from adapters.driver import planned_run  # noqa: PLC0415 - Hamilton is slow to import
    from adapters.explaining.lineage import LineageReader  # noqa: PLC0415 - so is it
    from adapters.explaining.lineage_drawing import draw, mermaid_of, tree_of  # noqa: PLC0415

    engine, request, plan = planned_run(settings, profile).prepare()
    current = profile.generations.current()
    if options.row:
        from adapters.explaining.row_lineage import RowTracer  # noqa: PLC0415 - opens tables

        outputs = profile.generations.outputs(current).values() if current else ()
        tables = [output.name for output in outputs if output.artifact.rows is not None]
        names = {entry.sha256: entry.name for entry in profile.raw_files.entries()}
        found = RowTracer(engine, request, tables, names).trace(options.node, options.row)
        return Answer(found.as_json(), list(_row_blocks(found)))
    run_id = profile.generations.describe(current).get("run_id", "") if current else ""
    graph = LineageReader(engine, request, plan, run_id).graph(
        options.node, every_item=options.items
    )
    if options.picture:
        draw(graph, options.picture)
        document = {**graph.as_json(), "picture": str(options.picture)}
        return Answer(document, [f"drawn into {options.picture}"])
    block = Text(mermaid_of(graph)) if options.mermaid else tree_of(graph)
    return Answer(graph.as_json(), [block])


def _row_blocks(found: "RowLineage") -> Iterator[RenderableType]:
    yield Text(f"row {found.row} of {found.node}", style="bold")
    told = {name: value for name, value in found.values.items() if value is not None}
    yield Text(" · ".join(f"{name} {value}" for name, value in told.items()))
    for group in found.groups:
        kind = f" ({group.kind})" if group.kind else ""
        yield ""
        yield Text(f"{group.table}{kind}: {_counted(len(group.rows))}", style="bold")
        for sha256, pairs in groupby(group.rows, key=lambda reference: reference[0]):
            rows = runs_of(row for _, row in pairs)
            yield Text(f"    {found.files[sha256]}  {sha256[:12]}  row {rows}")
    yield from _aside_blocks("shadowed: they say what a row above says", found.shadowed)
    yield from _aside_blocks("rejected of the same dates", found.rejected)


def _aside_blocks(title: str, told: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Rows that were left out, each with its reason."""
    if told:
        yield ""
        yield Text(f"{title}: {_counted(len(told))}", style="bold")
    for each in told[:_MOST_ROWS]:
        why = each.get("rule") or f"{each['check']}: {each['reason']}"
        yield Text(f"    {each['file']}  row {each['raw_row']}  {each['signal']}  {why}")
    if len(told) > _MOST_ROWS:
        yield Text(f"    ... and {len(told) - _MOST_ROWS:,} more; --json lists all")


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def runs_of(rows: Iterable[int]) -> str:
    """Numbers in words: 3, 5 to 9."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row <= runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)


COMMANDS: Final[Mapping[str, Command]] = {"lineage": Command(lineage, _lineage_options)}
