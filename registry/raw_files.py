"""Raw files: every export ever seen, by content, immutable.

    raw/<hh>/<sha256>/content       the bytes (0400)
    raw/<hh>/<sha256>/origin.json   the names it came under, when it was first stored, its archive

The bytes are the identity and a name is a label: the same bytes under two names are one file with
two names, and two exports of one name are two files. The index answers fast and can be rebuilt
from the folder. Callers hold the profile's lock.

    NoSuchRawFileError    no raw file, or more than one, goes by a name (exit code 2)
"""

import dataclasses
import difflib
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from registry import RegistryError
from registry.objects import (
    ContentStore,
    WriteError,
    make_folder,
    rename_aside,
    write_pending,
)
from registry.stamps import (
    Stamp,
    stamp_of,
    stamp_of_file,
    unchanged_bytes,
    wait_until_settled,
)

CONTENT: Final = "content"
ORIGIN: Final = "origin.json"
_CHECK: Final = "check"
SHORTEST_PREFIX: Final = 4
CANDIDATES_SHOWN: Final = 5

Kind = Literal["file", "archive"]


class NoSuchRawFileError(RegistryError):
    """No single raw file goes by this name or hash."""

    exit_code = 2

    def __init__(self, text: str, problem: str, candidates: Sequence[str]) -> None:
        shown = "; ".join(candidates[:CANDIDATES_SHOWN])
        more = len(candidates) - CANDIDATES_SHOWN
        shown += f"; and {more} more" if more > 0 else ""
        super().__init__(f"{text}: {problem}" + (f": {shown}" if shown else ""))
        self.text = text
        self.candidates = tuple(candidates)


@dataclass(frozen=True)
class RawEntry:
    """One raw file: its content's hash and size, and how it first came.

    `stored_utc` is text, `2025-06-30T12:00:00Z`; `container` is the hash of the archive it was
    unpacked from; a retired file is kept, but is no part of the flow.
    """

    sha256: str
    size: int
    name: str
    stored_utc: str
    container: str | None
    kind: Kind
    retired: bool


@dataclass(frozen=True)
class Added:
    """A raw file, and whether it was new."""

    entry: RawEntry
    is_new: bool


class RawIndex(Protocol):
    """Where raw files are looked up."""

    def raw_entries(self) -> Iterable[RawEntry]:
        """Every raw file that was put, retired ones too."""

    def put_raw_entry(self, entry: RawEntry) -> None:
        """Add a raw file, or replace what is known about it."""

    def remembered_sha256(self, stamp: Stamp) -> str | None:
        """The hash of the file that had this stamp."""

    def remember_sha256(self, stamp: Stamp, sha256: str) -> None:
        """A file with this stamp has these bytes, until the stamp moves."""

    def note(self, key: str) -> str | None:
        """What was noted under a key."""

    def put_note(self, key: str, text: str) -> None:
        """Note something, in place of what was noted under the key."""


class RawFiles:
    """The raw files of one profile.

    Args:
        root: The profile's folder `raw`.
        index: Where they are looked up.
        stamp_of: Reads stamps.

    Attributes:
        reads_bytes: Whether every file is read, its own bytes too, whatever its stamp says.
    """

    def __init__(
        self,
        root: Path,
        index: RawIndex,
        stamp_of: Callable[[os.stat_result], Stamp] = stamp_of,
    ) -> None:
        self.root = root
        self.index = index
        self._store = ContentStore(root)
        self._stamp_of = stamp_of
        self.reads_bytes = False
        self._intact: set[str] = set()
        self._entries = {entry.sha256: entry for entry in index.raw_entries()}
        self._sizes = {entry.size for entry in self._entries.values()}

    def entries(self) -> list[RawEntry]:
        """Every raw file, retired ones too, in the order of their hashes."""
        return [self._entries[sha256] for sha256 in sorted(self._entries)]

    def path(self, sha256: str) -> Path:
        """Where the bytes are."""
        return self._store.path(sha256, CONTENT)

    def holds(self, entry: RawEntry) -> bool:
        """Whether its bytes are there; they are read only if every file is, and then once."""
        if not self._store.holds(entry.sha256, CONTENT, entry.size):
            return False
        if self.reads_bytes and entry.sha256 not in self._intact:
            if not self._store.verify(entry.sha256, CONTENT):
                return False
            self._intact.add(entry.sha256)
        return True

    def is_whole(self, entry: RawEntry) -> bool:
        """Whether its bytes are those that its hash says; they are read."""
        return self._store.verify(entry.sha256, CONTENT)

    def origin(self, sha256: str) -> RawEntry | None:
        """What the folder knows of a raw file; None if its origin is missing or damaged."""
        found = self._read_origin(sha256)
        return found[0] if found else None

    def rewrite_origin(self, entry: RawEntry) -> None:
        """Write a damaged origin anew from what the index knows."""
        self._write_origin(entry, self.names(entry))

    def write_origin(self, entry: RawEntry, names: Sequence[str]) -> None:
        """Write what is known of a raw file beside its bytes, which came from another machine."""
        self._write_origin(entry, [*names])

    def set_aside(self, sha256: str) -> None:
        """Move damaged bytes out of the way, so that the same file can be stored again."""
        path = self.path(sha256)
        if os.path.lexists(path):
            rename_aside(path)

    def names(self, entry: RawEntry) -> list[str]:
        """Every name it came under, the first one first."""
        origin = self._read_origin(entry.sha256)
        return origin[1] if origin else [entry.name]

    def add_path(self, path: Path, name: str, *, stored_utc: str) -> Added:
        """Store a file, unless it is known; an unchanged one is not read again.

        Raises:
            ReadError: It is no regular file, cannot be read, or changed meanwhile.
            WriteError: It could not be stored.
        """
        stamp = stamp_of_file(path, self._stamp_of)
        remembered = None if self.reads_bytes else self.index.remembered_sha256(stamp)
        known = self._held(remembered)
        if known:
            return Added(self._with_name(known, name), is_new=False)
        self._make_root()
        is_settled = wait_until_settled(stamp, self.root, self._stamp_of)
        added = self._add_read(path, stamp, name, stored_utc)
        if is_settled:
            self.index.remember_sha256(stamp, added.entry.sha256)
        return added

    def knows(self, path: Path) -> bool:
        """Whether the bytes of a file are stored. Nothing is written.

        Raises:
            ReadError: It is no regular file, cannot be read, or changed meanwhile.
        """
        stamp = stamp_of_file(path, self._stamp_of)
        remembered = self._held(self.index.remembered_sha256(stamp))
        return (remembered or self._equal(path, stamp)) is not None

    def add_stream(
        self,
        chunks: Iterable[bytes | memoryview],
        name: str,
        *,
        stored_utc: str,
        container: str | None = None,
    ) -> Added:
        """Store bytes, unless they are known. What `chunks` raises (no OSError) stores nothing.

        Raises:
            WriteError: They could not be stored.
        """
        head = bytearray()
        self._make_root()
        stored = self._store.add(_noting_head(chunks, head), CONTENT)
        name = plain_name(name)
        known, names = self._known(stored.sha256)
        entry = known or RawEntry(
            stored.sha256, stored.size, name, stored_utc, container, _kind(head), retired=False
        )
        if name not in names:
            self._write_origin(entry, [*names, name])
        self._write_index(entry)
        return Added(entry, is_new=known is None)

    def retire(self, sha256: str, *, retired: bool = True) -> None:
        """Take a raw file out of the flow, or back in; its bytes stay."""
        entry = dataclasses.replace(self._entries[sha256], retired=retired)
        self._write_origin(entry, self.names(entry))
        self._write_index(entry)

    def relabel(self, sha256: str, names: Sequence[str], container: str | None) -> None:
        """Let a raw file go by these names alone, the first one first."""
        entry = dataclasses.replace(self._entries[sha256], name=names[0], container=container)
        self._write_origin(entry, [*names])
        self._write_index(entry)

    def find(self, text: str) -> RawEntry:
        """The one raw file with this name, with this last part of a name, or with this hash.

        Args:
            text: A name, the part after a name's last slash, or four or more digits of a hash.

        Raises:
            NoSuchRawFileError: None or several; the error names candidates.
        """
        if text in self._entries:
            return self._entries[text]
        named = {entry: self.names(entry) for entry in self.entries()}
        wanted = plain_name(text)
        found = [entry for entry, names in named.items() if wanted in names]
        found = found or [
            entry
            for entry, names in named.items()
            if wanted in {name.rpartition("/")[2] for name in names}
        ]
        if not found and re.fullmatch(f"[0-9a-f]{{{SHORTEST_PREFIX},64}}", text.lower()):
            found = [entry for entry in named if entry.sha256.startswith(text.lower())]
        if len(found) == 1:
            return found[0]
        raise _no_such_file(wanted, found, [name for names in named.values() for name in names])

    def rebuild(
        self, known: Mapping[str, RawEntry] | None = None, *, writes: bool = True
    ) -> list[RawEntry]:
        """Put into the index what the folder holds and the index lacks.

        Args:
            known: What is known of files from elsewhere; it serves where an origin is damaged.
            writes: Whether damaged origins are written anew.
        """
        missing = []
        for content in sorted(self.root.glob(f"??/*/{CONTENT}")):
            sha256 = content.parent.name
            if re.fullmatch("[0-9a-f]{64}", sha256) and sha256 not in self._entries:
                origin = self._read_origin(sha256)
                entry, names = origin or _without_origin(content, (known or {}).get(sha256))
                if origin is None and writes:
                    self._write_origin(entry, names)
                self._write_index(entry)
                missing.append(entry)
        return missing

    def miss(self, entry: RawEntry) -> None:
        """Put a file into the index whose bytes are lost, so that their loss is told."""
        self._write_index(entry)

    def _make_root(self) -> None:
        try:
            make_folder(self.root)
        except OSError as error:
            raise WriteError(
                f"{self.root}: cannot be made ({error.strerror}); mend the folder or name "
                "another with PDP_HOME"
            ) from error

    def _held(self, sha256: str | None) -> RawEntry | None:
        entry = self._entries.get(sha256) if sha256 else None
        return entry if entry and self.holds(entry) else None

    def _add_read(self, path: Path, stamp: Stamp, name: str, stored_utc: str) -> Added:
        known = self._equal(path, stamp)
        if known:
            return Added(self._with_name(known, name), is_new=False)
        return self.add_stream(
            unchanged_bytes(path, stamp, self._stamp_of), name, stored_utc=stored_utc
        )

    def _equal(self, path: Path, stamp: Stamp) -> RawEntry | None:
        """The stored file of the same bytes; one of another size than all others is not read."""
        if stamp.size not in self._sizes:
            return None
        digest = hashlib.sha256()
        for chunk in unchanged_bytes(path, stamp, self._stamp_of):
            digest.update(chunk)
        return self._held(digest.hexdigest())

    def _known(self, sha256: str) -> tuple[RawEntry | None, list[str]]:
        """What the folder knows, else the index, else nothing."""
        return self._read_origin(sha256) or (self._entries.get(sha256), [])

    def _with_name(self, entry: RawEntry, name: str) -> RawEntry:
        name = plain_name(name)
        if name != entry.name:
            names = self.names(entry)
            if name not in names:
                self._write_origin(entry, [*names, name])
        return entry

    def _write_origin(self, entry: RawEntry, names: list[str]) -> None:
        facts = dataclasses.asdict(entry) | {"names": names}
        del facts["sha256"], facts["name"]
        facts[_CHECK] = _check_of(facts)
        text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        pending = write_pending(self.root, [text.encode()], mode=0o600)
        try:
            pending.publish(self._store.path(entry.sha256, ORIGIN))
        except OSError as error:
            pending.discard()
            raise WriteError(f"{self.root}: cannot write ({error.strerror})") from error

    def _write_index(self, entry: RawEntry) -> None:
        if self._entries.get(entry.sha256) != entry:
            self.index.put_raw_entry(entry)
            self._entries[entry.sha256] = entry
            self._sizes.add(entry.size)

    def _read_origin(self, sha256: str) -> tuple[RawEntry, list[str]] | None:
        try:
            path = self._store.path(sha256, ORIGIN)
            facts = json.loads(path.read_bytes())
            check = facts.pop(_CHECK, None)
            if path.is_symlink() or check not in (None, _check_of(facts)):
                return None
            names = [str(name) for name in facts.pop("names")]
            return RawEntry(sha256=sha256, name=names[0], **facts), names
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return None


def plain_name(name: str) -> str:
    """A name that may be shown and stored: composed, and without invisible characters."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in composed
    )


def _noting_head(
    chunks: Iterable[bytes | memoryview], head: bytearray
) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        if len(head) < 4:  # noqa: PLR2004 - the length of a zip's mark
            head += chunk[:4]
        yield chunk


def _kind(head: bytes | bytearray) -> Kind:
    return "archive" if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08") else "file"


def _check_of(facts: Mapping[str, object]) -> str:
    """The hash of an origin's facts, by which their damage shows."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _without_origin(content: Path, known: RawEntry | None) -> tuple[RawEntry, list[str]]:
    """What is known from elsewhere, or what the bytes alone tell: the file's own moment."""
    if known is not None:
        return known, [known.name]
    found = os.lstat(content)
    with content.open("rb") as file:
        kind = _kind(file.read(4))
    sha256 = content.parent.name
    stored = datetime.fromtimestamp(int(found.st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = RawEntry(sha256, found.st_size, sha256[:12], stored, None, kind, retired=False)
    return entry, [entry.name]


def _no_such_file(text: str, found: Sequence[RawEntry], names: Sequence[str]) -> NoSuchRawFileError:
    if found:
        candidates = [f"{entry.sha256[:12]} ({entry.name})" for entry in found]
        return NoSuchRawFileError(text, "more than one file; name it by its hash", candidates)
    near = difflib.get_close_matches(text, sorted(set(names)), n=3, cutoff=0.5)
    problem = "no such file was ever stored; `sources` lists all"
    return NoSuchRawFileError(text, problem + ("; the nearest" if near else ""), near)
