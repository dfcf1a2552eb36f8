"""A lineage graph as text, as Mermaid, and as a picture.

States differ in shape, line and words, not only in colour.

    NoGraphvizError        a picture needs the program `dot`
    UnknownPictureError    the ending of its file is none of a picture's
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

from rich.text import Text
from rich.tree import Tree

from adapters import AdapterError
from adapters.explaining.lineage import STATES, Box, LineageGraph

FORMATS: Final = ("svg", "png", "pdf")
_MOST_FILES: Final = 8
_WIDEST: Final = 40
# State -> brackets and style of Mermaid.
_MERMAID: Final = {
    "fresh": ("[", "]", "fill:#eef5ea,stroke:#4a7a3a"),
    "rerun": ("[[", "]]", "fill:#dbe9f6,stroke:#1f4e79,stroke-width:3px"),
    "stale": ("{{", "}}", "fill:#fdf0d5,stroke:#a05a00,stroke-dasharray:6 4"),
    "raw": ("[(", ")]", "fill:#ffffff,stroke:#555555"),
    "input": ("([", "])", "fill:#ffffff,stroke:#999999,stroke-dasharray:2 2"),
}
# State -> attributes of Graphviz.
_GRAPHVIZ: Final = {
    "fresh": 'shape=box style="filled" fillcolor="#eef5ea" color="#4a7a3a"',
    "rerun": 'shape=box peripheries=2 style="filled,bold" fillcolor="#dbe9f6" color="#1f4e79"',
    "stale": 'shape=hexagon style="filled,dashed" fillcolor="#fdf0d5" color="#a05a00"',
    "raw": 'shape=cylinder style="filled" fillcolor="#ffffff" color="#555555"',
    "input": 'shape=ellipse style="filled,dotted" fillcolor="#ffffff" color="#777777"',
}


class NoGraphvizError(AdapterError):
    """The program that draws pictures is not there, or failed."""


class UnknownPictureError(AdapterError):
    """The file's ending names no kind of picture."""

    exit_code = 2


def tree_of(graph: LineageGraph) -> Tree:
    """The node, and below it what it rests on, down to the raw files; each box in full once."""
    first = (
        graph.boxes[graph.node] if graph.node in graph.boxes else next(iter(graph.boxes.values()))
    )
    tree = Tree(_line(first), highlight=False)
    _grow(tree, graph, first.name, {first.name})
    return tree


def _grow(tree: Tree, graph: LineageGraph, name: str, told: set[str]) -> None:
    for source in dict.fromkeys(source for source, _ in graph.above(name)):
        box = graph.boxes[source]
        if source in told and box.node:
            tree.add(_uncut(f"{source} (see above)"))
            continue
        told.add(source)
        branch = tree.add(_line(box))
        if box.state == "raw" and box.items:
            for line in _files(graph):
                branch.add(_uncut(line))
        _grow(branch, graph, source, told)


def _files(graph: LineageGraph) -> Iterator[str]:
    names = [f"{name}  {sha256[:12]}" for sha256, name in graph.raw_files.items()]
    yield from names[:_MOST_FILES]
    if len(names) > _MOST_FILES:
        yield f"... and {len(names) - _MOST_FILES} more; --json lists all"


def _line(box: Box) -> Text:
    facts = [box.name, *_facts(box)]
    if box.sha256:
        facts.append(f"hash {box.sha256[:12]}")
    if box.key and box.items is None:
        facts.append(f"key {box.key[:12]}")
    return _uncut("  ".join(facts))


def _uncut(line: str) -> Text:
    return Text(line, no_wrap=True, overflow="ignore")


def _facts(box: Box) -> Iterator[str]:
    """What is told of a box besides its name: the state in words, counts, why."""
    if box.node:
        yield box.state
    if box.items is not None:
        yield f"{box.items} item{'' if box.items == 1 else 's'}"
    if box.rows is not None:
        yield f"{box.rows:,} rows"
    if box.note:
        yield f"({box.note})" if box.node else f"= {box.note}"


def mermaid_of(graph: LineageGraph) -> str:
    """The graph as a Mermaid flow chart, with a legend."""
    places = {name: f"n{place}" for place, name in enumerate(graph.boxes)}
    lines = ["flowchart LR"]
    for name, box in graph.boxes.items():
        lines.append(f"  {_mermaid_box(places[name], [name, *_facts(box)], box.state)}")
    for source, target in dict.fromkeys((source, target) for source, target, _ in graph.edges):
        lines.append(f"  {places[source]} --> {places[target]}")
    lines.append("  subgraph legend")
    for state, meaning in STATES.items():
        lines.append(f"    {_mermaid_box(f'legend_{state}', [state, meaning], state)}")
    lines.append("  end")
    lines += [f"  classDef {state} {style}" for state, (_, _, style) in _MERMAID.items()]
    return "\n".join(lines)


def _mermaid_box(place: str, words: list[str], state: str) -> str:
    before, after, _ = _MERMAID[state]
    text = "<br/>".join(_mermaid_text(line) for word in words for line in wrap(word, _WIDEST))
    return f'{place}{before}"{text}"{after}:::{state}'


def _mermaid_text(text: str) -> str:
    text = " ".join(text.split()).replace("&", "#amp;")
    return text.replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def dot_of(graph: LineageGraph, *, direction: str = "LR") -> str:
    """The graph in Graphviz's language, with a legend.

    Args:
        graph: What to draw.
        direction: LR from left to right, TB from top to bottom.
    """
    places = {name: f"n{place}" for place, name in enumerate(graph.boxes)}
    lines = [
        "digraph lineage {",
        f'  rankdir={direction}; node [fontname="Helvetica" fontsize=11]; edge [color="#555555"];',
    ]
    for name, box in graph.boxes.items():
        lines.append(
            f"  {places[name]} [{_dot_label([name, *_facts(box)])} {_GRAPHVIZ[box.state]}];"
        )
    for source, target in dict.fromkeys((source, target) for source, target, _ in graph.edges):
        lines.append(f"  {places[source]} -> {places[target]};")
    lines.append(
        '  subgraph cluster_legend { label="legend"; fontname="Helvetica"; color="#999999";'
    )
    for state, meaning in STATES.items():
        lines.append(f"    legend_{state} [{_dot_label([state, meaning])} {_GRAPHVIZ[state]}];")
    if direction == "TB":  # one below the other, so that the legend is narrow
        names = " -> ".join(f"legend_{state}" for state in STATES)
        lines.append(f"    {names} [style=invis];")
    return "\n".join([*lines, "  }", "}"])


def _dot_label(words: list[str]) -> str:
    text = "\\n".join(_dot_text(line) for word in words for line in wrap(word, _WIDEST))
    return f'label="{text}"'


def _dot_text(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


def draw(graph: LineageGraph, path: Path) -> None:
    """Draw the graph into a file whose ending names the format.

    Raises:
        NoGraphvizError: There is no `dot`, or it failed.
        UnknownPictureError: The ending is another one.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UnknownPictureError(f"{path}: a picture ends in one of .{', .'.join(FORMATS)}")
    program = shutil.which("dot")
    if program is None:
        raise NoGraphvizError(
            "a picture needs Graphviz, whose program `dot` is not installed: "
            "apt install graphviz, or brew install graphviz; --mermaid needs nothing"
        )
    done = subprocess.run(  # noqa: S603 - a program of the machine, and text on its stdin
        [program, f"-T{kind}"], input=dot_of(graph).encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise NoGraphvizError(f"`dot` failed with exit code {done.returncode}; try --mermaid")
    path.write_bytes(done.stdout)
