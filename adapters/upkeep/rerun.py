"""A node's function run once more, in a process of its own, and compared with what is registered.

A function that reads a clock, draws lots or goes through a set gives other bytes there. Nothing is
registered. `python -m adapters.upkeep.rerun HOME PROFILE NODE` prints one JSON object.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from adapters import AdapterError
from adapters.driver import planned_run
from adapters.engine.execution import Engine, Request
from adapters.engine.flow import FlowNode
from adapters.engine.planner import REUSE, Plan
from adapters.pipeline import PROJECT
from adapters.profile import Profile
from adapters.settings import Settings
from dataflows import DataflowError
from registry import RegistryError
from registry.store import Artifact

_SEEDS: Final = ("1", "2")


class RerunError(AdapterError):
    """A node could not be run once more."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def rerun(profile: Profile, node: str) -> dict[str, Any]:
    """Run a node in a fresh process that hashes text in another way.

    Returns:
        `node`, `equal` (items whose bytes came out as registered), `different` (those that did
        not), `unknown` (items without a registered result; a run makes them).

    Raises:
        RerunError: The process failed; its message is handed on.
    """
    seed = next(seed for seed in _SEEDS if os.environ.get("PYTHONHASHSEED") != seed)
    done = subprocess.run(  # noqa: S603 - this program, on its own arguments
        [sys.executable, "-m", "adapters.upkeep.rerun", str(profile.home), profile.name, node],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": _search_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise RerunError(f"{node}: the process that ran it ended with {done.returncode}") from None
    if "error" in answer:
        raise RerunError(answer["error"], answer["exit_code"])
    return answer


def _search_path() -> str:
    return os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])


def compared(profile: Profile, settings: Settings, name: str) -> dict[str, Any]:
    """Run a node here and compare; see `rerun`."""
    engine, request, plan = planned_run(settings, profile).prepare()
    engine.flow.check_names([name])
    node = engine.flow.nodes[name]
    found: dict[str, list[str]] = {"equal": [], "different": [], "unknown": []}
    for (known, item), action in plan.actions.items():
        if known != name:
            continue
        if action.action != REUSE:
            found["unknown"].append(item)
            continue
        made = _made_again(engine, node, arguments_of(node, item, engine, request, plan))
        word = "equal" if made == plan.known[name, item] else "different"
        found[word].append(item)
    return {"node": name, **found}


def _made_again(engine: Engine, node: FlowNode, arguments: Mapping[str, Any]) -> Artifact:
    value = node.callable(**engine.materializer.opened(arguments))
    return engine.materializer.codecs.encode(value, node.name).artifact


def arguments_of(
    node: FlowNode, item: str, engine: Engine, request: Request, plan: Plan
) -> dict[str, Any]:
    """What a node received whose result the plan knows."""
    return dict(_arguments(node, item, engine, request, plan))


def _arguments(
    node: FlowNode, item: str, engine: Engine, request: Request, plan: Plan
) -> Iterator[tuple[str, Any]]:
    for need in node.needs:
        upstream = engine.flow.nodes.get(need)
        if upstream is None:
            if need in request.inputs:
                yield need, request.inputs[need]
        elif need == node.collects:
            items = plan.blocks[str(upstream.block)].items
            yield need, [plan.known[need, found.sha256] for found in items]
        elif upstream.is_expand:
            yield need, next(i for i in plan.blocks[need].items if i.sha256 == item)
        else:
            yield need, plan.known[need, item if upstream.block else ""]


def main(home: str, name: str, node: str) -> int:
    """Print the comparison, or why there is none; without a value in it."""
    answer: dict[str, Any]
    try:
        settings = Settings.load(os.environ, Path(".env"))
        profile = Profile(Path(home), name, leaves_no_trace=True)
        answer = compared(profile, settings, node)
    except (AdapterError, DataflowError, RegistryError) as error:
        answer = {"error": str(error), "exit_code": getattr(error, "exit_code", 1)}
    except Exception as error:  # noqa: BLE001 - its text may hold health values
        what = f"{node}: {type(error).__qualname__} when it ran once more"
        answer = {"error": what, "exit_code": 1}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
