"""DVC: write `dvc.yaml`, a stage for each node, with `deps` on its data and its source."""

import json
import sys
from pathlib import Path

from graph import NODES, inputs, output, sources

stages = {
    node: {
        "cmd": f"{sys.executable} node.py {node}",
        "deps": [*inputs(node), *sources(node)],
        "outs": [output(node)],
    }
    for node in NODES
}
Path("dvc.yaml").write_text(json.dumps({"stages": stages}))
