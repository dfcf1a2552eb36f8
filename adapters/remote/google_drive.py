"""A Google Drive folder as the remote; a shared drive's, since service accounts have no storage.

Drive promises no compare-and-set, but two things that make one. An id that Drive generated serves
for one file: a second create with it is refused. So each head is a file of its own that names the
id of the head to come, and whoever creates that one first has won. And what a file's description
says comes with a listing, so a head (a kilobyte) is had by one request.

Of the very first heads of a remote, which no head promised an id, the oldest counts: each writer
reads back whether it is its own. Superseded heads go to the bin, the newest first, so that what is
left always begins with the chain that counts.

Objects are files, found by their names; names need not be unique on Drive, and of two files of one
name, which have one content, the older serves.
"""

import base64
import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import (
    GoogleError,
    GoogleNotFoundError,
    GoogleRefusedError,
    GoogleUnavailableError,
)
from adapters.remote.backend import (
    CHUNK,
    NAME,
    Content,
    Head,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
    Stored,
)
from adapters.settings import Settings

_HEAD: Final = "head"
_NEXT: Final = "next"
_TAKEN: Final = "fileIdInUse"
_WHAT: Final = "the folder of the remote state"
_FIELDS: Final = "id,name,size,md5Checksum,createdTime,description,appProperties"
_SHARED: Final = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
_LARGEST_AT_ONCE: Final = 4 << 20
_PIECE: Final = 8 << 20
_PATIENCE_SECONDS: Final = 120.0


def google_drive(folder_id: str, settings: Settings) -> "GoogleDriveBackend":
    """The back-end for a folder, with the service account of the settings.

    Raises:
        GoogleSetupError: The packages are missing, or the key cannot be used.
    """
    client = GoogleClient(
        settings.google_credentials_file,
        ("state",),
        endpoint=settings.google_endpoint,
        budget_seconds=_PATIENCE_SECONDS,
    )
    return GoogleDriveBackend(client, folder_id)


@dataclass(frozen=True)
class _Object:
    """An object's file."""

    id: str
    size: int


class GoogleDriveBackend:
    """Objects and heads as files of one folder.

    Args:
        client: How Drive is asked.
        folder_id: The folder; the service account has to be allowed to write there.
    """

    def __init__(self, client: GoogleClient, folder_id: str) -> None:
        self._client, self._folder_id = client, folder_id
        self._objects: dict[str, _Object] = {}
        self._is_listed = False
        self._lock = threading.Lock()

    # -- heads -----------------------------------------------------------------------------------

    def head(self) -> Head | None:
        """The head; None before the first push. One request.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with _told():
            found = _newest(self._heads())
            return _as_head(found) if found else None

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        Raises:
            LostRaceError: It is another one by now; that one stays.
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with _told():
            heads = self._heads()
            newest = _newest(heads)
            if (_as_head(newest) if newest else None) != expected:
                raise LostRaceError
            made = self._made(content, newest)
            if newest is None and _newest(self._heads(), made)["id"] != made["id"]:
                self._remove(made)
                raise LostRaceError
            superseded = [old for old in heads if newest is None or old["id"] != newest["id"]]
            for old in sorted(superseded, key=_age, reverse=True):
                self._remove(old)
            return _as_head(made)

    def _heads(self) -> list[Any]:
        return [file for file in self._files(f"name = '{_HEAD}'") if _content(file) is not None]

    def _made(self, content: bytes, before: Any) -> Any:
        """The file of the next head, under the id that the one before promised.

        Raises:
            LostRaceError: Another one has that id.
        """
        files = self._client.drive.files()
        body = {
            "name": _HEAD,
            "parents": [self._folder_id],
            "description": base64.b64encode(content).decode(),
            "appProperties": {_NEXT: self._new_id()},
        }
        if before is not None:
            body["id"] = before["appProperties"][_NEXT]
        request = files.create(body=body, fields=_FIELDS, supportsAllDrives=True)
        try:
            return self._client.ask(request, _WHAT)
        except GoogleRefusedError as error:
            if error.reason != _TAKEN:
                raise
        request = files.get(fileId=body["id"], fields=_FIELDS, supportsAllDrives=True)
        found = self._client.ask(request, _WHAT)
        if found.get("appProperties") != body["appProperties"]:
            raise LostRaceError
        return found  # ours: only the answer was lost

    def _new_id(self) -> str:
        request = self._client.drive.files().generateIds(count=1, space="drive")
        new_id: str = self._client.ask(request, _WHAT)["ids"][0]
        return new_id

    def _remove(self, file: Any) -> None:
        request = self._client.drive.files().update(
            fileId=file["id"], body={"trashed": True}, fields="id", supportsAllDrives=True
        )
        with contextlib.suppress(GoogleError):  # the next who swaps does it
            self._client.ask(request, _WHAT)

    # -- objects ---------------------------------------------------------------------------------

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on, in chunks of about `CHUNK`.

        Raises:
            NotInRemoteError: There is none of this name.
            RemoteUnavailableError: No answer just now, or one that was cut short.
            RemoteRefusedError: It will not.
        """
        with _told():
            found = self._found(name)
            if found is None:
                raise NotInRemoteError(name)
            yield from self._downloaded(name, found, start)

    def _downloaded(self, name: str, found: _Object, start: int) -> Iterator[bytes]:
        try:
            for piece in self._client.download(found.id, found.size, _WHAT, start=start):
                for place in range(0, len(piece), CHUNK):
                    yield piece[place : place + CHUNK]
        except GoogleNotFoundError:
            raise NotInRemoteError(name) from None

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with _told():
            if self._found(name) is not None:
                return False
            md5, size = _measured(content)
            stored = self._uploaded(name, content, size)
            if (stored["md5Checksum"], int(stored["size"])) != (md5, size):
                raise RemoteUnavailableError("an object reads back as another one")
            with self._lock:
                self._objects[name] = _Object(stored["id"], size)
            return True

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, in any order, with the sizes they have.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with _told():
            self._list_all()
        with self._lock:
            found = dict(self._objects)
        for name, item in found.items():
            if name.startswith(folder):
                yield Stored(name, item.size)

    def _found(self, name: str) -> _Object | None:
        """An object; all are listed once, since one usually asks for many."""
        if not NAME.fullmatch(name):
            raise NotInRemoteError(name)
        with self._lock:
            is_listed, found = self._is_listed, self._objects.get(name)
        if found is not None:
            return found
        if not is_listed:
            self._list_all()
        else:
            self._note(self._files(f"name = '{name}'"))
        with self._lock:
            return self._objects.get(name)

    def _list_all(self) -> None:
        self._note(self._files())
        with self._lock:
            self._is_listed = True

    def _note(self, files: Iterator[Any]) -> None:
        for file in sorted(files, key=_age):
            if NAME.fullmatch(file["name"]):
                with self._lock:
                    known = _Object(file["id"], int(file.get("size", 0)))
                    self._objects.setdefault(file["name"], known)

    def _uploaded(self, name: str, content: Content, size: int) -> Any:
        from googleapiclient.http import MediaIoBaseUpload  # noqa: PLC0415 - slow to import

        content.seek(0)
        at_once = size <= _LARGEST_AT_ONCE
        media = MediaIoBaseUpload(
            io.BytesIO(content.read()) if at_once else _Positioned(content),
            mimetype="application/octet-stream",
            chunksize=_PIECE,
            resumable=not at_once,
        )
        request = self._client.drive.files().create(
            body={"name": name, "parents": [self._folder_id]},
            media_body=media,
            fields="id,size,md5Checksum",
            supportsAllDrives=True,
        )
        do = self._client.ask if at_once else self._client.upload
        return do(request, _WHAT)

    def _files(self, condition: str = "") -> Iterator[Any]:
        """The files of the folder, page by page."""
        also = f" and {condition}" if condition else ""
        pages = self._client.pages(
            self._client.drive.files().list,
            _WHAT,
            q=f"'{self._folder_id}' in parents and trashed = false{also}",
            fields=f"nextPageToken,files({_FIELDS})",
            pageSize=1000,
            **_SHARED,
        )
        for page in pages:
            yield from page.get("files", [])


class _Positioned:
    """Content that also tells where it is, as uploads in pieces want to know."""

    def __init__(self, content: Content) -> None:
        self.read, self.seek = content.read, content.seek

    def tell(self) -> int:
        return self.seek(0, os.SEEK_CUR)


@contextmanager
def _told() -> Iterator[None]:
    """What Google says, in the words of the remote."""
    try:
        yield
    except GoogleUnavailableError as error:
        raise RemoteUnavailableError(str(error)) from None
    except GoogleRefusedError as error:
        raise RemoteRefusedError(str(error)) from None


def _age(file: Any) -> tuple[str, str]:
    return file["createdTime"], file["id"]


def _newest(heads: list[Any], *more: Any) -> Any:
    """The end of the chain that begins with the oldest head."""
    known = {head["id"]: head for head in (*heads, *more)}
    if not known:
        return None
    found = min(known.values(), key=_age)
    while (following := known.get(found["appProperties"][_NEXT])) is not None:
        found = following
    return found


def _content(file: Any) -> bytes | None:
    """What a head says; None where the file is no head of ours."""
    if _NEXT not in file.get("appProperties", {}):
        return None
    try:
        return base64.b64decode(file.get("description", ""), validate=True)
    except ValueError:
        return None


def _as_head(file: Any) -> Head:
    content = _content(file)
    assert content is not None
    return Head(content, file["id"])


def _measured(content: Content) -> tuple[str, int]:
    digest, size = hashlib.md5(usedforsecurity=False), 0
    content.seek(0)
    while chunk := content.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
