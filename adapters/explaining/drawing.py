"""The dataflow as Hamilton draws it, one colour a stage; without Graphviz, as Mermaid text."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hamilton.driver import Driver
from hamilton.node import Node

STAGE_COLOURS: Final[Mapping[str, str]] = {
    "ingestion": "#dbe9f6",
    "normalization": "#e5f3e1",
    "validation": "#fdf0d5",
    "merge": "#f3e3ee",
}
_LAYOUT: Final[Mapping[str, Any]] = {
    "custom_style_function": lambda *, node, node_class: _style(node, node_class),
    "orient": "TB",
    "hide_inputs": False,
    "deduplicate_inputs": True,
    "show_schema": False,
    "graphviz_kwargs": {
        "graph_attr": {"nodesep": "0.12", "ranksep": "0.35"},
        "node_attr": {"margin": "0.08,0.03"},
    },
}


@dataclass(frozen=True)
class Drawing:
    """A picture of some nodes: SVG in a notebook, Mermaid as text.

    Attributes:
        svg: The picture; None where Graphviz is not installed.
        mermaid: The same nodes and edges as text.
    """

    svg: str | None
    mermaid: str

    def __repr__(self) -> str:
        return self.mermaid

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        if self.svg is not None:
            picture = self.svg.replace("<svg ", "<svg style='max-width:100%;height:auto' ", 1)
            return {"text/html": picture[picture.index("<svg") :], "text/plain": self.mermaid}
        return {"text/markdown": f"```mermaid\n{self.mermaid}\n```", "text/plain": self.mermaid}


def svg_of(dot: str) -> str | None:
    """The picture of a graph in Graphviz's language; None where Graphviz is not installed."""
    program = shutil.which("dot")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603 - a program of the machine, and text on its stdin
        [program, "-Tsvg"], input=dot.encode(), capture_output=True, check=True
    )
    return done.stdout.decode()


def draw(driver: Driver, upstream_of: Sequence[str] = ()) -> Drawing:
    """Draw a flow, or what some of its nodes are made from.

    Args:
        driver: Hamilton's driver of the flow.
        upstream_of: Node names; the whole flow when empty.
    """
    return Drawing(_svg(driver, upstream_of), _mermaid(_nodes(driver, upstream_of)))


def _svg(driver: Driver, upstream_of: Sequence[str]) -> str | None:
    if shutil.which("dot") is None:
        return None
    drawn = (
        driver.display_upstream_of(*upstream_of, **_LAYOUT)
        if upstream_of
        else driver.display_all_functions(**_LAYOUT)
    )
    if drawn is None:  # the Python package is missing
        return None
    return re.sub(r"<!--.*?-->\n?", "", drawn.pipe("svg", encoding="utf-8"), flags=re.DOTALL)


def _style(node: Node, node_class: str) -> tuple[dict[str, str], str, Any]:
    stage = node.tags.get("stage")
    colour = STAGE_COLOURS.get(str(stage))
    return ({"fillcolor": colour} if colour else {}), node_class, stage


def _nodes(driver: Driver, upstream_of: Sequence[str]) -> list[Node]:
    graph = driver.graph
    wanted, queue = set(), list(upstream_of) or list(graph.nodes)
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            queue += [needed.name for needed in graph.nodes[name].dependencies]
    return [graph.nodes[name] for name in sorted(wanted)]


def _mermaid(nodes: Iterable[Node]) -> str:
    lines = ["flowchart LR"]
    for node in nodes:
        lines.append(f'  {node.name}["{node.name}"]')
        lines += [f"  {needed.name} --> {node.name}" for needed in node.dependencies]
    return "\n".join(lines)
