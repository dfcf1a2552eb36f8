"""Run every notebook in a home of its own, and refuse one whose outputs are in git.

    python .ci/run_notebooks.py [--html FOLDER] [NOTEBOOK ...]

Nobody's data is touched: `PDP_HOME` is a temporary folder. With `--html` the pages are kept.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = PROJECT / "notebooks"
CELL_SECONDS = 300


def main() -> int:
    """Run them one after another; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--html", type=Path, metavar="FOLDER", help="keep the pages there")
    parser.add_argument("notebooks", type=Path, nargs="*", metavar="NOTEBOOK")
    options = parser.parse_args()
    paths = options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb"))
    return max([run(path, options.html) for path in paths], default=1)


def run(path: Path, pages: Path | None) -> int:
    """Run one notebook and say how long it took."""
    notebook = nbformat.read(path, as_version=4)
    if has_outputs(notebook):
        return complain(path, "holds outputs; strip them: pre-commit run nbstripout --all-files")
    started = time.perf_counter()
    try:
        execute(notebook)
    except CellExecutionError as error:
        return complain(path, str(error))
    finally:
        if pages is not None:
            keep_page(notebook, pages / f"{path.stem}.html")
    sys.stdout.write(f"{path.name}: {time.perf_counter() - started:.1f} s\n")
    return 0


def has_outputs(notebook: NotebookNode) -> bool:
    """Whether a cell of it was saved as it was run."""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def execute(notebook: NotebookNode) -> None:
    """Run all cells, in a kernel whose home is empty and goes away."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PDP_")}
    with tempfile.TemporaryDirectory() as home:
        client = NotebookClient(
            notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(NOTEBOOKS)}}
        )
        client.execute(env={**kept, "PDP_HOME": home})


def keep_page(notebook: NotebookNode, page: Path) -> None:
    """Write it down as a page to look at."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")


def complain(path: Path, problem: str) -> int:
    """Say what is wrong with a notebook."""
    sys.stderr.write(f"{path.name}: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
