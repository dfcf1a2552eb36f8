"""DVC: a stage for each node, with `deps` on its data and the source that it may use.

Source: the file of the node, and the files of the flow that it imports, at any depth. What is
configured are `params`. The stages run `dvc_stage.py`, each in a process of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from common import HERE, Pipeline, Values, main, modules_behind, node_functions_of_files
from dvc.repo import Repo

OUT = Path("out")


def run() -> Values:
    """Reproduce the pipeline."""
    pipeline = Pipeline()
    Path("params.yaml").write_text(Path("settings.json").read_text())
    stages = {name: stage_of(pipeline, name) for name in pipeline.nodes()}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    OUT.mkdir(exist_ok=True)
    if not Path(".dvc").exists():
        Repo.init(no_scm=True).config["core"]["analytics"] = False
    sys.setprofile(None)
    Repo().reproduce()
    return {name: json.loads((OUT / f"{name}.json").read_text()) for name in pipeline.nodes()}


def stage_of(pipeline: Pipeline, name: str) -> dict[str, Any]:
    """A node as a stage."""
    module = node_functions_of_files().get(name, "report")
    ends = {"lowest": "extremes", "highest": "extremes"}
    needs = pipeline.needs(name)
    before = {ends.get(need, need) for need in needs} & pipeline.nodes().keys()
    files = [str(OUT / f"{other}.json") for other in sorted(before)]
    files += ["readings.txt"] if "readings_text" in needs else []
    stage: dict[str, Any] = {
        "cmd": f"{sys.executable} -S {HERE / 'dvc_stage.py'} {name}",
        "deps": [*files, *modules_behind(module)],
        "outs": [str(OUT / f"{name}.json")],
    }
    settings = [n for n in needs if n in pipeline.inputs and n != "readings_text"]
    return {**stage, "params": settings} if settings else stage


if __name__ == "__main__":
    main(run)
