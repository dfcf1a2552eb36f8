"""Zip archives among the raw files: every member becomes a raw file of its own.

A workbook is a zip too; of it, every sheet becomes a raw file.

An archive is unpacked once. What could not be used is noted and told again at each run that meets
the archive; an encrypted archive that no password opens is tried again at each run, also when the
inbox no longer holds it. Names of members are labels, never paths.
"""

import functools
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from adapters.sources import SeenFile, seen
from adapters.sources.zips import (
    BY_HAND,
    ArchiveError,
    LockedError,
    WrongPasswordError,
    is_document,
    is_encrypted,
    label_of,
    member_bytes,
    members_of,
    opened,
    passwords_in,
)
from registry.raw_files import Added, RawEntry, RawFiles

# Part of a note's key: raise it when archives that were unpacked before should be again.
_VERSION: Final = 2


@dataclass(frozen=True)
class Limits:
    """What an archive with everything nested in it may hold.

    No more is read of a member than it declares, so declared sizes can be counted on.
    """

    members: int = 20_000
    total_bytes: int = 16 << 30
    ratio: int = 250
    ratio_matters_from_bytes: int = 100 << 20
    depth: int = 3


@dataclass
class _Load:
    """What an outermost archive amounts to so far."""

    packed_bytes: int
    members: int = 0
    unpacked_bytes: int = 0

    def add(self, members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
        """Count what an archive declares to hold.

        Raises:
            ArchiveError: It is too much.
        """
        self.members += len(members)
        self.unpacked_bytes += sum(info.file_size for info in members)
        if self.members > limits.members:
            raise ArchiveError(f"it holds more than {limits.members} files; {BY_HAND}")
        if self.unpacked_bytes > limits.total_bytes:
            raise ArchiveError(f"it unpacks to more than {limits.total_bytes} bytes; {BY_HAND}")
        is_large = self.unpacked_bytes > limits.ratio_matters_from_bytes
        if is_large and self.unpacked_bytes > limits.ratio * self.packed_bytes:
            raise ArchiveError(
                f"it unpacks to more than {limits.ratio} times its size, as a trap does; "
                f"if you trust it, {BY_HAND}"
            )


@dataclass
class _Outcome:
    """What unpacking came to: lines of the report, and what is to be told again at each run."""

    lines: list[SeenFile] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unfinished: ArchiveError | None = None

    def fail(self, name: str, error: ArchiveError) -> None:
        """A member cannot be used."""
        if error.is_final:
            self.problems[name] = error.reason
        else:
            self.unfinished = error
        if not isinstance(error, LockedError):
            self.lines.append(SeenFile(name, "failed", None, error.reason))


class Archives:
    """Unpacks raw files of kind `archive`, each one at most once in the life of this object.

    Args:
        raw_files: Where they are, and where their members go.
        password_file: The file with passwords, one a line.
        stored_utc: The moment at which members count as stored.
        limits: What an archive may hold.
    """

    def __init__(
        self,
        raw_files: RawFiles,
        password_file: Path | None,
        *,
        stored_utc: str,
        limits: Limits | None = None,
    ) -> None:
        self._raw_files = raw_files
        self._password_file = password_file
        self._stored_utc = stored_utc
        self._limits = limits or Limits()
        self._met: set[str] = set()
        self._members: dict[str, list[RawEntry]] = {}
        for entry in raw_files.entries():
            if entry.container and not entry.retired:
                self._members.setdefault(entry.container, []).append(entry)

    def open(self, added: Added, name: str) -> list[SeenFile]:
        """Unpack an archive unless that was done: its own line, then a line for each member.

        An archive that was unpacked before has lines only for members that cannot be used.
        """
        return self._open(added, name, _Load(added.entry.size))

    def retry(self) -> list[SeenFile]:
        """Unpack what could not be unpacked before and was not met in this run."""
        return [
            line
            for entry in self._raw_files.entries()
            if entry.kind == "archive" and not entry.retired and entry.sha256 not in self._met
            if self._problems(entry) is None
            for line in self.open(Added(entry, is_new=False), entry.name)
        ]

    def _open(self, added: Added, name: str, load: _Load) -> list[SeenFile]:
        entry = added.entry
        own = seen(added, name)
        if entry.sha256 in self._met or entry.retired:
            return [own]
        self._met.add(entry.sha256)
        problems = self._problems(entry)
        if problems is None:
            return self._unpack(entry, own, load)
        return [*_told_again(own, problems), *self._nested_problems(entry, load)]

    def _problems(self, entry: RawEntry) -> dict[str, str] | None:
        """Member -> what is wrong with it ("": with all of it). None: it has to be unpacked."""
        text = self._raw_files.index.note(_note_key(entry))
        members = self._members.get(entry.sha256, [])
        if text is None or not all(map(self._raw_files.holds, members)):
            return None
        problems: dict[str, str] = json.loads(text)
        return problems

    def _nested_problems(self, entry: RawEntry, load: _Load) -> Iterator[SeenFile]:
        for member in self._members.get(entry.sha256, []):
            if member.kind == "archive":
                lines = self._open(Added(member, is_new=False), member.name, load)
                yield from (line for line in lines if line.reason or line.status == "stored")

    def _unpack(self, entry: RawEntry, own: SeenFile, load: _Load) -> list[SeenFile]:
        outcome = _Outcome()
        try:
            self._unpack_members(entry, load, outcome)
        except ArchiveError as error:
            own = replace(own, status="failed", reason=error.reason)
            outcome.problems[""] = error.reason
            outcome.unfinished = None if error.is_final else error
        if isinstance(outcome.unfinished, LockedError):
            own = replace(own, status="locked", reason=outcome.unfinished.reason)
        if outcome.unfinished is None:
            self._raw_files.index.put_note(_note_key(entry), json.dumps(outcome.problems))
        return [own, *outcome.lines]

    def _unpack_members(self, entry: RawEntry, load: _Load, outcome: _Outcome) -> None:
        if self._depth(entry) > self._limits.depth:
            raise ArchiveError(f"it is nested more than {self._limits.depth} deep; {BY_HAND}")
        with opened(self._raw_files.path(entry.sha256)) as archive:
            if is_document(archive):
                load.add(archive.infolist(), self._limits)
                outcome.lines += self._store_sheets(archive, entry)
                return
            members = members_of(archive)
            load.add(members, self._limits)
            for info in members:
                name = f"{entry.name}/{label_of(info)}"
                try:
                    added = self._store(archive, info, name, entry.sha256)
                except ArchiveError as error:
                    outcome.fail(name, error)
                    continue
                if added.entry.kind == "archive":
                    outcome.lines += self._open(added, name, load)
                else:
                    outcome.lines.append(seen(added, name))

    def _store_sheets(self, archive: zipfile.ZipFile, entry: RawEntry) -> list[SeenFile]:
        """Store the sheets of a workbook; what an earlier version made of them counts no more."""
        from adapters.sources.workbooks import sheets_of  # noqa: PLC0415 - most do without it

        sheets = [(f"{entry.name}/{each.name}", each.content()) for each in sheets_of(archive)]
        if not sheets:
            raise ArchiveError("all sheets of the workbook are empty")
        lines = [self._store_sheet(name, content, entry.sha256) for name, content in sheets]
        current = {line.sha256 for line in lines}
        for member in self._members.get(entry.sha256, []):
            if member.sha256 not in current:
                self._raw_files.retire(member.sha256)
        return lines

    def _store_sheet(self, name: str, content: bytes, container: str) -> SeenFile:
        added = self._raw_files.add_stream(
            [content], name, stored_utc=self._stored_utc, container=container
        )
        if added.entry.retired:
            self._raw_files.retire(added.entry.sha256, retired=False)
        return seen(added, name)

    def _depth(self, entry: RawEntry) -> int:
        known = {other.sha256: other for other in self._raw_files.entries()}
        depth = 0
        while entry.container in known and depth <= self._limits.depth:
            entry, depth = known[entry.container], depth + 1
        return depth

    def _store(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, container: str
    ) -> Added:
        passwords = self._passwords if is_encrypted(info) else [None]
        for password in passwords:
            try:
                return self._raw_files.add_stream(
                    member_bytes(archive, info, password),
                    name,
                    stored_utc=self._stored_utc,
                    container=container,
                )
            except WrongPasswordError:
                continue
        raise LockedError(
            "it is encrypted, and no password in the file that PDP_ZIP_PASSWORD_FILE names opens "
            "it; add the right one on a line of its own, and run again"
        )

    @functools.cached_property
    def _passwords(self) -> list[bytes | None]:
        return [*passwords_in(self._password_file)]


def _note_key(entry: RawEntry) -> str:
    return f"unpacked/{_VERSION}/{entry.sha256}"


def _told_again(own: SeenFile, problems: dict[str, str]) -> Iterator[SeenFile]:
    whole = problems.get("")
    yield replace(own, status="failed", reason=whole) if whole else own
    for name, reason in problems.items():
        if name:
            yield SeenFile(name, "failed", None, reason)
