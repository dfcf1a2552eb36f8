"""Homes before and after the run that is disturbed, and what has to hold of them at any time.

A world is a home before a run, the command that does the run, and the home as the run leaves it
when nobody disturbs it. Two kinds of runs: the small one of `small_run`, and `python cli.py`.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.manifests import ManifestError, manifest_path, read_manifest
from registry.objects import TEMPORARY_SUFFIX, sha256_of_file
from registry.raw_files import ORIGIN
from registry.store import FILE_NAMES
from tests.conftest import LOG, PROJECT, Program
from tests.fault import small_run

ME = "me"
SETTINGS = {
    "PDP_PROFILE": ME, "PDP_TIME_ZONE": "UTC", "PDP_AS_OF": "2026-06-01T00:00:00Z"
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """What a reader of a home sees: a generation, its outputs, and their views."""

    generation: int | None
    outputs: Mapping[str, tuple[int, str]]
    views: Mapping[str, bytes]


@dataclass(frozen=True)
class World:
    """A home before a run, and what the run makes of it.

    Attributes:
        before: The home; copy it, never change it.
        command: The run, for a home.
        again: Do the run in this process; gives its exit code.
        environment: The run's.
        old: What is published before it.
        new: What is published after it.
        after: The logical state after it.
    """

    before: Path
    command: Callable[[Path], list[str]]
    again: Callable[[Path], int]
    environment: Mapping[str, str]
    old: Published
    new: Published
    after: Mapping[str, Any]

    @classmethod
    def of(cls, before: Path, kind: "type[SmallRun | CommandLine]") -> "World":
        """Try the run once, undisturbed."""
        with TemporaryDirectory(dir=before.parent) as folder:
            home = Path(folder) / "home"
            shutil.copytree(before, home)
            assert kind.again(home) == 0
            new, after = published(home), logical(home)
        return cls(
            before, kind.command, kind.again, kind.environment(), published(before), new, after
        )

    def home(self, folder: Path) -> Path:
        """A home of one's own."""
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.before, home)
        return home


class SmallRun:
    """Runs without Hamilton: a tenth of a second."""

    @staticmethod
    def environment() -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PDP_")}
        return {**kept, "PYTHONPATH": str(PROJECT)}

    @staticmethod
    def command(home: Path) -> list[str]:
        return [sys.executable, small_run.__file__, str(home)]

    @staticmethod
    def again(home: Path) -> int:
        small_run.run(home)
        return 0


class SmallRunBesideAReader(SmallRun):
    """The registry stays open in another hand, so its log is not folded in at the end."""

    @staticmethod
    def command(home: Path) -> list[str]:
        return [*SmallRun.command(home), "beside-a-reader"]


class CommandLine:
    """`python cli.py`."""

    @staticmethod
    def environment() -> dict[str, str]:
        return Program(Path(), **SETTINGS).environment

    @staticmethod
    def command(home: Path) -> list[str]:
        return Program(home).command("--quiet")

    @staticmethod
    def again(home: Path) -> int:
        return Program(home, **SETTINGS).inside("run", "--quiet").exit_code


def first_run(folder: Path, kind: type[SmallRun | CommandLine]) -> World:
    """Nothing is there but two exports."""
    return World.of(_with_exports(folder / "home"), kind)


def second_run(folder: Path, kind: type[SmallRun | CommandLine]) -> World:
    """One generation is published, and a third export came."""
    home = _with_exports(folder / "home")
    assert kind.again(home) == 0
    (home / ME / "inbox" / "third.csv").write_text(LOG + "2026-05-03,08:00,123,83,63,\n")
    return World.of(home, kind)


def _with_exports(home: Path) -> Path:
    inbox = home / ME / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "first.csv").write_text(LOG + "2026-05-02,08:00,122,82,62,\n")
    (inbox / "second.csv").write_text(LOG + "2026-05-01,08:00,121,81,61,\n")
    return home


# -- what is there -------------------------------------------------------------------------------


def rows_of(home: Path, *statements: str) -> list[list[tuple[Any, ...]]]:
    """What a reader of the registry sees; it reads a copy, so that it mends nothing."""
    with TemporaryDirectory(dir=home.parent) as folder:
        for path in (home / ME).glob("registry.sqlite*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, folder)
        connection = sqlite3.connect(f"{folder}/registry.sqlite")
        try:
            connection.execute("PRAGMA synchronous = OFF")
            if not connection.execute("SELECT * FROM sqlite_master").fetchone():
                return [[] for _ in statements]
            return [connection.execute(statement).fetchall() for statement in statements]
        finally:
            connection.close()


def published(home: Path) -> Published:
    """What a reader sees."""
    current, outputs = rows_of(
        home,
        "SELECT value FROM setting WHERE name = 'current_generation' AND value IS NOT NULL",
        "SELECT output, version, sha256 FROM generation_output WHERE generation = "
        "(SELECT value FROM setting WHERE name = 'current_generation')",
    )
    return Published(
        int(current[0][0]) if current else None,
        {name: (version, sha256) for name, version, sha256 in outputs},
        views_of(home),
    )


def views_of(home: Path) -> dict[str, bytes]:
    """The files in `outputs/`, by name."""
    paths = (home / ME / "outputs").glob("*")
    return {path.name: path.read_bytes() for path in paths if path.suffix in {".csv", ".parquet"}}


def logical(home: Path) -> dict[str, Any]:
    """All that a run is for, without times, run ids and what happened on the way."""
    computations, artifacts, parts, raw, nodes = rows_of(
        home,
        "SELECT key, node, item, sha256, codec FROM computation ORDER BY key",
        "SELECT * FROM artifact ORDER BY sha256",
        "SELECT * FROM artifact_part ORDER BY sha256, part",
        "SELECT sha256, size, name, kind, retired FROM raw_file ORDER BY sha256",
        "SELECT generation, node, item, key FROM generation_node ORDER BY generation, node, item",
    )
    return {
        "published": published(home),
        "head": _bytes_of(home / ME / "head"),
        "state": json.loads(_bytes_of(home / ME / "state.json") or "{}").get("generation"),
        "computations": computations, "artifacts": artifacts, "parts": parts, "raw": raw,
        "nodes": nodes, "leftovers": sorted(str(path) for path in home.rglob("*.tmp")),
        "modes": list(loose_modes(home)),
    }  # fmt: skip


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def loose_modes(home: Path) -> Iterator[str]:
    """What others than the owner may read, and what is immutable and may be written."""
    for path in (home / ME).rglob("*"):
        if "inbox" in path.parts or path.suffix == TEMPORARY_SUFFIX:
            continue
        bits, fixed = path.stat().st_mode & 0o777, path.name in FILE_NAMES.values()
        if bits != (0o700 if path.is_dir() else 0o400 if fixed else 0o600):
            yield f"{path.relative_to(home)} has mode {bits:o}"


# -- what has to hold ----------------------------------------------------------------------------


def violations(home: Path, world: World) -> list[str]:
    """What a reader finds wrong, at any instant, before any recovery."""
    try:
        seen = published(home)
    except sqlite3.Error as error:
        return [f"the registry cannot be read: {error}"]
    found = [*missing_files(home), *_torn_files(home, world)]
    if (seen.generation, seen.outputs) not in [
        (known.generation, known.outputs) for known in (world.old, world.new)
    ]:
        found.append(f"generation {seen.generation} is neither the old one nor the new one")
    return found


def missing_files(home: Path) -> Iterator[str]:
    """Registered, and yet not present or not hash-equal."""
    artifacts, raw, manifests = rows_of(
        home,
        "SELECT sha256, codec FROM artifact WHERE codec != 'raw'",
        "SELECT sha256, 'raw' FROM raw_file",
        "SELECT number, manifest FROM generation",
    )
    for sha256, _ in raw:
        if not (home / ME / "raw" / sha256[:2] / sha256 / ORIGIN).is_file():
            yield "the origin of a registered raw file is missing"
    for sha256, codec in [*artifacts, *raw]:
        root = home / ME / ("raw" if codec == "raw" else "objects")
        path = root / sha256[:2] / sha256 / FILE_NAMES[codec]
        if not path.is_file():
            yield f"a registered {codec} file is missing"
        elif sha256_of_file(path).sha256 != sha256:
            yield f"a registered {codec} file has other bytes"
    for number, sha256 in manifests:
        path = manifest_path(home / ME, number)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            yield f"the manifest of generation {number} is missing or has other bytes"


def _torn_files(home: Path, world: World) -> Iterator[str]:
    """Files that are replaced in place, and are neither as before nor as after."""
    for name, content in views_of(home).items():
        if content not in (world.old.views.get(name), world.new.views.get(name)):
            yield f"the view {name} is torn"
    head = home / ME / "head"
    if head.exists() and head.read_bytes() not in (
        f"{known.generation}\n".encode() for known in (world.old, world.new)
    ):
        yield "the head is torn"
    for pattern in ("state.json", "outputs/.views.json", "raw/??/*/origin.json"):
        for path in (home / ME).glob(pattern):
            if not _is_json(path):
                yield f"{path.name} is torn"
    for path in (home / ME / "manifests").glob("*.json"):
        try:
            read_manifest(path)
        except ManifestError:
            yield f"the manifest {path.name} is torn"


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def not_healed(home: Path, world: World) -> list[str]:
    """What a plain run does not make up for."""
    exit_code = world.again(home)
    if exit_code != 0:
        return [f"a plain run ends with {exit_code}"]
    return differences(home, world)


def differences(home: Path, world: World, but_not: Container[str] = ()) -> list[str]:
    """In what a home is not as an undisturbed run leaves it."""
    try:
        found = logical(home)
    except (OSError, sqlite3.Error, ValueError) as error:
        return [f"it cannot be read: {error!r}"]
    return [
        f"{name} differs"
        for name, value in world.after.items()
        if name not in but_not and found[name] != value
    ]
