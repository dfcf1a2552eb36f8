"""Make the README's pictures: the dataflow as Hamilton draws it, and a run in a terminal.

    python .ci/make_pictures.py

Needs Graphviz (`dot`). The run is a real one, of the demo person in a temporary home.
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

from adapters.drawing import STAGE_COLOURS  # noqa: E402
from adapters.driver import FLOW  # noqa: E402
from adapters.execution import build_driver  # noqa: E402


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


def draw_run() -> None:
    """What `python cli.py` prints on a fresh machine."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "cli.py", "--home", f"{home}/data"],
            cwd=PROJECT, capture_output=True, text=True, check=True,
            env={**os.environ, "COLUMNS": "118"},
        )  # fmt: skip
    shown = done.stdout.replace(f"{home}/", "")
    console = Console(record=True, width=118, file=io.StringIO())
    console.print(Text("$ python cli.py", style="bold"))
    console.print(Text(shown.rstrip()))
    console.save_svg(str(PICTURES / "run.svg"), title="python cli.py")


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_dataflow()
    draw_run()
