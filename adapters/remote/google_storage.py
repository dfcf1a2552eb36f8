"""A Google Cloud Storage bucket as the remote: the generation of an object compares and sets.

Each content that a name ever had is numbered, and a write says which number it follows: 0 where
there must be none. A write whose answer got lost is asked for again and then refused because of
itself; so a put that is refused means that the object is there, and a swap that is refused looks.
"""

import base64
import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleNotFoundError, GoogleRefusedError, GoogleUnavailableError
from adapters.google.media import piece
from adapters.remote.backend import (
    Content,
    Head,
    LostRaceError,
    RemoteRefusedError,
    RemoteUnavailableError,
    Stored,
)
from adapters.remote.google_transfer import client_of, downloaded, md5_of, told, uploaded
from adapters.settings import Settings

_ADDRESS: Final = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/+(.*))?")
_HEAD: Final = "head"
_ABSENT: Final = "0"
_ANOTHER: Final = "conditionNotMet"
_SPOILT: Final = "invalid"  # what is not as its MD5 says is not stored
_RETAINED: Final = (
    "{what} forbids that what is in it is replaced or removed, and the head of the state is "
    "replaced at each push: remove "
    "the retention policy or hold (Buckets > the bucket > Protection), or name another bucket"
)
ADVICE: Final = {
    "403": (
        "{account} may not read and replace what is in {what}: in Google's console, Cloud Storage "
        "> Buckets > the bucket > Permissions > Grant access, paste {account}, choose the role "
        "Storage Object User and click Save"
    ),
    "404": (
        "{what} is not there: check its name in PDP_REMOTE, or make it in Google's console, Cloud "
        "Storage > Buckets > Create"
    ),
    "accountDisabled": "the project of {what} has no billing account in use: open Billing there",
    "retentionPolicyNotMet": _RETAINED,
    "objectUnderActiveHold": _RETAINED,
}


def bucket_and_prefix(address: str) -> tuple[str, str]:
    """What `gs://bucket/folder` names; the prefix is empty or ends with a slash.

    Raises:
        RemoteRefusedError: It names no bucket.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise RemoteRefusedError("PDP_REMOTE: no bucket; it looks like gs://bucket/folder")
    folder = (found[2] or "").strip("/")
    return found[1], f"{folder}/" if folder else ""


def google_storage(address: str, settings: Settings) -> "GoogleStorageBackend":
    """The back-end for a bucket, with the service account of the settings.

    Raises:
        RemoteRefusedError: The address names no bucket.
        GoogleSetupError: The packages are missing, or the key cannot be used.
    """
    place = bucket_and_prefix(address)
    return GoogleStorageBackend(client_of(settings, "bucket", ADVICE), *place)


class GoogleStorageBackend:
    """Objects below a prefix of a bucket.

    Args:
        client: How Cloud Storage is asked.
        bucket: The bucket's name.
        prefix: What the names in it begin with.
    """

    def __init__(self, client: GoogleClient, bucket: str, prefix: str = "") -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._what = f"the bucket {bucket}"

    def head(self) -> Head | None:
        """The head; None before the first push. One request, if there is one."""
        with told():
            try:
                found = piece(self._client, self._media(_HEAD), self._what)
            except GoogleNotFoundError:
                self._see_bucket()
                return None
            return Head(found.content, found.generation)

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on, in chunks of about `CHUNK`.

        Raises:
            NotInRemoteError: There is none of this name.
        """
        with told():
            yield from downloaded(self._client, self._media(name), self._what, name, start)

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name."""
        with told():
            return self._generation(name, content, follows=_ABSENT) is not None

    def remove(self, name: str) -> bool:
        """Remove an object, also from a bucket that keeps versions; that there is none is fine.

        Raises:
            RemoteUnavailableError: No answer just now.
            RemoteRefusedError: It will not.
        """
        place = {"bucket": self._bucket, "object": self._prefix + name}
        objects = self._client.objects
        with told(), contextlib.suppress(GoogleNotFoundError):
            found = self._client.ask(objects.get(**place, fields="generation"), self._what)
            request = objects.delete(**place, generation=found["generation"])
            self._client.ask(request, self._what)
        return True

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, a thousand a request."""
        with told():
            for found in self._found(folder, maxResults=1000):
                yield Stored(found["name"].removeprefix(self._prefix), int(found["size"]))

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        Raises:
            LostRaceError: It is another one by now; that one stays.
        """
        follows = expected.tag if expected else _ABSENT
        with told():
            try:
                made = self._generation(_HEAD, io.BytesIO(content), follows=follows)
            except GoogleUnavailableError as error:
                return self._swapped(content, error)
            return Head(content, made) if made else self._swapped(content, LostRaceError())

    def _swapped(self, content: bytes, error: Exception) -> Head:
        """The head, if it is the new one: an answer got lost."""
        found = self.head()
        if found is None or found.content != content:
            raise error
        return found

    def _generation(self, name: str, content: Content, *, follows: str) -> str | None:
        """The number of what was written; None where it does not follow that one."""
        md5 = base64.b64encode(md5_of(content)).decode()
        try:
            stored = uploaded(
                self._client,
                self._client.objects.insert,
                content,
                self._what,
                bucket=self._bucket,
                body={"name": self._prefix + name, "md5Hash": md5},
                ifGenerationMatch=follows,
                fields="generation",
            )
        except GoogleRefusedError as error:
            if error.reason == _SPOILT:
                raise RemoteUnavailableError("an object arrived as another one") from None
            if error.reason != _ANOTHER:
                raise
            return None
        return str(stored["generation"])

    def _media(self, name: str) -> Any:
        return self._client.objects.get_media(bucket=self._bucket, object=self._prefix + name)

    def _found(self, folder: str, **options: Any) -> Iterator[Any]:
        pages = self._client.pages(
            self._client.objects.list,
            self._what,
            bucket=self._bucket,
            prefix=self._prefix + folder,
            fields="nextPageToken,items(name,size)",
            **options,
        )
        for page in pages:
            yield from page.get("items", [])

    def _see_bucket(self) -> None:
        """A bucket that is not there is no empty one."""
        next(self._found("", maxResults=1), None)
