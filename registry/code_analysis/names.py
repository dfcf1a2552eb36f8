"""What the names in the units of all modules mean: a graph of what reaches what.

The nodes are units, whole modules (a module used as an object), things of other distributions by
their dotted name, import statements (where the order of imports counts), all modules at once, the
process (options of the standard library that code sets while it is imported), source text, and the
spelling of local variables.
"""

import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from registry.code_analysis.units import LITERAL, Import, Unit

_BUILTIN_NAMES: Final = frozenset(dir(builtins)) | {"__builtins__", "__debug__"}
_MODULE_NAMES: Final = frozenset(
    [
        "__name__",
        "__doc__",
        "__file__",
        "__path__",
        "__package__",
        "__spec__",
        "__loader__",
        "__annotations__",
        "__cached__",
        "__class__",
        "__qualname__",
        "__module__",
        "__dict__",
        "__all__",
    ]
)
# What using a thing of another distribution opens: everything (any module may be imported or read),
# the module at hand, or the text of what is reached.
_EVERYTHING: Final = frozenset(
    [
        "builtins.exec",
        "builtins.eval",
        "builtins.compile",
        "builtins.__import__",
        "builtins.__builtins__",
        "importlib.import_module",
        "importlib.reload",
        "importlib.util",
        "importlib.machinery",
        "importlib.abc",
        "importlib.__import__",
        "sys.modules",
        "sys._getframe",
        "sys._current_frames",
        "inspect",
        "gc",
        "runpy",
        "pkgutil",
        "imp",
        "zipimport",
        "code",
        "pickle",
        "dill",
        "cloudpickle",
        "shelve",
        "marshal",
        "types.FunctionType",
    ]
)
_EVERYTHING_AS_OBJECTS: Final = frozenset({"builtins", "importlib", "sys"})
_MODULE: Final = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_SOURCE: Final = frozenset({"inspect", "linecache", "traceback", "sys._getframe", "tokenize"})

# Libraries that look names up in the frames of their callers.
_LOCALS: Final = frozenset(
    {"duckdb", "numexpr", "patsy", "formulaic", "statsmodels", "pandasql", "pandas.eval"}
    | {f"builtins.{name}" for name in ("locals", "vars", "dir", "eval", "exec")}
)


class Node(NamedTuple):
    """A node: kind is unit, module, outside, import, all, process, source or locals."""

    kind: str
    name: str = ""
    position: int = -1


ALL: Final = Node("all")
PROCESS: Final = Node("process")
LOCALS: Final = Node("locals")  # reached where code may read local variables by name
SOURCE: Final = Node("source")  # reached where code may read docstrings, lines or source


@dataclass(frozen=True)
class Module:
    """A module of ours."""

    name: str
    is_package: bool
    sha256: str
    units: tuple[Unit, ...]

    @cached_property
    def binders(self) -> Mapping[str, list[tuple[int, Import | None]]]:
        """By name, where it is bound and by which import (None: by the unit itself)."""
        table: dict[str, list[tuple[int, Import | None]]] = {}
        for position, unit in enumerate(self.units):
            for imported in unit.imports:
                table.setdefault(imported.name, []).append((position, imported))
            for name in unit.binds:
                table.setdefault(name, []).append((position, None))
        return table

    @cached_property
    def stars(self) -> list[tuple[int, str]]:
        """Positions and modules of the star imports."""
        return [(p, base) for p, unit in enumerate(self.units) for base in unit.stars]

    def absolute(self, base: str) -> str:
        """A module name as an import of this module writes it, without leading dots."""
        relative = base.lstrip(".")
        level = len(base) - len(relative)
        if not level:
            return base
        parts = self.name.split(".")
        parts = parts[: len(parts) - level + (1 if self.is_package else 0)]
        return ".".join(filter(None, (*parts, relative)))

    def stretch(self, positions: Iterable[int]) -> list[int]:
        """The units at `positions` and all between them that run while the module is imported."""
        wanted = set(positions)
        between = range(min(wanted), max(wanted) + 1)
        return [p for p in between if p in wanted or self.units[p].runs]


@dataclass
class Found:
    """What a chain of names leads to."""

    links: list[tuple[str, Node]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def add(self, label: str, node: Node) -> None:
        """Note one target; the label tells it from the other targets of the same chain."""
        self.links.append((label, node))

    def nodes(self) -> set[Node]:
        """The targets."""
        return {node for _, node in self.links}


class Names:
    """Finds what chains of names lead to."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.tops = {name.partition(".")[0] for name in modules}
        # Names of a module that the code of others binds, and names that its functions bind.
        self.rebound: dict[tuple[str, str], set[Node]] = {}

    def find(self, module: Module, base: str, chain: str) -> Found:
        """What a reference of `module` leads to."""
        found = Found()
        names = tuple(filter(None, chain.split(".")))
        label = f"{base}|{chain}"
        if base:
            self._import(module, base, names, label, found, set())
        else:
            self._name(module, names, label, found, set(), outside=False)
        return found

    def _import(
        self,
        module: Module,
        base: str,
        names: tuple[str, ...],
        label: str,
        found: Found,
        seen: set[tuple[str, ...]],
    ) -> None:
        absolute = module.absolute(base)
        if absolute in self.modules:
            target = self.modules[absolute]
            self._name(target, names, label, found, seen, outside=True)
        elif absolute.partition(".")[0] in self.tops:
            found.missing.append((absolute, ".".join(names)))
        else:
            found.add(label, Node("outside", ".".join((absolute, *names))))

    def _name(
        self,
        module: Module,
        names: tuple[str, ...],
        label: str,
        found: Found,
        seen: set[tuple[str, ...]],
        *,
        outside: bool,
    ) -> None:
        if (module.name, *names) in seen:
            return
        seen.add((module.name, *names))
        if not names:
            found.add(label, Node("module", module.name))
            return
        before = len(found.links), len(found.missing)
        self._bound(module, names, label, found, seen)
        submodule = self.modules.get(f"{module.name}.{names[0]}")
        if submodule is not None and module.is_package:
            self._name(submodule, names[1:], f"{label}/", found, seen, outside=True)
        if (outside and "__getattr__" in module.binders) or before == (
            len(found.links),
            len(found.missing),
        ):
            self._unbound(module, names, label, found, seen, outside=outside)

    def _bound(
        self,
        module: Module,
        names: tuple[str, ...],
        label: str,
        found: Found,
        seen: set[tuple[str, ...]],
    ) -> None:
        binders = [(p, imported, "") for p, imported in module.binders.get(names[0], ())]
        binders += [(p, None, star) for p, star in module.stars]
        own = {
            node.position for node in self._rebinding(module, names[0]) if node.name == module.name
        }
        binders += [(p, None, "") for p in sorted(own)]
        for rank, (position, imported, star) in enumerate(sorted(binders, key=lambda b: b[0])):
            ranked = f"{label}#{rank}" if len(binders) > 1 else label
            if star:
                self._star(module, star, names, ranked, found, seen)
            elif imported is None:
                found.add(ranked, Node("unit", module.name, position))
            else:
                chain = (*filter(None, [imported.attribute]), *names[1:])
                self._import(module, imported.base, chain, ranked, found, seen)
                if module.units[position].kind != "import":
                    found.add(f"{ranked}?", Node("unit", module.name, position))
        positions = [p for p, _, star in binders if not star]
        if len(set(positions)) > 1:
            for rank, position in enumerate(module.stretch(positions)):
                found.add(f"{label}~{rank}", Node("unit", module.name, position))
        others = {n for n in self._rebinding(module, names[0]) if n.name != module.name}
        found.links.extend((f"{label}!", writer) for writer in others)
        found.links.extend(self.importers({writer.name for writer in others}))

    def _rebinding(self, module: Module, name: str) -> set[Node]:
        return self.rebound.get((module.name, name), set())

    def _star(
        self,
        module: Module,
        star: str,
        names: tuple[str, ...],
        label: str,
        found: Found,
        seen: set[tuple[str, ...]],
    ) -> None:
        inner = Found()
        self._import(module, star, names, label, inner, seen)
        found.links.extend(inner.links)
        target = self.modules.get(module.absolute(star))
        if inner.links and target is not None and "__all__" in target.binders:
            self._name(target, ("__all__",), f"{label}*", found, seen, outside=True)

    def _unbound(
        self,
        module: Module,
        names: tuple[str, ...],
        label: str,
        found: Found,
        seen: set[tuple[str, ...]],
        *,
        outside: bool,
    ) -> None:
        if outside and "__getattr__" in module.binders:
            self._name(module, ("__getattr__",), f"{label}?", found, seen, outside=False)
        elif names[0] == "__dict__":
            found.add(label, Node("module", module.name))
        elif names[0] in _MODULE_NAMES:
            return
        elif not outside and names[0] in _BUILTIN_NAMES:
            found.add(label, Node("outside", ".".join(("builtins", *names))))
        else:
            found.missing.append((module.name, ".".join(names)))

    def loaded(self, module: Module, unit: Unit) -> set[str]:
        """Modules of ours that an import of the unit names, with the packages around them."""
        names: set[str] = set()
        for base, attribute in unit.loads:
            absolute = module.absolute(base)
            for name in (absolute, f"{absolute}.{attribute}"):
                parts = name.split(".")
                names.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
        return names & self.modules.keys()

    @cached_property
    def _loads(self) -> Mapping[str, set[str]]:
        """By module, all that importing it may import."""
        direct = {
            name: set().union(*(self.loaded(module, unit) for unit in module.units))
            for name, module in self.modules.items()
        }
        closed: dict[str, set[str]] = {}
        for name in direct:
            seen, waiting = {name}, [name]
            while waiting:
                new = direct[waiting.pop()] - seen
                seen |= new
                waiting.extend(new)
            closed[name] = seen
        return closed

    def importers(
        self, targets: set[str], about: set[str] | None = None
    ) -> Iterator[tuple[str, Node]]:
        """The import statements of modules that bring a target in, in each module's order.

        Args:
            targets: Names of modules.
            about: Modules whose order counts; all of them by default.
        """
        for module in self.modules.values() if targets else ():
            loads = [(p, self.loaded(module, unit)) for p, unit in enumerate(module.units)]
            brings = any(targets & self._loads[name] for _, names in loads for name in names)
            counting = [p for p, names in loads if names and self._bring(names, about)]
            positions = counting if brings else []
            for rank, position in enumerate(positions):
                yield f"!import {rank}", Node("import", module.name, position)

    def _bring(self, names: set[str], about: set[str] | None) -> bool:
        return about is None or any(about & self._loads[name] for name in names)


def opened_by(dotted: str) -> set[str]:
    """What using a thing of another distribution opens: "all", "module", "source"."""
    parts = dotted.split(".")
    if parts[-1] == LITERAL:
        return set()
    prefixes = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    opened = {"all"} if prefixes & _EVERYTHING or dotted in _EVERYTHING_AS_OBJECTS else set()
    opened |= {"module"} if prefixes & _MODULE else set()
    return opened | ({"source"} if prefixes & _SOURCE else set())


def reads_locals(dotted: str) -> bool:
    """Whether a thing of another distribution may read local variables of its callers by name."""
    parts = dotted.split(".")
    return any(".".join(parts[:count]) in _LOCALS for count in range(1, len(parts) + 1))


def is_standard(dotted: str) -> bool:
    """Whether something belongs to Python itself."""
    return dotted.partition(".")[0] in sys.stdlib_module_names
