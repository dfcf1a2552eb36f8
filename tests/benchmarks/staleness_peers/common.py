"""Runs one tool through all cases: lays out, edits, runs in a fork, notes which nodes ran.

A peer's script hands `main` a function that runs the flow in the working directory with its tool
and returns the values of all nodes. The first run fills the tool's cache; each case starts from a
copy of that, edits files in place as a person would, and runs again. A fork has the tool imported
and the flow not: as a new process, without the seconds of imports.
"""

import ast
import importlib
import inspect
import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
NODE_MODULES = ("parsing", "daily", "report")
LEVELS = {"raised": "is_raised", "high": "is_high"}
RAN = "ran.txt"

Values = dict[str, Any]


def main(run: Callable[[], Values], *, with_hamilton: bool = False) -> None:
    """Take cases from standard input, and write what happened to standard output."""
    request = json.load(sys.stdin)
    folder = Path(request["folder"])
    places = ["", "site"] if with_hamilton else ["", "site", str(HERE / "without_hamilton")]
    project, kept = folder / "project", folder / "kept"
    lay_out(project, request["base"], [])
    first = in_fork(project, places, run)
    in_fork(project, places, run)  # joblib tells shared objects from equal ones once
    shutil.copytree(project, kept, symlinks=True)
    found = []
    for number, case in enumerate(request["cases"]):
        shutil.rmtree(project)
        shutil.copytree(kept, project, symlinks=True)
        for step in case["steps"]:
            lay_out(project, step["files"], step["touched"])
            done = in_fork(project, places, run)
        found.append(done)
        if number % 20 == 0:
            print(f"{number} of {len(request['cases'])}", file=sys.stderr, flush=True)
    json.dump({"first": first, "cases": found}, sys.stdout)


def lay_out(project: Path, files: Mapping[str, str], touched: list[str]) -> None:
    """Make the project's own files these, writing only those that differ."""
    for path in [*project.glob("flow/**/*.py"), *project.glob("site/**/*")]:
        if path.is_file() and str(path.relative_to(project)) not in files:
            path.unlink()
    for path in project.glob("site/*.dist-info"):
        if not any(path.iterdir()):
            path.rmdir()
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
    for name in touched:
        os.utime(project / name)


def in_fork(project: Path, places: list[str], run: Callable[[], Values]) -> dict[str, Any]:
    """The values and the nodes that ran, or the error, of a run in a child process."""
    (project / RAN).unlink(missing_ok=True)
    answer = project.parent / "answer.json"
    child = os.fork()
    if child == 0:
        try:
            _child(project, places, run, answer)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    ran = project / RAN
    names = sorted(set(ran.read_text().split())) if ran.exists() else []
    return {"ran": names, **json.loads(answer.read_text())}


def _child(project: Path, places: list[str], run: Callable[[], Values], answer: Path) -> None:
    log = os.open(project.parent / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(project)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.path[:0] = [str(project / place) for place in places]
    importlib.invalidate_caches()
    watch_nodes()
    try:
        found = {"values": run()}
    except BaseException:  # noqa: BLE001 - the parent tells it
        found = {"error": traceback.format_exc()}
    answer.write_text(json.dumps(found))


def watch_nodes() -> None:
    """Note every call of a node's function, without changing anything about it."""
    places = {str(Path("flow", f"{name}.py").resolve()) for name in NODE_MODULES}
    names = set(node_functions_of_files())

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename in places and code.co_name in names:
            name = LEVELS.get(frame.f_locals.get("level", ""), code.co_name)
            with open(RAN, "a") as file:  # noqa: PTH123
                file.write(f"{name}\n")

    sys.setprofile(note)
    threading.setprofile(note)


def node_functions_of_files() -> dict[str, str]:
    """Node function -> its module, read from the source, in the order of the files."""
    found = {}
    for module in NODE_MODULES:
        for node in ast.parse(Path("flow", f"{module}.py").read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found[node.name] = module
    return found


class Pipeline:
    """The flow as a person writes it by hand: functions, the order in which to call them, inputs.

    `is_above` stands there twice, with a level each; the fields of `extremes` are taken from it.
    """

    def __init__(self) -> None:
        self.functions = {
            name: getattr(importlib.import_module(f"flow.{module}"), name)
            for name, module in node_functions_of_files().items()
        }
        self.inputs: Values = {"readings_text": Path("readings.txt").read_text()}
        self.inputs |= json.loads(Path("settings.json").read_text())

    def nodes(self) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
        """Node -> its function, and arguments that are always the same; in order."""
        found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {}
        for name, function in self.functions.items():
            if name == "is_above":
                found |= {node: (function, {"level": word}) for node, word in levels().items()}
            else:
                found[name] = (function, {})
        return self._ordered(found)

    def needs(self, node: str) -> list[str]:
        """The parameters of a node that others or the inputs give."""
        function, fixed = self.functions["is_above" if node in levels() else node], levels()
        parameters = inspect.signature(function).parameters.values()
        needed = [p.name for p in parameters if p.default is p.empty]
        return [name for name in needed if not (name == "level" and node in fixed)]

    def arguments(self, node: str, values: Values) -> Values:
        """What a node receives, from the values of those before it."""
        given = {**self.inputs, **values, **values.get("extremes", {})}
        return {name: given[name] for name in self.needs(node)}

    def _ordered(self, found: dict[str, Any]) -> dict[str, Any]:
        made = {"lowest": "extremes", "highest": "extremes"}
        ordered: dict[str, Any] = {}
        while len(ordered) < len(found):
            for name, callable_ in found.items():
                needs = {made.get(need, need) for need in self.needs(name)} & found.keys()
                if name not in ordered and needs <= ordered.keys():
                    ordered[name] = callable_
        return ordered


def levels() -> dict[str, str]:
    """The two nodes of `is_above`, as its decorator says."""
    tree = ast.parse(Path("flow/report.py").read_text())
    function = next(n for n in tree.body if getattr(n, "name", "") == "is_above")
    return {
        keyword.arg: ast.literal_eval(keyword.value.values[0].args[0])
        for keyword in function.decorator_list[0].keywords
    }


def modules_behind(module: str) -> list[str]:
    """The file of a module, and those of the modules of the flow that it imports, at any depth."""
    seen, waiting = set(), [f"flow.{module}"]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is None or str(path) in seen:
            continue
        seen.add(str(path))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
                    base = ".".join(filter(None, (package, base)))
                waiting += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return sorted(seen)


def _file_of(module: str) -> Path | None:
    path = Path(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((p for p in candidates if p.exists()), None)
