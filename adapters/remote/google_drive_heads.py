"""Heads in a folder of Google Drive, which promises no compare-and-set, but what makes one.

An id that Drive generated serves for one file: a second create with it is refused. So each head is
a file of its own that names the id of the head to come, and whoever creates that one first has
won. And what a file's description says comes with a listing, so a head (a kilobyte) is had by one
request.

Of the very first heads of a remote, which no head promised an id, the oldest counts: each writer
reads back whether it is its own. Superseded heads go to the bin, the newest first, so that what is
left always begins with the chain that counts.
"""

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleError, GoogleNotFoundError, GoogleRefusedError
from adapters.remote.backend import Head, LostRaceError

WHAT: Final = "the folder of the remote state"
ADVICE: Final = {
    "insufficientFilePermissions": (
        "{account} may not write to {what}, or not remove from it: in the shared drive click "
        "Manage members and make it Content manager; of a folder elsewhere, click Share and make "
        "it Editor"
    ),
}
_HEAD: Final = "head"
_NEXT: Final = "next"
_TAKEN: Final = "fileIdInUse"
_FORBIDDEN: Final = "insufficientFilePermissions"
_FIELDS: Final = "id,name,size,createdTime,description,appProperties"


@dataclass
class DriveFolder:
    """A folder, and how Drive is asked for what is in it."""

    client: GoogleClient
    id: str
    _may_delete: bool = True

    def files(self, condition: str = "") -> Iterator[Any]:
        """Its files, page by page."""
        also = f" and {condition}" if condition else ""
        pages = self.client.pages(
            self.client.files.list,
            WHAT,
            q=f"'{self.id}' in parents and trashed = false{also}",
            fields=f"nextPageToken,files({_FIELDS})",
            pageSize=1000,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
        )
        for page in pages:
            yield from page.get("files", [])

    def remove(self, file_id: str) -> bool:
        """Delete a file, which in a shared drive only its managers may; else it goes to the bin.

        Returns:
            Whether it is gone for good.
        """
        may_delete = self._may_delete
        try:
            if may_delete:
                self._delete(file_id)
            else:
                self.trash(file_id)
        except GoogleNotFoundError:
            return True
        except GoogleRefusedError as error:
            if error.reason != _FORBIDDEN or not may_delete:
                raise
            self._may_delete = False
            return self.remove(file_id)
        return may_delete

    def _delete(self, file_id: str) -> None:
        request = self.client.files.delete(fileId=file_id, supportsAllDrives=True)
        self.client.ask(request, WHAT)

    def trash(self, file_id: str) -> None:
        """Put a file into the bin."""
        request = self.client.files.update(
            fileId=file_id, body={"trashed": True}, fields="id", supportsAllDrives=True
        )
        self.client.ask(request, WHAT)


class HeadChain:
    """The heads of a folder; the last one counts."""

    def __init__(self, folder: DriveFolder) -> None:
        self._folder, self._client = folder, folder.client

    def head(self) -> Head | None:
        """The head; None before the first one. One request."""
        found = _newest(self._heads())
        return _as_head(found) if found else None

    def swap(self, content: bytes, expected: Head | None) -> Head:
        """Add a head, if the expected one still is the last.

        Raises:
            LostRaceError: It is another one by now; that one stays.
        """
        heads = self._heads()
        newest = _newest(heads)
        if (_as_head(newest) if newest else None) != expected:
            raise LostRaceError
        made = self._made(content, newest)
        if newest is None and _newest(self._heads(), made)["id"] != made["id"]:
            self._remove(made)
            raise LostRaceError
        superseded = [old for old in heads if newest is None or old["id"] != newest["id"]]
        for old in sorted(superseded, key=age, reverse=True):
            self._remove(old)
        return _as_head(made)

    def _heads(self) -> list[Any]:
        found = self._folder.files(f"name = '{_HEAD}'")
        return [file for file in found if _content(file) is not None]

    def _made(self, content: bytes, before: Any) -> Any:
        """The file of the next head, under the id that the one before promised.

        Raises:
            LostRaceError: Another one has that id.
        """
        files = self._client.files
        body = {
            "name": _HEAD,
            "parents": [self._folder.id],
            "description": base64.b64encode(content).decode(),
            "appProperties": {_NEXT: self._new_id()},
        }
        if before is not None:
            body["id"] = before["appProperties"][_NEXT]
        request = files.create(body=body, fields=_FIELDS, supportsAllDrives=True)
        try:
            return self._client.ask(request, WHAT)
        except GoogleRefusedError as error:
            if error.reason != _TAKEN:
                raise
        request = files.get(fileId=body["id"], fields=_FIELDS, supportsAllDrives=True)
        found = self._client.ask(request, WHAT)
        if found.get("appProperties") != body["appProperties"]:
            raise LostRaceError
        return found  # ours: only the answer was lost

    def _new_id(self) -> str:
        request = self._client.files.generateIds(count=1, space="drive")
        new_id: str = self._client.ask(request, WHAT)["ids"][0]
        return new_id

    def _remove(self, file: Any) -> None:
        with contextlib.suppress(GoogleError):  # the next who swaps does it
            self._folder.trash(file["id"])


def age(file: Any) -> tuple[str, str]:
    """What puts files in the order in which they were made."""
    return file["createdTime"], file["id"]


def _newest(heads: list[Any], *more: Any) -> Any:
    """The end of the chain that begins with the oldest head."""
    known = {head["id"]: head for head in (*heads, *more)}
    if not known:
        return None
    found = min(known.values(), key=age)
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
