"""What Google's back-ends share: a patient client, uploads, and errors in the remote's words."""

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import (
    NO_ADVICE,
    GoogleNotFoundError,
    GoogleRefusedError,
    GoogleUnavailableError,
)
from adapters.google.media import download
from adapters.remote.backend import (
    CHUNK,
    Content,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
)
from adapters.settings import Settings

_PATIENCE_SECONDS: Final = 120.0
_LARGEST_AT_ONCE: Final = 4 << 20
_PIECE: Final = 8 << 20


def client_of(
    settings: Settings, purpose: str, advice: Mapping[str, str] = NO_ADVICE
) -> GoogleClient:
    """A client with the service account of the settings.

    Raises:
        GoogleSetupError: The packages are missing, or the key cannot be used.
    """
    return GoogleClient(
        settings.google_credentials_file,
        (purpose,),
        endpoint=settings.google_endpoint,
        budget_seconds=_PATIENCE_SECONDS,
        advice=advice,
    )


@contextmanager
def told() -> Iterator[None]:
    """What Google says, in the words of the remote.

    Raises:
        RemoteUnavailableError: No answer just now.
        RemoteRefusedError: It will not.
    """
    try:
        yield
    except GoogleUnavailableError as error:
        raise RemoteUnavailableError(str(error)) from None
    except GoogleRefusedError as error:
        raise RemoteRefusedError(str(error)) from None


def downloaded(
    client: GoogleClient, request: Any, what: str, name: str, start: int
) -> Iterator[bytes]:
    """The bytes of an object from a place on, in chunks of about `CHUNK`.

    Raises:
        NotInRemoteError: There is none.
    """
    try:
        for piece in download(client, request, what, start=start):
            for place in range(0, len(piece), CHUNK):
                yield piece[place : place + CHUNK]
            del piece  # the next one takes its place in memory
    except GoogleNotFoundError:
        raise NotInRemoteError(name) from None


def uploaded(
    client: GoogleClient, method: Any, content: Content, what: str, **parameters: Any
) -> Any:
    """The answer to an upload: at once where it is little, else in pieces that are tried again."""
    from googleapiclient.http import MediaIoBaseUpload  # noqa: PLC0415 - slow to import

    at_once = content.seek(0, os.SEEK_END) <= _LARGEST_AT_ONCE
    content.seek(0)
    media = MediaIoBaseUpload(
        io.BytesIO(content.read()) if at_once else _Positioned(content),
        mimetype="application/octet-stream",
        chunksize=_PIECE,
        resumable=not at_once,
    )
    request = method(media_body=media, **parameters)
    return client.ask(request, what) if at_once else client.upload(request, what)


class _Positioned:
    """Content that also tells where it is, as uploads in pieces want to know."""

    def __init__(self, content: Content) -> None:
        self.read, self.seek = content.read, content.seek

    def tell(self) -> int:
        return self.seek(0, os.SEEK_CUR)


def md5_of(content: Content) -> bytes:
    """The hash that Google tells of what it stored."""
    digest = hashlib.md5(usedforsecurity=False)
    content.seek(0)
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return digest.digest()
