"""A Drive folder with exports, sub-folders included: what is new in it is fetched and kept.

A level of folders is listed by one request for 25 of them, a thousand files a page. A
file is known by the hash that Drive tells, or where it tells none, by its id with MD5 and size; so
only new revisions travel. Each revision that was met stays, as an export in the inbox does. Names
are labels and need not be unique: ids rule. Shortcuts and Google's own documents have no bytes.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleError, GoogleRefusedError, GoogleUnavailableError
from adapters.google.media import download
from adapters.sources import SeenFile, SourceReport, is_ignored, seen
from adapters.sources.archives import Archives
from registry.raw_files import Added, RawEntry, RawFiles, plain_name

NAME: Final = "Drive folder"
_FOLDER: Final = "application/vnd.google-apps.folder"
_SHORTCUT: Final = "application/vnd.google-apps.shortcut"
_NATIVE: Final = "application/vnd.google-apps."
_FIELDS: Final = (
    "nextPageToken,incompleteSearch,files(id,name,mimeType,parents,size,md5Checksum,sha256Checksum)"
)
_PAGE: Final = 1000
_FOLDERS_A_QUERY: Final = 25  # an address of more than 2,048 letters is no plain GET any more
_WHAT: Final = "the Drive folder"


@dataclass(frozen=True)
class _Found:
    """A file in the folder: a problem already, or to be fetched."""

    id: str
    name: str
    size: int = 0
    md5: str = ""
    sha256: str = ""
    problem: str | None = None

    @property
    def note_key(self) -> str:
        """Under what it is noted which raw file this revision is."""
        return f"google_drive/{self.id}/{self.md5}/{self.size}"


@dataclass(frozen=True)
class DriveFolder:
    """A folder that is looked through at each run.

    Args:
        client: How Google is asked.
        folder_id: Which one; it may lie in a shared drive.
        zip_password_file: The file with passwords of encrypted archives, one a line.
    """

    client: GoogleClient
    folder_id: str
    zip_password_file: Path | None = None

    @property
    def name(self) -> str:
        """What the source is called in reports."""
        return NAME

    def collect(self, raw_files: RawFiles, *, stored_utc: str) -> SourceReport:
        """Fetch what is new; what an outage or a limit keeps back is told, and the rest is used."""
        fetching = _Fetching(self.client, raw_files, stored_utc)
        archives = Archives(raw_files, self.zip_password_file, stored_utc=stored_utc)
        lines: list[SeenFile] = []
        listed, problem = self._listing()
        try:
            for found in listed:
                added = fetching.added(found, lines)
                if added is not None and added.entry.kind == "archive":
                    lines += archives.open(added, found.name)
                elif added is not None:
                    lines.append(seen(added, found.name))
        except GoogleError as error:
            problem = problem or error
        if problem:
            lines.append(SeenFile(NAME, "failed", None, str(problem)))
        return SourceReport(NAME, lines)

    # -- listing ---------------------------------------------------------------------------------

    def _listing(self) -> tuple[list[_Found], GoogleError | None]:
        """The files in the order of their names, and why there are no more of them."""
        listed: list[_Found] = []
        problem = None
        try:
            listed.extend(self._listed())
        except GoogleError as error:
            problem = error
        return sorted(listed, key=lambda found: (found.name, found.id)), problem

    def _listed(self) -> Iterator[_Found]:
        """Every file below the folder, level by level."""
        met = {self.folder_id}
        level = {self.folder_id: ""}
        while level:
            deeper: dict[str, str] = {}
            for file in self._within(level):
                parent = next((p for p in file.get("parents", []) if p in level), "")
                name = level.get(parent, "") + _label(file["name"])
                if is_ignored(file["name"]):
                    continue
                if file["mimeType"] != _FOLDER:
                    yield _found(file, name)
                elif file["id"] not in met:
                    met.add(file["id"])
                    deeper[file["id"]] = f"{name}/"
            level = deeper

    def _within(self, folders: Iterable[str]) -> Iterator[Any]:
        pending = iter(folders)
        while some := list(itertools.islice(pending, _FOLDERS_A_QUERY)):
            parents = " or ".join(f"'{_escaped(folder)}' in parents" for folder in some)
            for page in self.client.pages(
                self.client.files.list,
                _WHAT,
                q=f"({parents}) and trashed = false",
                fields=_FIELDS,
                pageSize=_PAGE,
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
            ):
                yield from page.get("files", [])
                if page.get("incompleteSearch"):
                    raise GoogleUnavailableError("Google listed only a part; run again later")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _label(name: str) -> str:
    """A name as a part of a longer one: it never looks like a path."""
    return plain_name(name).replace("/", "_").strip() or "unnamed"


def _found(file: Any, name: str) -> _Found:
    kind = file["mimeType"]
    if kind == _SHORTCUT:
        problem = "it is a shortcut, and shortcuts are not followed; put the file itself there"
        return _Found(file["id"], name, problem=problem)
    if kind.startswith(_NATIVE):
        problem = (
            "it is a Google document, which has no bytes of its own; download it as CSV into the "
            "folder, or name a spreadsheet in PDP_GOOGLE_SHEET"
        )
        return _Found(file["id"], name, problem=problem)
    return _Found(
        file["id"],
        name,
        int(file.get("size", 0)),
        file.get("md5Checksum", ""),
        file.get("sha256Checksum", ""),
    )


class _Fetching:
    """Brings files that are not known yet."""

    def __init__(self, client: GoogleClient, raw_files: RawFiles, stored_utc: str) -> None:
        self._client, self._raw_files, self._stored_utc = client, raw_files, stored_utc
        self._entries = {entry.sha256: entry for entry in raw_files.entries()}

    def added(self, found: _Found, lines: list[SeenFile]) -> Added | None:
        """The raw file of a revision; None, and a line, if it cannot be had.

        Raises:
            GoogleUnavailableError: Nothing more can be had just now.
        """
        if found.problem:
            lines.append(SeenFile(found.name, "failed", None, found.problem))
            return None
        known = self._known(found)
        if known is not None:
            return Added(known, is_new=False)
        try:
            return self._fetched(found)
        except GoogleRefusedError as error:
            lines.append(SeenFile(found.name, "failed", None, str(error)))
            return None

    def _known(self, found: _Found) -> RawEntry | None:
        sha256 = found.sha256 or self._noted(found)
        entry = self._entries.get(sha256)
        return entry if entry and self._raw_files.holds(entry) else None

    def _noted(self, found: _Found) -> str:
        text = self._raw_files.index.note(found.note_key) if found.md5 else None
        return str(json.loads(text)) if text else ""

    def _fetched(self, found: _Found) -> Added:
        added = self._raw_files.add_stream(
            self._checked(found), found.name, stored_utc=self._stored_utc
        )
        if found.md5 and not found.sha256:
            self._raw_files.index.put_note(found.note_key, json.dumps(added.entry.sha256))
        self._entries[added.entry.sha256] = added.entry
        return added

    def _checked(self, found: _Found) -> Iterator[bytes]:
        """The bytes of a revision, which must be those that the listing told.

        Raises:
            GoogleError: They are not.
        """
        digest = hashlib.md5(usedforsecurity=False)
        request = self._client.files.get_media(fileId=found.id, supportsAllDrives=True)
        for piece in download(self._client, request, found.name):
            digest.update(piece)
            yield piece
        if found.md5 and digest.hexdigest() != found.md5:
            raise GoogleRefusedError("it changed while it was fetched; run again")
