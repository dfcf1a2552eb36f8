"""What came, and what this machine holds, make what it will hold."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.remote.bringing import Bringer
from adapters.remote.contents import Contents
from adapters.remote.memory import Known
from adapters.remote.sealing import RemoteManifest
from adapters.vault import DamagedError
from registry.adoption import raw_entries_in, rows_of
from registry.manifests import Document, ManifestError, document_in, manifest_path
from registry.raw_files import RawEntry
from registry.travelling import Rows, unpacked_rows

_MANIFEST: Final = "the remote's manifest"
_NOWHERE: Final = Path("remote")
_NOT_OURS: Final = (LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True)
class Agreement:
    """Where the two sides come from.

    Attributes:
        contents: What this machine holds.
        base: What both held once; None if nothing is known of it.
        keeps: Whether this machine has something of its own since.
    """

    contents: Contents
    base: Known | None
    keeps: bool

    @property
    def here(self) -> set[str]:
        """The raw files of this machine."""
        return {row[0] for row in self.contents.raw_files}

    def forgotten(self, there: set[str]) -> frozenset[str]:
        """Of the raw files that both had once, those that one of them forgot."""
        once = set(self.base.raw_files) if self.base else set[str]()
        gone_here = (once & there) - self.here if self.keeps else set()
        return frozenset(((self.here & once) - there) | gone_here)


@dataclass(frozen=True)
class NamedRaw:
    """A raw file and every name that it came under."""

    entry: RawEntry
    names: Sequence[str]


@dataclass(frozen=True)
class Arrived:
    """What the profile will hold, ready to be put in its place.

    Attributes:
        manifest: What came.
        files: Generation -> the bytes of its manifest.
        documents: Those of them that are not here, read, in the order of their numbers.
        rows: What runs did.
        raw: The raw files that came.
        pins: The pinned generations.
        current: The generation that will be published.
        replaced: Generations of this machine that give way.
        corrections: The corrections; None for none.
        forgotten: Raw files that are here and were forgotten there, or the other way round.
    """

    manifest: RemoteManifest
    files: dict[int, bytes]
    documents: Sequence[Document]
    rows: Sequence[Rows]
    raw: Sequence[NamedRaw]
    pins: Sequence[int]
    current: int | None
    replaced: Sequence[int]
    corrections: bytes | None
    forgotten: frozenset[str]


def arrive(bringer: Bringer, manifest: RemoteManifest, agreement: Agreement) -> Arrived:
    """Read what came. Nothing here is changed yet.

    Raises:
        DamagedError: It is not what it should be.
    """
    files = {int(e.key): bringer.content(e) for e in manifest.of_kind("manifest")}
    here = {int(item.key): item.source for item in agreement.contents.of_kind("manifest")}
    news = [number for number in sorted(files) if files[number] != here.get(number)]
    try:
        documents = [_document(number, files[number]) for number in news]
        kinds = (*manifest.of_kind("past"), *manifest.of_kind("sources"))
        rows = [unpacked_rows(bringer.content(entry)) for entry in kinds]
        raw = [_raw(row) for row in manifest.raw_files]
    except (ManifestError, *_NOT_OURS):
        raise DamagedError(_MANIFEST, "rows in it are none of this program") from None
    there = {named.entry.sha256 for named in raw}
    _refuse_gaps(manifest, there)
    is_published = manifest.generation in files
    contents, keeps = agreement.contents, agreement.keeps
    own = contents.generation if keeps and not files else None
    return Arrived(
        manifest=manifest,
        files=files,
        documents=documents,
        rows=rows,
        raw=raw,
        pins=_pins(manifest, agreement),
        current=manifest.generation if is_published else own,
        replaced=[] if own else sorted(n for n in here if files.get(n) != here[n]),
        corrections=_corrections(bringer, manifest, agreement),
        forgotten=agreement.forgotten(there),
    )


def _document(number: int, content: bytes) -> Document:
    document = document_in(content, manifest_path(_NOWHERE, number))
    rows_of(document)
    raw_entries_in(document)
    return document


def _raw(row: Sequence[Any]) -> NamedRaw:
    sha256, size, names, stored_utc, container, kind, retired = row
    if kind not in {"file", "archive"} or not names:
        raise ValueError("no raw file")
    names = [str(name) for name in names]
    return NamedRaw(
        RawEntry(sha256, int(size), names[0], stored_utc, container, kind, bool(retired)), names
    )


def _refuse_gaps(manifest: RemoteManifest, raw: Iterable[str]) -> None:
    """Every raw file has bytes, and the bytes are of a raw file."""
    if {entry.sha256 for entry in manifest.of_kind("raw")} != set(raw):
        raise DamagedError(_MANIFEST, "it names raw files without bytes")


def _pins(manifest: RemoteManifest, agreement: Agreement) -> list[int]:
    if not agreement.keeps:
        return list(manifest.pins)
    once = set(agreement.base.pins) if agreement.base else set[int]()
    here, there = set(agreement.contents.pins), set(manifest.pins)
    return sorted((there - (once - here)) | (here - once))


def _corrections(bringer: Bringer, manifest: RemoteManifest, agreement: Agreement) -> bytes | None:
    there = next((bringer.content(e) for e in manifest.of_kind("corrections")), None)
    here = next((i.source for i in agreement.contents.of_kind("corrections")), None)
    assert not isinstance(here, Path)
    once = agreement.base.corrections if agreement.base else None
    if not agreement.keeps or _sha256(here) == once:
        return there
    if _sha256(there) == once:
        return here
    return _united(there or b"", here or b"")


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _united(there: bytes, here: bytes) -> bytes:
    """The lines of both, each one once; the first line names the columns."""
    lines = there.splitlines(keepends=True)
    known = {line.strip() for line in lines}
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    return b"".join(
        [*lines, *(ln for ln in here.splitlines(keepends=True) if ln.strip() not in known)]
    )
