"""Hamilton's own cache: `python with_hamilton.py [path]`.

The file is read at every start and its rows are compared; with `path` only its path is.
"""

import sys
from pathlib import Path

import days
import samples
import tables
from graph import CSV, NODES
from hamilton import driver

if sys.argv[1:] == ["path"]:
    import reading as first

    options = {}
else:
    import loading as first

    options = {"default_loader_behavior": "recompute"}

builder = driver.Builder().with_modules(first, samples, days, tables)
built = builder.with_cache(path="cache", **options).build()
built.execute(["books"], inputs={"path": CSV})
events = [event for run in built.cache.logs(level="info").values() for event in run]
ran = {event.node_name for event in events if event.event_type.value == "execute_node"}
Path("ran.txt").write_text("".join(f"{node}\n" for node in sorted(ran & NODES.keys())))
