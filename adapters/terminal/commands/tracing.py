"""`lineage`: where a node's result, or one row of it, comes from."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.text import Text

from adapters.profile import Profile
from adapters.settings import Settings
from adapters.terminal.answer import Answer
from adapters.terminal.commands.command import Command


def _lineage_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", metavar="NODE", help="a node of the flow; outputs are nodes too")
    parser.add_argument(
        "--items", action="store_true", help="show every item of a block and every raw file"
    )
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flow chart")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw it into FILE.svg, .png or .pdf"
    )
    parser.set_defaults(dry_run=True)


def lineage(options: argparse.Namespace, settings: Settings, profile: Profile) -> Answer:
    """Follow a node's published result back to the raw files."""
    from adapters.driver import planned_run  # noqa: PLC0415 - Hamilton is slow to import
    from adapters.lineage import LineageReader  # noqa: PLC0415 - so is it
    from adapters.lineage_drawing import draw, mermaid_of, tree_of  # noqa: PLC0415

    engine, request, plan = planned_run(settings, profile).prepare()
    current = profile.generations.current()
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


COMMANDS: Final[Mapping[str, Command]] = {"lineage": Command(lineage, _lineage_options)}
