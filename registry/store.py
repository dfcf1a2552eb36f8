"""The registry of one profile: which computation made which artifact, and where the bytes are.

A row is trusted only with its bytes: `Store.present` says whether the files of an artifact are at
their places with the right sizes, and whoever opens one compares the hash. Bytes come first, the
row second: `Store.commit` renames the verified files into place and inserts their rows in one
transaction, so a killed process leaves at most a file that nobody refers to.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from registry import RegistryError
from registry.code_memory import CodeMemory
from registry.database import Database
from registry.objects import (
    ContentStore,
    PendingFile,
    WriteError,
    leftovers_in,
    make_folder,
    rename_aside,
    write_pending,
)

FILE_NAMES: Final[Mapping[str, str]] = {
    "parquet": "table.parquet",
    "json": "value.json",
    "raw": "content",
}

# Folders of a profile whose files are replaced in place.
_REPLACED: Final = ("outputs", "manifests")


class DamagedArtifactError(RegistryError):
    """An artifact's file is missing or does not have the bytes that it was registered with."""

    exit_code = 5

    def __init__(self, artifact: "Artifact", path: Path) -> None:
        self.artifact = artifact
        remedy = "the next run makes it again"
        if artifact.codec == "raw":
            remedy = (
                "this export cannot be made again: import the same file once more with "
                "`python cli.py import PATH`, then run again"
            )
        super().__init__(f"{path}: missing or damaged; {remedy}")


@dataclass(frozen=True)
class Artifact:
    """A result by name: its content hash and codec, and the computation that made it.

    An item of a parallel block may come from several computations: its `origins`.
    """

    sha256: str
    codec: str
    size: int
    rows: int | None = None
    key: str | None = field(default=None, compare=False)
    item: str = field(default="", compare=False)
    origins: "tuple[Input, ...]" = field(default=(), compare=False)


@dataclass(frozen=True)
class Input:
    """One edge into a computation: a configuration value, an artifact, or a raw file.

    A parameter that collects a block has a position for each item. What an item of a block was
    taken from stands beside it, as a parameter of its own.
    """

    parameter: str
    kind: str
    sha256: str
    position: int = 0
    producer: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Computation:
    """What was computed, from what, by which code."""

    key: str
    node: str
    item: str
    stage: str
    code: str
    inputs: Sequence[Input]
    seconds: float
    run_id: str


@dataclass(frozen=True)
class EncodedArtifact:
    """An artifact and its bytes. The tables that it refers to are `parts`.

    `content` is None when the bytes are known to be stored: a value that passed through a node.
    """

    artifact: Artifact
    content: Sequence[bytes | memoryview] | None
    parts: Sequence["EncodedArtifact"] = ()


class Store:
    """Artifacts and computations of one profile. Safe to share between the threads of a run.

    Attributes:
        reads_bytes: Whether an artifact counts as present only after its bytes have been hashed.
    """

    def __init__(self, profile_folder: Path, database: Database) -> None:
        self.database = database
        self.reads_bytes = False
        self._intact: set[Path] = set()
        self.objects = ContentStore(profile_folder / "objects")
        self.raw = ContentStore(profile_folder / "raw")
        self.code = CodeMemory()
        self._lock = threading.RLock()
        self._unflushed: dict[str, tuple[Computation, EncodedArtifact]] = {}

    # -- reading ---------------------------------------------------------------------------------

    def _root(self, artifact: Artifact) -> ContentStore:
        return self.raw if artifact.codec == "raw" else self.objects

    def path(self, artifact: Artifact) -> Path:
        """Where the artifact's bytes are."""
        return self._root(artifact).path(artifact.sha256, FILE_NAMES[artifact.codec])

    def present(self, artifact: Artifact) -> bool:
        """Whether the files of the artifact and of its parts are there, with their sizes."""
        if not self.holds(artifact):
            return False
        return artifact.codec != "json" or all(map(self.present, self.parts(artifact)))

    def holds(self, artifact: Artifact) -> bool:
        """Whether the artifact's own file is there, with its size; it is hashed at most once."""
        root, name = self._root(artifact), FILE_NAMES[artifact.codec]
        if not root.holds(artifact.sha256, name, artifact.size):
            return False
        path = self.path(artifact)
        if self.reads_bytes and path not in self._intact:
            if not root.verify(artifact.sha256, name):
                return False
            self._intact.add(path)
        return True

    def parts(self, artifact: Artifact) -> list[Artifact]:
        """The tables that a composite value refers to."""
        rows = self.database.rows(
            "SELECT a.sha256, a.codec, a.size, a.rows FROM artifact_part p JOIN artifact a "
            "ON a.sha256 = p.part AND a.codec = 'parquet' WHERE p.sha256 = ?",
            artifact.sha256,
        )
        return [Artifact(**dict(row)) for row in rows]

    def recorded(self, key: str) -> Artifact | None:
        """The artifact that this computation made, whether its bytes are there or not."""
        with self._lock:
            if key in self._unflushed:
                return replace(self._unflushed[key][1].artifact, key=key)
        row = self.database.row(
            "SELECT a.sha256, a.codec, a.size, a.rows, c.key, c.item FROM computation c "
            "JOIN artifact a ON a.sha256 = c.sha256 AND a.codec = c.codec WHERE c.key = ?",
            key,
        )
        return None if row is None else Artifact(**dict(row))

    def check(self, artifact: Artifact) -> Path:
        """The path of an artifact's bytes, after comparing them with their hash.

        Raises:
            DamagedArtifactError: They are missing or differ.
        """
        if not self._root(artifact).verify(artifact.sha256, FILE_NAMES[artifact.codec]):
            raise DamagedArtifactError(artifact, self.path(artifact))
        return self.path(artifact)

    # -- writing ---------------------------------------------------------------------------------

    def add_input(self, encoded: EncodedArtifact) -> None:
        """Store an artifact that no computation made: a table handed in from outside."""
        with self._lock:
            pending = self._write(encoded)
            if pending or not self._is_registered(encoded.artifact):
                self._flush(pending, [encoded])

    def _is_registered(self, artifact: Artifact) -> bool:
        found = self.database.row(
            "SELECT size, rows FROM artifact WHERE sha256 = ? AND codec = ?",
            artifact.sha256,
            artifact.codec,
        )
        return found is not None and tuple(found) == (artifact.size, artifact.rows)

    def commit(self, computation: Computation, encoded: EncodedArtifact) -> None:
        """Make one computation's result durable: bytes, then rows, in one transaction.

        When all its bytes are stored already, its rows travel with the next transaction: losing
        them costs no more than looking at the inputs again.

        Raises:
            WriteError: The bytes could not be written; nothing is registered.
        """
        with self._lock:
            pending = self._write(encoded)
            self._unflushed[computation.key] = (computation, _without_content(encoded))
            if pending:
                self._flush(pending)

    def flush(self) -> None:
        """Register what waits for the next transaction."""
        with self._lock:
            if self._unflushed:
                self._flush([])

    def discard_damaged(self, artifact: Artifact) -> None:
        """Remove bytes that are not what their place claims, so that they are made again."""
        path = self.path(artifact)
        if path.is_dir() and not path.is_symlink():
            rename_aside(path)
        else:
            path.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what a killed writer left behind. The caller holds the profile's lock."""
        profile = self.database.path.parent
        folders = (self.objects.root, self.raw.root, profile, *map(profile.joinpath, _REPLACED))
        for folder in folders:
            for path in leftovers_in(folder):
                path.unlink(missing_ok=True)

    def _write(self, encoded: EncodedArtifact) -> list[tuple[PendingFile, Path]]:
        pending = []
        for part in (*encoded.parts, encoded):
            artifact = part.artifact
            if part.content is None or self.holds(artifact):
                continue
            make_folder(self.objects.root)
            file = write_pending(self.objects.root, part.content, mode=0o400)
            pending.append((file, self.path(artifact)))
        return pending

    def _flush(
        self,
        pending: Sequence[tuple[PendingFile, Path]],
        inputs: Sequence[EncodedArtifact] = (),
    ) -> None:
        try:
            with self.database.atomic() as connection:
                for file, target in pending:
                    make_folder(target.parent)
                    file.publish(target)
                for encoded in inputs:
                    _insert_artifact(connection, encoded)
                for computation, encoded in self._unflushed.values():
                    _insert_artifact(connection, encoded)
                    _insert_computation(connection, computation, encoded.artifact)
                kept_code = self.code.insert(connection)
        except OSError as error:
            for file, _ in pending:
                file.discard()
            raise WriteError(f"{self.objects.root}: cannot write ({error.strerror})") from error
        self._unflushed.clear()
        self.code.note_kept(kept_code)


def _without_content(encoded: EncodedArtifact) -> EncodedArtifact:
    parts = tuple(map(_without_content, encoded.parts))
    return EncodedArtifact(encoded.artifact, None, parts)


def _insert_artifact(connection: sqlite3.Connection, encoded: EncodedArtifact) -> None:
    for part in (*encoded.parts, encoded):
        found = part.artifact
        connection.execute(
            "INSERT OR REPLACE INTO artifact VALUES (?, ?, ?, ?)",
            (found.sha256, found.codec, found.size, found.rows),
        )
    connection.executemany(
        "INSERT OR IGNORE INTO artifact_part VALUES (?, ?)",
        [(encoded.artifact.sha256, part.artifact.sha256) for part in encoded.parts],
    )


def _insert_computation(
    connection: sqlite3.Connection, made: Computation, artifact: Artifact
) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO computation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.key,
            made.node,
            made.item,
            made.stage,
            made.code,
            artifact.sha256,
            artifact.codec,
            made.seconds,
            made.run_id,
        ),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO computation_input VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                made.key,
                edge.parameter,
                edge.position,
                edge.kind,
                edge.sha256,
                edge.producer,
                edge.value,
            )
            for edge in made.inputs
        ],
    )
