"""What a DVC stage runs: one node, from the files before it to its own."""

import json
import sys
from pathlib import Path

sys.path[:0] = [".", "site", str(Path(__file__).parent / "without_hamilton")]

from common import Pipeline, watch_nodes  # noqa: E402

name = sys.argv[1]
watch_nodes()
pipeline = Pipeline()
needs = set(pipeline.needs(name)) | ({"extremes"} if name == "quarter_range" else set())
files = {node: Path("out", f"{node}.json") for node in needs & pipeline.nodes().keys()}
values = {node: json.loads(path.read_text()) for node, path in files.items()}
function, fixed = pipeline.nodes()[name]
result = function(**pipeline.arguments(name, values), **fixed)
Path("out", f"{name}.json").write_text(json.dumps(result))
