"""Code keys: the digest of all code that a function can reach, from source bytes alone.

Nothing is imported and nothing is run. A comment, a docstring, a reformat, a moved function or an
edit elsewhere moves no key; a helper of a helper, a constant, a default, a decorator's argument, a
library's version does. Paths, module names and line numbers enter no key.

Python's own (major, minor) version enters every key: built-in functions are always in reach, and
their results move between minor versions (`sum` of floats did in 3.12).
"""

import copy
import hashlib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import machinery, metadata
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.code_analysis.data_files import DataFile, readers
from registry.code_analysis.graph import CodeGraph
from registry.code_analysis.merkle import extend_digests, reachable
from registry.code_analysis.names import LOCALS, PROCESS, SOURCE, Module, Node, is_standard
from registry.code_analysis.normal_form import digest
from registry.code_analysis.summary import compiled, summarise, summarise_renamed
from registry.code_analysis.units import Unit
from registry.code_analysis.ways import shortest_ways

PYTHON: Final = "python"
NOT_INSTALLED: Final = "not installed"

# What Python imports, the preferred first.
_SUFFIXES: Final = [*machinery.EXTENSION_SUFFIXES, ".py", *machinery.BYTECODE_SUFFIXES]

# Summaries of this process, by the SHA-256 of the source.
_summaries: dict[str, tuple[Unit, ...]] = {}


class CodeError(RegistryError):
    """A source file of ours cannot be read as Python."""


@dataclass(frozen=True)
class CodeIdentity:
    """What a function's result may depend on, as far as code goes.

    Attributes:
        digest: SHA-256; the code part of a key.
        units: Own digest of each unit reached, by "module:name"; to explain a change, the labels
            are no part of `digest`.
        distributions: Version of each third-party distribution reached, and of Python.
        opaque: Where the analysis could not tell what is reached and took in more.
    """

    digest: str
    units: Mapping[str, str]
    distributions: Mapping[str, str]
    opaque: tuple[str, ...]


@cache
def installed_distributions(name: str) -> Mapping[str, str]:
    """Every installed distribution that has a top-level module of this name, with its version."""
    distributions = _distributions_by_module().get(name, [])
    return {found: metadata.version(found) for found in distributions} or {name: NOT_INSTALLED}


@cache
def _distributions_by_module() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


class CodeIndex:
    """The modules of ours below some folders, and the keys of the functions in them."""

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        packages: Collection[str] | None = None,
        distribution_version: Callable[[str], Mapping[str, str]] = installed_distributions,
        data_files: Iterable[DataFile] = (),
        python_version: str = f"{sys.version_info[0]}.{sys.version_info[1]}",
    ) -> None:
        """Name the modules; nothing is read before the first question.

        Args:
            roots: Folders that hold modules as `a/b.py` or `a/b/__init__.py`; the first wins.
            packages: Top-level names that are ours; all below the roots by default.
            distribution_version: Distributions and versions behind a top-level module name.
            data_files: What modules read while they were imported.
            python_version: Major and minor version of Python.
        """
        self._roots = tuple(roots)
        self._packages = packages
        self._distributions_of = distribution_version
        self._python_version = python_version
        self._data_files = tuple(data_files)
        self._added: dict[str, bytes] = {}

    def add_source(self, module: str, source: bytes) -> None:
        """Add a module that has no file (a notebook's cell), or stand in for the file's bytes."""
        self._added[module] = source
        self.refresh()

    def refresh(self) -> None:
        """Forget what was read; files that did not change are not analysed again."""
        for name in ("_files", "_graph", "_digests", "_data"):
            self.__dict__.pop(name, None)

    def source_files(self) -> Mapping[Path, str]:
        """Every source file read, and what modules read, with the SHA-256 of its bytes."""
        files = {path: sha256 for path, sha256, _ in self._files.values() if path is not None}
        ours = (found for found in self._data_files if found.module in self._files)
        return {**files, **{Path(found.path): found.sha256 for found in ours}}

    def source_of(self, module: str) -> tuple[str, bytes] | None:
        """The SHA-256 and the bytes of a module's file; None for a module that is not ours."""
        found = self._files.get(module)
        return None if found is None else found[1:]

    def reads_text(self) -> bool:
        """Whether some code of ours may look at source text or places: then a comment counts."""
        modules = self._graph.modules.values()
        marks = (mark for module in modules for unit in module.units for mark in unit.marks)
        return any(what != "locals" for what, _ in marks)

    def identity(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key of a function or class, with what went into it.

        Raises:
            CodeError: The module is not among ours, or one of ours is no Python source.
        """
        if module not in self._graph.modules:
            raise CodeError(f"{module}: not a module of ours; name its folder and package")
        roots, reasons = self._roots_of(module, qualified_name)
        reached = reachable((node for _, node in roots), self._graph.edges)
        for _, node in roots:
            extend_digests(self._digests, node, self._graph.edges, self._content)
        code = sorted((label, self._digests[node]) for label, node in roots)
        texts = sorted(self._whole_texts(reached)) if SOURCE in reached else []
        texts += sorted(self._spellings(reached)) if LOCALS in reached else []
        distributions = self._distributions(reached)
        parts = [*code, *(("text", text) for text in texts), *sorted(distributions.items())]
        return CodeIdentity(
            digest(f"{len(code)} {len(texts)}", *(text for pair in parts for text in pair)),
            dict(self._units(reached)),
            distributions,
            (*reasons, *sorted(self._reasons(reached))),
        )

    def way_to(self, module: str, qualified_name: str, unit: str) -> tuple[str, ...]:
        """How a function comes to a unit, over the fewest others; nothing if it does not.

        Args:
            module: The function's module.
            qualified_name: The function.
            unit: Own digest of the unit.
        """
        roots, _ = self._roots_of(module, qualified_name)
        for way in shortest_ways([node for _, node in roots], self._graph.edges):
            if way[-1].kind == "unit" and self._graph.unit(way[-1]).digest == unit:
                return tuple(self._label(node) for node in way if node.kind == "unit")
        return ()

    def _label(self, node: Node) -> str:
        unit = self._graph.unit(node)
        return f"{node.name}:{unit.binds[0] if unit.binds else 'statement'}"

    def former_identity(
        self, module: str, qualified_name: str, former_name: str
    ) -> CodeIdentity | None:
        """The code key that a function had under a former name, if nothing else has changed.

        Returns:
            None when it may see how it is called.
        """
        units = None
        if module in self._graph.modules and not self._sees_its_name(module, qualified_name):
            units = summarise_renamed(self._files[module][2], qualified_name, former_name)
        if units is None:
            return None
        renamed = replace(self._graph.modules[module], units=units)
        graph = CodeGraph({**self._graph.modules, module: renamed})
        before = copy.copy(self)
        before.__dict__.update(_graph=graph, _digests={})
        return before.identity(module, former_name)

    def _sees_its_name(self, module: str, qualified_name: str) -> bool:
        roots, _ = self._roots_of(module, qualified_name)
        reached = reachable((node for _, node in roots), self._graph.edges)
        marks = (self._graph.unit(node).marks for node in reached if node.kind == "unit")
        return any(what == "place" for found in marks for what, _ in found)

    def _roots_of(
        self, module: str, qualified_name: str
    ) -> tuple[list[tuple[str, Node]], list[str]]:
        name = qualified_name.partition(".")[0]
        found = self._graph.names.find(self._graph.modules[module], "", name)
        links = [(label, node) for label, node in found.links if node.kind != "outside"]
        if links:
            return [*links, ("", PROCESS)], []
        reason = f"{module}:{name} was not found in the source"
        return [("", Node("module", module)), ("", PROCESS)], [reason]

    def _content(self, node: Node) -> str:
        if node.kind == "outside":
            return f"outside {node.name}"
        if node.kind not in {"unit", "import"}:
            return node.kind
        unit = self._graph.unit(node)
        place = node.name if any(what == "place" for what, _ in unit.marks) else ""
        data = digest(*sorted(sha256 for _, sha256 in self._data.get(node, ())))
        return f"{node.kind} {unit.digest} {place} {data if node in self._data else ''}"

    def _whole_texts(self, reached: set[Node]) -> set[str]:
        """Hashes of the whole files of what is reached."""
        return {self._graph.modules[node.name].sha256 for node in reached if node.kind == "unit"}

    def _spellings(self, reached: set[Node]) -> set[str]:
        return {self._graph.unit(node).spelling for node in reached if node.kind == "unit"}

    def _distributions(self, reached: set[Node]) -> dict[str, str]:
        tops = {node.name.partition(".")[0] for node in reached if node.kind == "outside"}
        versions = {PYTHON: self._python_version}
        for top in sorted(tops):
            if top != "builtins" and not is_standard(top):
                versions.update(self._distributions_of(top))
        return versions

    def _units(self, reached: set[Node]) -> Iterator[tuple[str, str]]:
        counts: dict[str, int] = {}
        for node in sorted(reached):
            if node.kind == "unit":
                unit, label = self._graph.unit(node), self._label(node)
                counts[label] = counts.get(label, 0) + 1
                yield label if counts[label] == 1 else f"{label} ({counts[label]})", unit.digest
                yield from ((f"{label} reads {n}", sha) for n, sha in self._data.get(node, ()))

    def _reasons(self, reached: set[Node]) -> Iterator[str]:
        for node in reached & self._graph.reasons.keys():
            label = self._label(node)
            yield from (f"{label} {why}" for why in self._graph.reasons[node])

    @cached_property
    def _digests(self) -> dict[Node, str]:
        return {}

    @cached_property
    def _data(self) -> dict[Node, list[tuple[str, str]]]:
        """By unit, names and hashes of the data files that it read."""
        found: dict[Node, list[tuple[str, str]]] = {}
        for data in self._data_files:
            _, _, source = self._files.get(data.module, (None, "", b""))
            for _, position in readers(source, [data.line]):
                node = Node("unit", data.module, position)
                found.setdefault(node, []).append((Path(data.path).name, data.sha256))
        return found

    @cached_property
    def _files(self) -> dict[str, tuple[Path | None, str, bytes]]:
        """By module: its file, the hash of its bytes, its bytes."""
        files: dict[str, tuple[Path | None, bytes]] = {
            name: (None, source) for name, source in self._added.items()
        }
        for root in self._roots:
            for name, path in sorted(self._modules_below(root), key=_precedence):
                if name not in files:
                    files[name] = (path, path.read_bytes())
        return {
            name: (path, hashlib.sha256(source).hexdigest(), source)
            for name, (path, source) in files.items()
        }

    def _modules_below(self, root: Path) -> Iterator[tuple[str, Path]]:
        for folder, folders, names in os.walk(root, followlinks=True):
            folders[:] = [name for name in folders if self._is_ours(root, folder, name)]
            package = Path(folder).relative_to(root).parts
            for name in names:
                stem = name.partition(".")[0]
                if name[len(stem) :] in _SUFFIXES and self._is_ours(root, folder, stem):
                    parts = package if stem == "__init__" else (*package, stem)
                    if parts:
                        yield ".".join(parts), Path(folder, name)

    def _is_ours(self, root: Path, folder: str, name: str) -> bool:
        if not name.isidentifier() or name == "__pycache__":
            return False
        return self._packages is None or Path(folder) != root or name in self._packages

    @cached_property
    def _graph(self) -> CodeGraph:
        modules = {}
        for name, (path, sha256, source) in self._files.items():
            if sha256 not in _summaries:
                _summaries[sha256] = _summarised(name, path, source)
            is_package = path is not None and path.name.startswith("__init__.")
            modules[name] = Module(name, is_package, sha256, _summaries[sha256])
        for name in list(modules):
            parts = name.split(".")
            for count in range(1, len(parts)):  # a folder without __init__.py is a package too
                package = ".".join(parts[:count])
                modules.setdefault(package, Module(package, True, "", ()))  # noqa: FBT003
        return CodeGraph(modules)


def _precedence(found: tuple[str, Path]) -> tuple[bool, int]:
    """Where two files claim one module name, Python's import takes the lower."""
    _, path = found
    suffix = path.name[path.name.index(".") :]
    return not path.name.startswith("__init__."), _SUFFIXES.index(suffix)


def _summarised(name: str, path: Path | None, source: bytes) -> tuple[Unit, ...]:
    if path is not None and path.suffix != ".py":
        return (compiled(source),)
    try:
        return summarise(source)
    except (SyntaxError, ValueError) as error:
        raise CodeError(f"{name}: no Python source ({error}); mend the file") from error
