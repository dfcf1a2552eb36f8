"""Lays a flow out on disk, imports it afresh and runs it: with a registry, and without any."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from adapters.engine.execution import Engine, Request, build_driver
from registry.code_identity import CodeIndex
from registry.database import Database
from registry.store import Store


def lay_out(
    folder: Path, files: Mapping[str, str], libraries: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Write source files, and libraries as they look when they are installed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, newline="")
    for name, (version, source) in (libraries or {}).items():
        about = folder / "site" / f"{name}-{version}.dist-info"
        about.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (about / "METADATA").write_text(text)
        (folder / "site" / f"{name}.py").write_text(source)


@contextmanager
def imported(folder: Path, modules: Sequence[str]) -> Iterator[list[ModuleType]]:
    """The modules as a new process would import them; afterwards they are forgotten."""
    places = [str(folder), str(folder / "site")]
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path[:0] = places
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield [importlib.import_module(name) for name in modules]
    finally:
        sys.dont_write_bytecode = writes
        del sys.path[: len(places)]
        tops = {name.partition(".")[0] for name in modules} | {
            path.stem for path in (folder / "site").glob("*.py")
        }
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in tops:
                del sys.modules[name]


def versions(name: str) -> Mapping[str, str]:
    """The installed version of a library, looked up anew."""
    try:
        return {name: metadata.version(name)}
    except metadata.PackageNotFoundError:
        return {name: "not installed"}


class Laboratory:
    """One home with its registry, and flows that are run against it.

    Args:
        home: Where the registry is.
        package: The top-level package of the flow.
    """

    def __init__(self, home: Path, package: str = "flow") -> None:
        self.home, self._package = home, package

    def copy(self, home: Path) -> "Laboratory":
        """Another home with the same results."""
        shutil.copytree(self.home, home)
        return Laboratory(home, self._package)

    def index(self, folder: Path) -> CodeIndex:
        """What tells the identity of the flow's code."""
        return CodeIndex([folder], packages={self._package}, distribution_version=versions)

    def run(
        self,
        folder: Path,
        modules: Sequence[str],
        inputs: Mapping[str, object],
        *,
        forced: Iterable[str] = (),
    ) -> tuple[list[str], dict[tuple[str, str], object]]:
        """The nodes that ran (a node of a block once for each item), and all values."""
        with imported(folder, modules) as found:
            store = Store(self.home, Database(self.home / "registry.sqlite"))
            engine = Engine(found, store, self.index(folder))
            request = Request(dict(inputs), forced=frozenset(forced))
            outcome = engine.run(request, engine.plan(request), "run")
            ran = [node for (node, _), done in outcome.actions.items() if done.action == "ran"]
            decode = engine.materializer.codecs.decode
            values = {place: plain(decode(made)) for place, made in outcome.artifacts.items()}
            store.database.close()
        return sorted(ran), values


def values_without_registry(
    folder: Path, modules: Sequence[str], inputs: Mapping[str, object]
) -> dict[str, object]:
    """What plain Hamilton gives for every node outside of blocks."""
    with imported(folder, modules) as found:
        driver = build_driver(found)
        nodes = [n for n in driver.list_available_variables() if not n.is_external_input]
        taken = {n.name for n in driver.list_available_variables() if n.is_external_input}
        given = {name: value for name, value in inputs.items() if name in taken}
        return dict(driver.execute([node.name for node in nodes], inputs=given))


def plain(value: object) -> object:
    """A value as plain lists and dicts, whether it was read from a file or not."""
    if isinstance(value, pa.Table):
        return value.to_pydict()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def touch(path: Path) -> None:
    """Give a file another time."""
    os.utime(path, ns=(1, 1))
