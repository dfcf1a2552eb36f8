"""Mutation test of the clinical modules: every threshold and comparison, changed one by one.

    python .ci/mutate.py                              all of them; a few minutes
    python .ci/mutate.py dataflows/guidelines.py      one

Each mutant is a module with one operator, number, text or result changed. Its tests run in a fork
of a process that has the libraries loaded already; a mutant that no test notices is printed. The
exit code is 1 where fewer than 95 % are noticed. Module-level constants are mutated too, since here
they are the thresholds.
"""

import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
TESTS: Final = {
    "dataflows/clinical.py": ["clinical"],
    "dataflows/day_windows.py": ["day_windows"],
    "dataflows/guidelines.py": ["guidelines"],
    "dataflows/measurement.py": ["home_series", "blood_pressure_alerts"],
    "dataflows/home_series.py": ["home_series", "home_blood_pressure"],
    "dataflows/home_protocols.py": ["home_blood_pressure"],
    "dataflows/home_blood_pressure.py": ["home_blood_pressure"],
    "dataflows/blood_pressure_alerts.py": ["blood_pressure_alerts"],
    "dataflows/circular.py": ["regularity"],
    "dataflows/regularity.py": ["regularity"],
    "dataflows/sleep_regularity.py": ["sleep_regularity"],
    "dataflows/sleep_calendar.py": ["sleep_regularity"],
    "dataflows/sleep_spans.py": ["sleep_spans", "sleep_by_night"],
    "dataflows/sleep_by_night.py": ["sleep_by_night"],
    "dataflows/heart_rate_groups.py": ["heart_rate_figures"],
    "dataflows/heart_rate_figures.py": ["heart_rate_figures"],
    "dataflows/heart_rate_zones.py": ["heart_rate_figures"],
    "dataflows/heart_rate_hours.py": ["heart_rate_figures"],
    "dataflows/readings_by_part.py": ["blood_pressure_days"],
    "dataflows/blood_pressure_days.py": ["blood_pressure_days"],
    "dataflows/blood_pressure_quality.py": ["blood_pressure_quality"],
    "dataflows/blood_pressure_variability.py": ["blood_pressure_variability"],
    "dataflows/trailing_windows.py": ["trailing_windows"],
    "dataflows/intervals.py": ["intervals"],
    "dataflows/personal_history.py": ["personal_history"],
    "dataflows/period_comparisons.py": ["period_comparisons"],
}
AIM: Final = 0.95
SECONDS: Final = 120
OPTIONS: Final = (
    *("-x", "-q", "--tb=no", "--noconftest", "-o", "addopts=--import-mode=importlib"),
    *("-p", "no:cacheprovider", "-p", "no:xdist"),
)
LIBRARIES: Final = ("hamilton.function_modifiers", "hypothesis", "pandera.pandas", "pytest")

OPERATORS: Final[dict[type[ast.AST], tuple[type[ast.AST], ...]]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
}
NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, what was changed, and the changed module; of every change there is."""
    for number, node in enumerate(ast.walk(tree)):
        for change in changes(node):
            changed = copy.deepcopy(tree)
            twin = next(found for n, found in enumerate(ast.walk(changed)) if n == number)
            told = change_node(twin, change)
            yield getattr(node, "lineno", 0), told, ast.fix_missing_locations(changed)


def changes(node: ast.AST) -> list[object]:
    """What this node could be instead."""
    if isinstance(node, ast.Compare):
        return [(i, new) for i, op in enumerate(node.ops) for new in OPERATORS[type(op)]]
    if isinstance(node, ast.BinOp | ast.BoolOp):
        return list(OPERATORS.get(type(node.op), ()))
    if isinstance(node, ast.UnaryOp):
        return ["without"]
    if isinstance(node, ast.Constant) and getattr(node, "is_value", True):
        return constants(node.value)
    if isinstance(node, ast.Name) and node.id in NAMES:
        return [NAMES[node.id]]
    return [None] if isinstance(node, ast.Return) and node.value is not None else []


def constants(value: object) -> list[object]:
    """Other values of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1]
    return [f"X{value}"] if isinstance(value, str) and value else []


def change_node(node: ast.AST, change: object) -> str:
    """Make the change, and tell it."""
    before = ast.unparse(node)
    if isinstance(node, ast.Compare):
        assert isinstance(change, tuple)
        node.ops[change[0]] = change[1]()
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = change()  # type: ignore[operator]
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.UAdd(), node.operand
        if before.startswith("not "):
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        node.value = change  # type: ignore[assignment]
    elif isinstance(node, ast.Name):
        node.id = str(change)
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(None)
    return f"{before[:60]!r} -> {ast.unparse(node)[:60]!r}"


def parsed(path: Path) -> ast.Module:
    """A module whose docstrings, annotations and decorators are marked as no values."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        texts: list[ast.expr | None] = [node.value] if isinstance(node, ast.Expr) else []
        texts += [node.annotation] if isinstance(node, ast.AnnAssign | ast.arg) else []
        texts += getattr(node, "decorator_list", [])
        texts += [node.returns] if isinstance(node, ast.FunctionDef) else []
        for constant in (found for text in texts if text for found in ast.walk(text)):
            constant.is_value = False  # type: ignore[attr-defined]
    return tree


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The module, if it is the one."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the changed tree."""
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102 - ours


def is_noticed(path: Path, tree: ast.Module, tests: Sequence[str]) -> bool:
    """Whether a test fails, in a process of its own."""
    child = os.fork()
    if child == 0:
        os._exit(tested(path, tree, tests))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def tested(path: Path, tree: ast.Module, tests: Sequence[str]) -> int:
    """Run the tests against the changed module; any failure, error or long wait is not 0."""
    import pytest  # noqa: PLC0415 - in the child, which forgets everything

    signal.alarm(SECONDS)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    name = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    sys.meta_path.insert(0, Mutated(name, path, tree))
    return int(pytest.main([*OPTIONS, *(f"tests/dataflows/test_{test}.py" for test in tests)]))


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(chosen: Sequence[str]) -> int:
    """Mutate the chosen modules, and say how many mutants were noticed."""
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    for library in LIBRARIES:
        importlib.import_module(library)
    hypothesis = importlib.import_module("hypothesis")
    hypothesis.settings.register_profile("mutants", max_examples=30, derandomize=True)
    hypothesis.settings.load_profile("mutants")
    noticed = made = 0
    for name in chosen or TESTS:
        tree, path = parsed(PROJECT / name), PROJECT / name
        if is_noticed(path, tree, TESTS[name]):
            raise SystemExit(f"{name}: its tests fail without any change")
        before = noticed, made
        for line, told, mutant in mutants(tree):
            made += 1
            if is_noticed(path, mutant, TESTS[name]):
                noticed += 1
            else:
                tell(f"{name}:{line}: nobody noticed {told}")
        tell(f"{name}: {noticed - before[0]} of {made - before[1]} noticed")
    tell(f"{noticed} of {made} mutants noticed: {noticed / made:.1%}")
    return int(noticed / made < AIM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
