"""Make the README's pictures: the dataflow as Hamilton draws it, a run, a report's first page.

    python .ci/make_pictures.py

Needs Graphviz (`dot`) and Poppler (`pdftoppm`). The run is a real one, of the demo person in a
temporary home.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / ".github" / "pictures"
sys.path.insert(0, str(PROJECT))

from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

from adapters.engine.execution import build_driver  # noqa: E402
from adapters.explaining.drawing import STAGE_COLOURS  # noqa: E402
from adapters.pipeline import FLOW  # noqa: E402


def draw_dataflow() -> None:
    """The graph that Hamilton draws, one colour a stage."""

    def style(*, node, node_class):  # noqa: ANN001, ANN202 - Hamilton's signature
        colour = STAGE_COLOURS.get(str(node.tags.get("stage", "")))
        return ({"fillcolor": colour} if colour else {}), node_class, node.tags.get("stage")

    build_driver(FLOW).display_all_functions(
        str(PICTURES / "dataflow.svg"),
        render_kwargs={"format": "svg"},
        custom_style_function=style,
        orient="LR",
        hide_inputs=False,
        deduplicate_inputs=True,
        show_schema=False,
    )
    drawn = PICTURES / "dataflow.svg"
    drawn.write_text(re.sub(r"<!--.*?-->\n?", "", drawn.read_text(), flags=re.DOTALL))
    (PICTURES / "dataflow").unlink(missing_ok=True)


def draw_run_and_report() -> None:
    """What `python cli.py` prints on a fresh machine, and the report on what it published."""
    with tempfile.TemporaryDirectory() as home:
        shown = _said(home).replace(f"{home}/", "")
        _said(home, "export", "report", "--name", "Alex Example", "--out", f"{home}/report.pdf")
        subprocess.run(
            ["pdftoppm", "-png", "-r", "110", "-f", "1", "-singlefile",
             f"{home}/report.pdf", PICTURES / "report"],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    console = Console(record=True, width=118, file=io.StringIO())
    console.print(Text("$ python cli.py", style="bold"))
    console.print(Text(shown.rstrip()))
    console.save_svg(str(PICTURES / "run.svg"), title="python cli.py")


def _said(home: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "cli.py", "--home", f"{home}/data", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "118"},
    ).stdout  # fmt: skip


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_dataflow()
    draw_run_and_report()
