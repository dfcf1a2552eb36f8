"""doit: a task for each node, whose `file_dep` is its data and the source that it may use.

Source: the file of the node, and the files of the flow that it imports, at any depth. What is
configured is an `uptodate` value.
"""

import json
from pathlib import Path
from typing import Any

from common import Pipeline, Values, main, modules_behind, node_functions_of_files
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from doit.tools import config_changed

OUT = Path("out")


def run() -> Values:
    """Run what is not up to date."""
    OUT.mkdir(exist_ok=True)
    pipeline = Pipeline()

    def task_node() -> Any:
        for name in pipeline.nodes():
            yield task_of(pipeline, name)

    loader = ModuleTaskLoader({"task_node": task_node, "DOIT_CONFIG": {"dep_file": "doit.db"}})
    code = DoitMain(loader).run(["run"])
    if code:
        raise RuntimeError(f"doit ended with {code}")
    return {name: json.loads((OUT / f"{name}.json").read_text()) for name in pipeline.nodes()}


def task_of(pipeline: Pipeline, name: str) -> dict[str, Any]:
    """A node as a task."""
    modules = node_functions_of_files()
    ends = {"lowest": "extremes", "highest": "extremes"}
    nodes, needs = pipeline.nodes(), pipeline.needs(name)
    before = {ends.get(need, need) for need in needs} & nodes.keys()
    files = [str(OUT / f"{other}.json") for other in sorted(before)]
    files += ["readings.txt"] if "readings_text" in needs else []
    settings = {
        n: pipeline.inputs[n] for n in needs if n in pipeline.inputs and n != "readings_text"
    }

    def action() -> None:
        values = {other: json.loads((OUT / f"{other}.json").read_text()) for other in before}
        function, fixed = nodes[name]
        result = function(**pipeline.arguments(name, values), **fixed)
        (OUT / f"{name}.json").write_text(json.dumps(result))

    return {
        "name": name,
        "actions": [action],
        "file_dep": [*files, *modules_behind(modules.get(name, "report"))],
        "targets": [str(OUT / f"{name}.json")],
        "uptodate": [config_changed(settings)],
    }


if __name__ == "__main__":
    main(run)
