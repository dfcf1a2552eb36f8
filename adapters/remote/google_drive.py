"""A Google Drive folder as the remote; a shared drive's, since service accounts have no storage.

Objects are files, found by their names; names need not be unique on Drive, and of two files of one
name, which have one content, the older serves.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.google.client import GoogleClient
from adapters.remote.backend import (
    NAME,
    Content,
    Head,
    NotInRemoteError,
    RemoteUnavailableError,
    Stored,
)
from adapters.remote.google_drive_heads import ADVICE, WHAT, DriveFolder, HeadChain, age
from adapters.remote.google_transfer import client_of, downloaded, md5_of, told, uploaded
from adapters.settings import Settings


def google_drive(folder_id: str, settings: Settings) -> "GoogleDriveBackend":
    """The back-end for a folder, with the service account of the settings.

    Raises:
        GoogleSetupError: The packages are missing, or the key cannot be used.
    """
    return GoogleDriveBackend(client_of(settings, "state", ADVICE), folder_id)


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
        self._client, self._folder = client, DriveFolder(client, folder_id)
        self._chain = HeadChain(self._folder)
        self._objects: dict[str, list[_Object]] = {}
        self._is_listed = False
        self._lock = threading.Lock()

    def head(self) -> Head | None:
        """The head; None before the first push. One request.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with told():
            return self._chain.head()

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        Raises:
            LostRaceError: It is another one by now; that one stays.
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with told():
            return self._chain.swap(content, expected)

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on, in chunks of about `CHUNK`.

        Raises:
            NotInRemoteError: There is none of this name.
            RemoteUnavailableError: No answer just now, or one that was cut short.
            RemoteRefusedError: It will not.
        """
        with told():
            found = self._found(name)
            if found is None:
                raise NotInRemoteError(name)
            request = self._client.files.get_media(fileId=found.id, supportsAllDrives=True)
            yield from downloaded(self._client, request, WHAT, name, start)

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with told():
            if self._found(name) is not None:
                return False
            stored = uploaded(
                self._client,
                self._client.files.create,
                content,
                WHAT,
                body={"name": name, "parents": [self._folder.id]},
                fields="id,size,md5Checksum",
                supportsAllDrives=True,
            )
            if stored["md5Checksum"] != md5_of(content).hex():
                raise RemoteUnavailableError("an object reads back as another one")
            with self._lock:
                self._objects.setdefault(name, []).append(
                    _Object(stored["id"], int(stored["size"]))
                )
            return True

    def remove(self, name: str) -> bool:
        """Remove an object, each file of its name; that there is none is fine.

        Returns:
            Whether it is gone for good: False where the account may only put it into the bin,
            which Drive empties after 30 days.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with told():
            self._found(name)
            with self._lock:
                found = self._objects.pop(name, [])
            return False not in [self._folder.remove(item.id) for item in found]

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, in any order, with the sizes they have.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        with told():
            self._list_all()
        with self._lock:
            found = [Stored(name, files[0].size) for name, files in self._objects.items()]
        yield from (stored for stored in found if stored.name.startswith(folder))

    def _found(self, name: str) -> _Object | None:
        """An object; all are listed once, since one usually asks for many."""
        if not NAME.fullmatch(name):
            raise NotInRemoteError(name)
        with self._lock:
            is_listed, found = self._is_listed, self._objects.get(name)
        if found:
            return found[0]
        if not is_listed:
            self._list_all()
        else:
            self._note(f"name = '{name}'")
        with self._lock:
            return next(iter(self._objects.get(name, ())), None)

    def _list_all(self) -> None:
        self._note()
        with self._lock:
            self._is_listed = True

    def _note(self, condition: str = "") -> None:
        for file in sorted(self._folder.files(condition), key=age):
            if NAME.fullmatch(file["name"]):
                with self._lock:
                    known = self._objects.setdefault(file["name"], [])
                    if file["id"] not in {one.id for one in known}:
                        known.append(_Object(file["id"], int(file.get("size", 0))))
