"""The edits of tests/staleness against other tools: what each reruns too little, and too much.

    python tests/benchmarks/staleness.py [--tools joblib doit ...] [--every N] [--folder FOLDER]
                                         [--json] [--details]

Each tool runs the same flow in its usual way (tests/benchmarks/staleness_peers says how), once to
fill its cache, and again after each edit. A **false hit** is an edit after which a node's result is
not what the code and data now give: a stale result. A **false miss** is an edit after which a node
ran that need not have. The other tools are installed into an environment of their own, below
FOLDER if it is given, where it is found again; peers.py has names and versions.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path[:0] = [str(PROJECT), str(HERE)]

from peers import PEERS, environment  # noqa: E402

from tests.staleness.edits import EDITS, Edit, State  # noqa: E402
from tests.staleness.flow import NODE_MODULES  # noqa: E402
from tests.staleness.laboratory import (  # noqa: E402
    Laboratory,
    lay_out,
    touch,
    values_without_registry,
)

TOOLS = ("hamilton", "joblib", "redun", "doit", "dvc")
OURS = "ours"
# Taken from `extremes` by a decorator of Hamilton's; no function of their own elsewhere.
FIELDS = frozenset({"lowest", "highest"})
MODULES = [f"flow.{name}" for name in NODE_MODULES]


@dataclass(frozen=True)
class Case:
    """An edit, and what is true after it."""

    edit: Edit
    steps: Sequence[State]
    truth: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """What a tool did with one edit."""

    claim: str
    stale: Sequence[str]
    needless: Sequence[str]
    error: str | None = None


def main() -> None:
    """Run it."""
    options = _options()
    edits = EDITS[:: options.every]
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = options.folder or work
        cases = [_case(edit, work / "truth" / str(n)) for n, edit in enumerate(edits)]
        results = {OURS: _ours(cases, work / OURS)} if OURS in options.tools else {}
        python = environment(folder, TOOLS) if set(options.tools) - {OURS} else None
        for tool in options.tools:
            if tool != OURS:
                print(tool, file=sys.stderr)
                results[tool] = _peer(tool, python, cases, work / tool)
    if options.json:
        print(json.dumps({tool: [vars(one) for one in judged] for tool, judged in results.items()}))
    else:
        _print_table(results, options.details)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tools", nargs="+", choices=[OURS, *TOOLS], default=[OURS, *TOOLS])
    parser.add_argument("--every", type=int, default=1, help="take every N-th edit only")
    parser.add_argument("--folder", type=Path, help="where the other tools are installed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--details", action="store_true", help="name each edit that went wrong")
    return parser.parse_args()


# -- cases -----------------------------------------------------------------------------------------


def _case(edit: Edit, folder: Path) -> Case:
    after = edit.applied(State())
    steps = [after, State()] if edit.reverted else [after]
    lay_out(folder, _files(steps[-1]))
    return Case(edit, steps, values_without_registry(folder, MODULES, _inputs(steps[-1])))


def _inputs(state: State) -> dict[str, object]:
    return {"readings_text": state.readings, **state.configuration}


def _files(state: State) -> dict[str, str]:
    """Everything on disk, libraries as they look when they are installed."""
    files = {
        **state.files,
        "readings.txt": state.readings,
        "settings.json": json.dumps(state.configuration),
    }
    for name, (version, source) in state.libraries.items():
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files[f"site/{name}-{version}.dist-info/METADATA"] = about
        files[f"site/{name}.py"] = source
    return files


def _judged(case: Case, ran: Sequence[str], values: Mapping[str, Any]) -> Judged:
    stale = sorted(n for n, v in case.truth.items() if n in values and values[n] != v)
    return Judged(case.edit.claim, stale, sorted(set(ran) - case.edit.reruns))


# -- the tools -------------------------------------------------------------------------------------


def _ours(cases: Sequence[Case], folder: Path) -> list[Judged]:
    base = State()
    lay_out(folder / "base", _files(base))
    first = Laboratory(folder / "home")
    first.run(folder / "base", MODULES, _inputs(base))
    judged = []
    for number, case in enumerate(cases):
        home = first.copy(folder / f"home{number}")
        for step, state in enumerate(case.steps):
            place = folder / f"{number}-{step}"
            lay_out(place, _files(state))
            for name in case.edit.touched:
                touch(place / name)
            ran, values = home.run(place, MODULES, _inputs(state))
        judged.append(_judged(case, ran, {node: value for (node, _), value in values.items()}))
    return judged


def _peer(tool: str, python: Path, cases: Sequence[Case], folder: Path) -> list[Judged]:
    folder.mkdir(parents=True)
    request = {
        "folder": str(folder),
        "base": _files(State()),
        "cases": [
            {"steps": [{"files": _files(s), "touched": case.edit.touched} for s in case.steps]}
            for case in cases
        ],
    }
    script = HERE / "staleness_peers" / f"with_{tool}.py"
    done = subprocess.run(
        [python, script], input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=True
    )
    answer = json.loads(done.stdout)
    expected = set(cases[0].truth) - FIELDS
    if set(answer["first"]["ran"]) != expected:
        raise SystemExit(f"{tool}: the first run was to run every node, but: {answer['first']}")
    return [
        Judged(case.edit.claim, [], [], found["error"])
        if "error" in found
        else _judged(case, found["ran"], found["values"])
        for case, found in zip(cases, answer["cases"], strict=True)
    ]


def _print_table(results: Mapping[str, Sequence[Judged]], details: bool) -> None:
    count = len(next(iter(results.values())))
    print(f"{count} edits; edits with a false hit or miss (nodes)\n")
    print("| tool | false hits | false misses |")
    print("|---|---:|---:|")
    for tool, judged in results.items():
        name = "this project" if tool == OURS else PEERS[tool].title
        cells = [
            f"{sum(map(bool, nodes))} ({sum(map(len, nodes))})"
            for nodes in ([one.stale for one in judged], [one.needless for one in judged])
        ]
        failed = sum(one.error is not None for one in judged)
        more = f" ({failed} failed)" if failed else ""
        print(f"| {name}{more} | {cells[0]} | {cells[1]} |")
    for tool, judged in results.items():
        for one in judged if details else ():
            if one.stale or one.needless or one.error:
                print(f"{tool}: {one.claim}: stale {list(one.stale)}, needless "
                      f"{list(one.needless)}{', ' + one.error if one.error else ''}")  # fmt: skip


if __name__ == "__main__":
    main()
