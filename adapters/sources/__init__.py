"""Where raw files come from: one protocol, interchangeable implementations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from registry.raw_files import Added, RawFiles

Status = Literal["stored", "known", "failed", "locked"]

# Left by systems, browsers and office programs beside what a person put there.
_IGNORED_NAMES: Final = frozenset({"__macosx", "desktop.ini", "thumbs.db"})
_IGNORED_STARTS: Final = (".", "~$")
_IGNORED_ENDS: Final = (".crdownload", ".download", ".part", ".partial", ".tmp")


@dataclass(frozen=True)
class SeenFile:
    """One file that a source came across, and what became of it.

    `stored`: new; `known`: stored before; `failed`: could not be used, for the reason;
    `locked`: an encrypted archive that no password opens, kept and tried again at each run.
    """

    name: str
    status: Status
    sha256: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SourceReport:
    """Everything that a source came across, in the order in which it did.

    `notices` are sentences about the source as a whole.
    """

    source: str
    files: Sequence[SeenFile]
    notices: Sequence[str] = ()

    def with_status(self, status: Status) -> list[SeenFile]:
        """The files that became this."""
        return [file for file in self.files if file.status == status]


class Source(Protocol):
    """Something that brings raw files."""

    @property
    def name(self) -> str:
        """What the source is called in reports."""

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Store what is new.

        Args:
            raw_files: Where raw files are stored.
            stored_utc: The moment that counts as theirs, `2025-06-30T12:00:00Z`.

        Raises:
            WriteError: There is no storing at all; a single bad file is a line of the report.
        """


@dataclass(frozen=True)
class Together:
    """Several sources as one, each asked in turn."""

    sources: Sequence[Source]

    @property
    def name(self) -> str:
        """What the sources are called in reports."""
        return ", ".join(source.name for source in self.sources)

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Store what is new in any of them."""
        reports = [source.collect(raw_files, stored_utc=stored_utc) for source in self.sources]
        return SourceReport(
            self.name,
            [file for report in reports for file in report.files],
            [notice for report in reports for notice in report.notices],
        )


def seen(added: Added, name: str) -> SeenFile:
    """The line of a file that is stored now."""
    return SeenFile(name, "stored" if added.is_new else "known", added.entry.sha256)


def is_ignored(name: str) -> bool:
    """Whether a name is that of a hidden, half downloaded or system's file, and of no export."""
    name = name.lower()
    return (
        name in _IGNORED_NAMES or name.startswith(_IGNORED_STARTS) or name.endswith(_IGNORED_ENDS)
    )
