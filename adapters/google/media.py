"""The bytes of a file at Google, range by range; a lost answer is asked for again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from adapters.google.client import GoogleClient
from adapters.google.errors import GoogleUnavailableError

PIECE: Final = 8 << 20
_PARTIAL, _WHOLE, _BEYOND = 206, 200, 416
_GENERATION: Final = "x-goog-generation"


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file.

    Attributes:
        content: The bytes; none where the file ends before them.
        total: How many the file has in all.
        generation: Which content of its name Cloud Storage says this is; elsewhere nothing.
    """

    content: bytes
    total: int
    generation: str


def download(client: GoogleClient, request: Any, what: str, *, start: int = 0) -> Iterator[bytes]:
    """The bytes of a file from a place on.

    Args:
        client: How Google is asked.
        request: A `get_media`.
        what: What it is, in words for people.
        start: The place.

    Raises:
        GoogleError: They cannot be had; what was yielded counts for nothing.
    """
    total = start + 1
    while start < total:
        found = piece(client, request, what, start)
        if not found.content and start < found.total:
            raise GoogleUnavailableError("a file changed while it was read; run again")
        total = found.total
        start += len(found.content)
        yield found.content
        del found  # not two of them at a time


def piece(client: GoogleClient, request: Any, what: str, first: int = 0) -> Piece:
    """The bytes of a file from a place on, as many as come at once.

    Raises:
        GoogleError: They cannot be had.
    """
    span = f"bytes={first}-{first + PIECE - 1}"
    headers = {**request.headers, "range": span, "accept-encoding": "identity"}

    def attempt(http: Any) -> Piece:
        answer, content = http.request(request.uri, headers=headers)
        return _understood(answer, content, first)

    found: Piece = client.patiently(attempt, what)
    return found


def _understood(answer: Any, content: bytes, first: int) -> Piece:
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - slow to import

    generation = answer.get(_GENERATION, "")
    if answer.status == _WHOLE:
        return Piece(content[first:], len(content), generation)
    if answer.status not in {_PARTIAL, _BEYOND}:
        raise HttpError(answer, content)
    told = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", answer.get("content-range", ""))
    if told is None:
        raise GoogleUnavailableError("Google did not say how long a file is; run again later")
    return Piece(content if answer.status == _PARTIAL else b"", int(told[1]), generation)
