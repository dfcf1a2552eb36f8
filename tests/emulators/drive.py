"""The files of a Drive: folders, shared drives, sharing, quotas, revisions; no HTTP."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulators.answers import RefusedError
from tests.emulators.drive_query import matching

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
SPREADSHEET = "application/vnd.google-apps.spreadsheet"
_NATIVE = "application/vnd.google-apps."
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_DEFAULT_PAGE = 100


@dataclass
class DriveFile:
    """One file; `content` is None for what has no bytes of its own."""

    id: str
    name: str
    mime_type: str
    parents: list[str]
    content: bytes | None = None
    drive_id: str | None = None
    is_trashed: bool = False
    is_made_by_app: bool = False
    role: str | None = None
    version: int = 1
    target: str | None = None
    born: int = 1
    description: str = ""
    app_properties: dict[str, str] = field(default_factory=dict)
    _hashed: tuple[bytes, str, str] | None = None

    def resource(self) -> dict[str, Any]:
        """As the interface tells it; what is empty is left out, as Google does."""
        moment, birth = (_BEGINNING + timedelta(seconds=n) for n in (self.version, self.born))
        told: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.mime_type,
            "parents": self.parents,
            "trashed": self.is_trashed,
            "version": str(self.version),
            "modifiedTime": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
            "createdTime": f"{birth:%Y-%m-%dT%H:%M:%S}.000Z",
        }
        if self.drive_id:
            told["driveId"] = self.drive_id
        if self.description:
            told["description"] = self.description
        if self.app_properties:
            told["appProperties"] = self.app_properties
        if self.target:
            told["shortcutDetails"] = {"targetId": self.target}
        if self.content is not None:
            told["md5Checksum"], told["sha256Checksum"] = self._checksums(self.content)
            told["size"] = str(len(self.content))
            told["headRevisionId"] = f"r{self.version}"
        return told

    def _checksums(self, content: bytes) -> tuple[str, str]:
        """Computed once for each content: listings tell them."""
        if self._hashed is None or self._hashed[0] is not content:
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            self._hashed = content, md5, hashlib.sha256(content).hexdigest()
        return self._hashed[1:]


class Drive:
    """Everything that exists; a service account sees what was shared with it.

    Attributes:
        quota_bytes: What a service account may store outside of shared drives: nothing.
        largest_page: No page is longer, whatever was asked for.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.files: dict[str, DriveFile] = {}
        self.quota_bytes = 0
        self.largest_page = 1000
        self._count = 0
        self._generated: set[str] = set()

    # -- what people do in their browser -----------------------------------------------------------

    def folder(self, name: str, parent: str | None = None, role: str | None = None) -> str:
        """Make a folder; with a role it is shared with the service account."""
        return self._new(name, FOLDER, parent, role=role).id

    def shared_drive(self, name: str, role: str = "fileOrganizer") -> str:
        """Make a shared drive that the service account is a member of: a content manager."""
        made = self._new(name, FOLDER, None, role=role)
        made.drive_id = made.id
        return made.id

    def put(self, name: str, content: bytes, parent: str, file_id: str | None = None) -> str:
        """Upload a file, or a new revision of one."""
        with self.lock:
            if file_id is None:
                return self._new(name, "application/octet-stream", parent, content=content).id
            file = self.files[file_id]
            file.name, file.content, file.version = name, content, self._tick()
            return file_id

    def native(self, name: str, parent: str, kind: str = "document") -> str:
        """Make a Google document."""
        return self._new(name, _NATIVE + kind, parent).id

    def shortcut(self, name: str, parent: str, target: str) -> str:
        """Make a shortcut to another file."""
        made = self._new(name, SHORTCUT, parent)
        made.target = target
        return made.id

    def trash(self, file_id: str) -> None:
        """Put a file into the bin."""
        self.files[file_id].is_trashed = True

    def content_of(self, file_id: str) -> bytes:
        """The bytes of a file."""
        content = self.files[file_id].content
        assert content is not None
        return content

    def children(self, folder: str) -> list[DriveFile]:
        """What is in a folder and not in the bin."""
        found = [file for file in self.files.values() if folder in file.parents]
        return [file for file in found if not file.is_trashed]

    def _tick(self) -> int:
        self._count += 1
        return self._count

    def _new(
        self,
        name: str,
        mime_type: str,
        parent: str | None,
        *,
        content: bytes | None = None,
        role: str | None = None,
        file_id: str | None = None,
    ) -> DriveFile:
        with self.lock:
            number = self._tick()
            file_id = file_id or _id_of(number)
            drive_id = self.files[parent].drive_id if parent else None
            parents = [parent] if parent else []
            file = DriveFile(file_id, name, mime_type, parents, content, drive_id, role=role)
            file.version = file.born = number
            self.files[file_id] = file
            return file

    # -- what the interface does -------------------------------------------------------------------

    def resource(self, file: DriveFile) -> dict[str, Any]:
        """A file as the service account sees it, with what it may do."""
        is_folder, may_write = file.mime_type == FOLDER, self.role_of(file) != "reader"
        told = file.resource()
        told["capabilities"] = {
            "canDownload": True,
            "canEdit": may_write,
            "canListChildren": is_folder,
            "canAddChildren": is_folder and may_write,
        }
        return told

    def role_of(self, file: DriveFile) -> str | None:
        """What the service account may do with a file; None: it does not know of it."""
        if file.is_made_by_app and not file.drive_id:
            return "owner"
        if file.role:
            return file.role
        parents = [self.files[parent] for parent in file.parents if parent in self.files]
        return next((role for role in map(self.role_of, parents) if role), None)

    def visible(self, file_id: str, *, all_drives: bool, app_only: bool) -> DriveFile:
        """A file by its id.

        Raises:
            RefusedError: There is none, or none that the service account knows of.
        """
        file = self.files.get(file_id)
        if file is None or not self._shows(file, all_drives=all_drives, app_only=app_only):
            raise RefusedError(404, "notFound", f"File not found: {file_id}.")
        return file

    def _shows(self, file: DriveFile, *, all_drives: bool, app_only: bool) -> bool:
        if file.drive_id and not all_drives:
            return False
        return bool(self.role_of(file)) and (file.is_made_by_app or not app_only)

    def search(
        self, query: str, page: int, token: str | None, *, all_drives: bool, app_only: bool
    ) -> dict[str, Any]:
        """One page of the files that match.

        Raises:
            RefusedError: The query cannot be read, or names a folder that is not there.
        """
        test, folders = matching(query) if query else (lambda _file: True, set())
        for folder in folders:
            if folder not in self.files or not self.role_of(self.files[folder]):
                raise RefusedError(404, "notFound", "File not found: .")
        found = [
            file
            for file in self.files.values()
            if test(file) and self._shows(file, all_drives=all_drives, app_only=app_only)
        ]
        start = int(token or 0)
        end = start + min(page or _DEFAULT_PAGE, self.largest_page)
        page_files = [file.resource() for file in found[start:end]]
        answer = {"kind": "drive#fileList", "incompleteSearch": False, "files": page_files}
        return answer | ({"nextPageToken": str(end)} if end < len(found) else {})

    def create(
        self, body: dict[str, Any], content: bytes | None, *, all_drives: bool, app_only: bool
    ) -> DriveFile:
        """Make a file for the service account.

        Raises:
            RefusedError: It may not, or its storage is full.
        """
        with self.lock:
            parents = body.get("parents", [])
            for parent in parents:
                folder = self.visible(parent, all_drives=all_drives, app_only=app_only)
                if self.role_of(folder) == "reader":
                    raise RefusedError(403, "insufficientFilePermissions")
            in_shared_drive = any(self.files[parent].drive_id for parent in parents)
            if content and not in_shared_drive and len(content) > self.quota_bytes:
                raise RefusedError(403, "storageQuotaExceeded")
            made = self._new(
                body.get("name", "Untitled"),
                body.get("mimeType", "application/octet-stream"),
                parents[0] if parents else None,
                content=content,
                file_id=self._promised(body.get("id")),
            )
            made.is_made_by_app, made.description = True, body.get("description", "")
            made.app_properties = dict(body.get("appProperties", {}))
            return made

    def generate_ids(self, count: int) -> list[str]:
        """Ids that files may be created with."""
        with self.lock:
            ids = [_id_of(self._tick()) for _ in range(count)]
            self._generated.update(ids)
            return ids

    def _promised(self, file_id: str | None) -> str | None:
        if file_id is not None and file_id not in self._generated:
            raise RefusedError(400, "invalid", "The provided file ID is not usable.")
        if file_id in self.files:
            raise RefusedError(409, "fileIdInUse", "A file already exists with the provided ID.")
        return file_id

    def update(self, file: DriveFile, body: dict[str, Any], content: bytes | None) -> DriveFile:
        """Change a file for the service account.

        Raises:
            RefusedError: It may only read it.
        """
        with self.lock:
            if self.role_of(file) == "reader":
                raise RefusedError(403, "insufficientFilePermissions")
            if "trashed" in body:
                self._require(file, {"organizer", "fileOrganizer"})
            file.name = body.get("name", file.name)
            file.is_trashed = body.get("trashed", file.is_trashed)
            file.app_properties |= body.get("appProperties", {})
            if content is not None:
                file.content = content
            file.version = self._tick()
            return file

    def delete(self, file: DriveFile) -> None:
        """Delete a file for the service account, past the bin.

        Raises:
            RefusedError: It may not: in a shared drive only its managers do.
        """
        with self.lock:
            self._require(file, {"organizer"})
            self.files.pop(file.id, None)

    def _require(self, file: DriveFile, roles: set[str]) -> None:
        """Who may remove a file: in a shared drive some roles, elsewhere its owner."""
        if self.role_of(file) not in (roles if file.drive_id else {"owner"}):
            raise RefusedError(403, "insufficientFilePermissions")

    def below(self, folder: str) -> Iterator[DriveFile]:
        """Every file below a folder."""
        for file in self.children(folder):
            yield file
            yield from self.below(file.id)


def _id_of(number: int) -> str:
    return f"{hashlib.sha256(f'{number}'.encode()).hexdigest()[:28]}_{number:04d}"
