"""This project's adapter: `python with_registry.py PROJECT [path]`.

The file is read at every start and its rows are compared; with `path` only its path is.
"""

import sys
from pathlib import Path

import days
import samples
import tables
from graph import CSV, NODES

sys.path.insert(0, sys.argv[1])
from adapters.standalone import Builder

if sys.argv[2:] == ["path"]:
    import reading as first
else:
    import loading as first

builder = Builder("registered").with_modules(first, samples, days, tables)
builder.build().execute(["books"], inputs={"path": CSV})
Path("ran.txt").write_text("".join(f"{node}\n" for node in NODES if node in builder.results.ran))
