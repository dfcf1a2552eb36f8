"""S3, and whatever speaks like it, as the remote: If-None-Match and If-Match compare and set.

Keys, region and end point come from where the tools of S3 take them: AWS_ACCESS_KEY_ID,
AWS_PROFILE, AWS_ENDPOINT_URL, a role of the machine. None of them is a setting of this program.
"""

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import s3fs
from aiohttp import ClientError as ClientConnectionError
from botocore.exceptions import BotoCoreError, ClientError

from adapters.remote.backend import (
    Content,
    Head,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
    Stored,
)

BLOCK: Final = 2 << 20
_HEAD: Final = "head"
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_BEYOND: Final = frozenset({"InvalidRange", "416"})
_PASSING: Final = frozenset({
    "InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling",
    "500", "502", "503", "504",
})  # fmt: skip

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Block:
    """Some bytes of an object, its ETag, and how many bytes it has in all."""

    content: bytes
    tag: str
    total: int


class S3Backend:
    """Objects below a prefix of a bucket.

    Args:
        address: `s3://bucket/prefix`.
    """

    def __init__(self, address: str) -> None:
        bucket, _, prefix = address.partition("://")[2].partition("/")
        if not bucket:
            raise RemoteRefusedError("PDP_REMOTE: no bucket; it looks like s3://bucket/folder")
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._files = s3fs.S3FileSystem(use_listings_cache=False)

    def head(self) -> Head | None:
        """The head; None before the first push."""
        try:
            found = self._ask(self._read(_HEAD), _HEAD)
        except NotInRemoteError:
            return None
        return Head(found.content, found.tag)

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on, block by block, the next one on its way.

        Raises:
            NotInRemoteError: There is none of this name.
        """
        coming = self._coming(name, start)
        is_end = False
        while not is_end:
            try:
                block = _answered(coming, name)
            except _BeyondEndError:
                return
            start += len(block.content)
            is_end = start >= block.total
            if not is_end:
                coming = self._coming(name, start)
            yield block.content

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name."""
        content.seek(0)
        try:
            self._ask(self._call("put_object", name, Body=content, IfNoneMatch="*"), name)
        except LostRaceError:
            return False
        return True

    def remove(self, name: str) -> bool:
        """Remove an object, where the bucket keeps versions also that one; none is fine.

        Returns:
            Whether it is gone for good: False where the key in use may only hide it.
        """
        with contextlib.suppress(NotInRemoteError):
            found = self._ask(self._call("head_object", name), name)
            version = {"VersionId": found["VersionId"]} if found.get("VersionId") else {}
            try:
                self._ask(self._call("delete_object", name, **version), name)
            except RemoteRefusedError:
                if not version:
                    raise
                self._ask(self._call("delete_object", name), name)
                return False
        return True

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, a thousand a request."""
        token: dict[str, str] = {}
        while True:
            request = self._requested("list_objects_v2", Prefix=self._prefix + folder, **token)
            answer = self._ask(request, folder)
            for found in answer.get("Contents", ()):
                yield Stored(found["Key"].removeprefix(self._prefix), found["Size"])
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        Raises:
            LostRaceError: It is another one by now; that one stays.
        """
        condition = {"IfMatch": expected.tag} if expected else {"IfNoneMatch": "*"}
        try:
            self._ask(self._call("put_object", _HEAD, Body=content, **condition), _HEAD)
        except (LostRaceError, RemoteUnavailableError, NotInRemoteError) as error:
            return self._swapped(content, error)
        return self._swapped(content, RemoteUnavailableError("the head reads back as another"))

    def _swapped(self, content: bytes, error: Exception) -> Head:
        """The head, if it is the new one: an answer got lost, and the request was repeated."""
        found = self.head()
        if found is None or found.content != content:
            raise LostRaceError if isinstance(error, NotInRemoteError) else error
        return found

    def _coming(self, name: str, start: int) -> "Future[Block]":
        span = f"bytes={start}-{start + BLOCK - 1}"
        return asyncio.run_coroutine_threadsafe(self._read(name, Range=span), self._files.loop)

    async def _read(self, name: str, **options: str) -> Block:
        answer = await self._call("get_object", name, **options)
        try:
            content = await answer["Body"].read()
        finally:
            answer["Body"].close()
        return Block(content, answer["ETag"], _total(answer))

    def _call(self, verb: str, name: str, **options: Any) -> Coroutine[Any, Any, Any]:
        return self._requested(verb, Key=self._prefix + name, **options)

    async def _requested(self, verb: str, **options: Any) -> Any:
        return await self._files._call_s3(verb, Bucket=self._bucket, **options)  # noqa: SLF001 - what its own methods are made of

    def _ask(self, request: Coroutine[Any, Any, Answer], name: str) -> Answer:
        return _answered(asyncio.run_coroutine_threadsafe(request, self._files.loop), name)


def _answered(coming: "Future[Answer]", name: str) -> Answer:
    """An answer, or our error for what went wrong."""
    try:
        return coming.result()
    except (TimeoutError, OSError, BotoCoreError, ClientError, ClientConnectionError) as error:
        raise _translated(error, name) from error


def _translated(error: BaseException, name: str) -> Exception:
    response = getattr(error.__cause__ or error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    if code in _LOST:
        return LostRaceError()
    if code in _ABSENT:
        return NotInRemoteError(name)
    if code in _BEYOND:
        return _BeyondEndError(name)
    if not code or code in _PASSING:
        return RemoteUnavailableError(code or type(error).__name__)
    return RemoteRefusedError(
        f"PDP_REMOTE: the remote refuses ({code}): see that the bucket exists and that the key in "
        "use may list, read, write and delete there"
    )


class _BeyondEndError(NotInRemoteError):
    """The object ends before the place that was asked for."""


def _total(answer: Mapping[str, Any]) -> int:
    match = re.fullmatch(r"bytes \d+-\d+/(\d+)", answer.get("ContentRange", ""))
    return int(match[1]) if match else int(answer["ContentLength"])
