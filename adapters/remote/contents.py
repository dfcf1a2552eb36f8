"""What a profile holds and what of it belongs into the remote."""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final

from adapters import AdapterError
from adapters.profile import Profile
from registry.adoption import rows_of
from registry.garbage import pinned
from registry.manifests import Document, ManifestError, read_manifest
from registry.store import Artifact
from registry.travelling import PAST, SOURCES, handed_in, packed_rows


class IncompleteError(AdapterError):
    """Something that is published is missing here; what is pushed has to be whole."""

    exit_code = 5


@dataclass(frozen=True)
class Item:
    """One thing that has bytes.

    Attributes:
        kind: raw, object, manifest, past, sources or corrections.
        key: What tells it from others of its kind: a codec, a generation's number.
        sha256: Of its bytes.
        size: Their number.
        source: Where they are: a file, or the bytes themselves.
    """

    kind: str
    key: str
    sha256: str
    size: int
    source: Path | bytes = field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """Its bytes, to be read."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


@dataclass(frozen=True)
class Contents:
    """What a profile holds at one moment.

    Attributes:
        generation: What is published.
        pins: Pinned generations.
        raw_files: SHA-256, size, names, first stored, container, kind, retired.
        items: All that has bytes.
        is_whole: Whether nothing is missing of what is published, and no raw file.
    """

    generation: int | None
    pins: Sequence[int]
    raw_files: Sequence[Sequence[Any]]
    items: Sequence[Item]
    is_whole: bool = True

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same contents."""
        items = [[item.kind, item.key, item.sha256] for item in self.items]
        text = json.dumps([self.generation, self.pins, self.raw_files, items])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be lost."""
        return not any(item.kind not in {"past", "sources"} for item in self.items)

    def of_kind(self, kind: str) -> list[Item]:
        """The items of one kind."""
        return [item for item in self.items if item.kind == kind]


NOTHING: Final = Contents(None, (), (), ())


def contents_of(profile: Profile) -> Contents:
    """What a profile holds. The caller holds its lock, with a registry that can be relied on."""
    current = profile.generations.current()
    manifests = dict(_manifests(profile))
    objects = _objects(profile, [document for _, document in manifests.values()])
    held = {(item.sha256, item.key) for item in objects}
    has_raw = all(map(profile.raw_files.holds, profile.raw_files.entries()))
    is_whole = has_raw and (current is None or _is_complete(manifests.get(str(current)), held))
    items = [
        *_raw_items(profile),
        *objects,
        *(_of_bytes("manifest", number, content) for number, (content, _) in manifests.items()),
        _of_bytes("past", "", packed_rows(profile.database, PAST)),
        _of_bytes("sources", "", packed_rows(profile.database, SOURCES)),
        *_corrections(profile),
    ]
    pins, raw_rows = pinned(profile.database), list(_raw_rows(profile))
    return Contents(current, pins, raw_rows, items, is_whole)


def _of_bytes(kind: str, key: str, content: bytes) -> Item:
    return Item(kind, key, hashlib.sha256(content).hexdigest(), len(content), content)


def _raw_rows(profile: Profile) -> Iterator[list[Any]]:
    for entry in profile.raw_files.entries():
        names = profile.raw_files.names(entry)
        yield [entry.sha256, entry.size, names, entry.stored_utc, entry.container, entry.kind,
               entry.retired]  # fmt: skip


def _raw_items(profile: Profile) -> Iterator[Item]:
    for entry in profile.raw_files.entries():
        path = profile.raw_files.path(entry.sha256)
        yield Item("raw", "", entry.sha256, entry.size, path)


def _manifests(profile: Profile) -> Iterator[tuple[str, tuple[bytes, Document]]]:
    """Number -> bytes and document of every generation that the registry knows."""
    rows = profile.database.rows("SELECT number FROM generation ORDER BY number")
    for number in (row["number"] for row in rows):
        path = profile.folder / "manifests" / f"{number}.json"
        try:
            document = read_manifest(path)
        except ManifestError:
            continue
        if document["format"] > 1:
            yield str(number), (path.read_bytes(), document)


def _objects(profile: Profile, documents: Sequence[Document]) -> list[Item]:
    """What is there of the results that manifests name, and of what was handed in."""
    named = {tuple(row) for document in documents for row in document["artifacts"]}
    named |= set(handed_in(profile.database))
    found = [Artifact(*row) for row in sorted(named, key=str) if row[1] != "raw"]
    return [
        Item("object", made.codec, made.sha256, made.size, profile.store.path(made))
        for made in found
        if profile.store.holds(made)
    ]


def _is_complete(manifest: tuple[bytes, Document] | None, held: set[tuple[str, str]]) -> bool:
    if manifest is None:
        return False
    needed = rows_of(manifest[1])["artifact"]
    return all(row[1] == "raw" or (row[0], row[1]) in held for row in needed)


def _corrections(profile: Profile) -> Iterator[Item]:
    if profile.corrections.is_file():
        yield _of_bytes("corrections", "", profile.corrections.read_bytes())
