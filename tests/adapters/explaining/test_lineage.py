"""Drawn lineage: every box in words, states told apart without colour, names never markup."""

import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from adapters.explaining.lineage import STATES, Box, LineageGraph
from adapters.explaining.lineage_drawing import (
    _GRAPHVIZ,
    _MERMAID,
    NoGraphvizError,
    UnknownPictureError,
    dot_of,
    draw,
    mermaid_of,
    tree_of,
)

HOSTILE = 'a "b" <c> [red]d[/red] \\N {e} | f'
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@pytest.fixture
def graph():
    boxes = [
        Box("top", "stale", "top", "merge", key="k1", sha256="h1", rows=3, note="code x changed"),
        Box("middle", "rerun", "middle", "validation", items=2, rows=5),
        Box("other", "fresh", "other", "validation"),
        Box(HOSTILE, "raw", sha256="h2"),
        Box("zone", "input", note='"UTC"'),
    ]
    edges = (
        ("middle", "top", "middle"),
        ("other", "top", "other"),
        (HOSTILE, "middle", "export_file"),
        (HOSTILE, "other", "export_file"),
        ("zone", "other", "zone"),
    )
    return LineageGraph("top", {box.name: box for box in boxes}, edges, {"h2": HOSTILE})


def shown(graph):
    console = Console(width=200, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(tree_of(graph))
    return capture.get()


def test_the_tree_begins_at_the_node_and_tells_each_box_in_full_once(graph):
    lines = shown(graph).splitlines()
    assert lines[0].split() == ["top", "stale", "3", "rows", "(code", "x", "changed)", "hash", "h1",
                                "key", "k1"]  # fmt: skip
    assert sum("2 items" in line for line in lines) == 1
    assert sum(HOSTILE in line for line in lines) == 2


def test_states_differ_in_shape_line_and_words_not_only_in_colour():
    brackets = {(before, after) for before, after, _ in _MERMAID.values()}
    assert len(brackets) == len(STATES) == len(_MERMAID)
    without_colour = {
        " ".join(word for word in style.split() if "color" not in word)
        for style in _GRAPHVIZ.values()
    }
    assert len(without_colour) == len(STATES) == len(_GRAPHVIZ)


@pytest.mark.parametrize("text_of", [mermaid_of, dot_of])
def test_every_box_says_its_state_in_words_and_the_legend_every_state(graph, text_of):
    text = text_of(graph)
    for state in ("stale", "rerun", "fresh"):
        assert text.count(state) >= 3
    assert all(state in text for state in STATES)
    assert text.count("-->" if text_of is mermaid_of else "->") == len(graph.edges)


def test_a_name_from_outside_cannot_leave_its_label(graph):
    mermaid = mermaid_of(graph)
    assert HOSTILE not in mermaid
    assert "#quot;b#quot; #lt;c#gt;" in mermaid
    assert '\\"b\\"' in dot_of(graph)


@needs_dot
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture_is_drawn_in_the_format_that_its_name_says(graph, tmp_path, kind):
    draw(graph, tmp_path / f"picture.{kind}")
    content = (tmp_path / f"picture.{kind}").read_bytes()
    if kind == "png":
        assert content.startswith(b"\x89PNG")
        return
    texts = [found.text for found in ET.fromstring(content).iter() if found.text]
    assert {"top", "stale", "middle", "rerun", "legend"} <= set(texts)
    assert any('a "b" <c> [red]d[/red] \\N {e} | f' in text for text in texts)


@needs_dot
def test_graphviz_reads_what_is_written_for_it(graph):
    done = subprocess.run(
        ["dot", "-Tdot"], check=False, input=dot_of(graph).encode(), capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_without_graphviz_the_error_says_what_to_install(graph, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoGraphvizError, match="apt install graphviz"):
        draw(graph, tmp_path / "picture.svg")
    with pytest.raises(UnknownPictureError, match=r"ends in one of \.svg"):
        draw(graph, tmp_path / "picture.gif")
