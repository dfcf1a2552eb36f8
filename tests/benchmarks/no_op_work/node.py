"""Compute one node from files to a file: `python node.py NODE`."""

import importlib
import sys
from pathlib import Path

from graph import CSV, NODES, output


def compute(node: str) -> str:
    """Write a node's result, note that it ran, and say where it is."""
    import pandas as pd

    module, needs = NODES[node]
    function = getattr(importlib.import_module(module), node)
    given = {need: pd.read_parquet(output(need)) for need in needs} or {"path": CSV}
    Path("out").mkdir(exist_ok=True)
    function(**given).to_parquet(output(node))
    with Path("ran.txt").open("a") as ran:
        ran.write(f"{node}\n")
    return output(node)


if __name__ == "__main__":
    compute(sys.argv[1])
