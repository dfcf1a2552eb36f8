"""When a file's stamp (what `lstat` says) proves that its bytes are those read before.

A file system's clock ticks. A file that changes twice within one tick keeps its stamp, so a stamp
proves something only if a tick lies between the file's last change and the reading of it.

    ReadError             a file could not be read, or is none
        ChangedError      it changed while it was read; try again later
"""

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from registry import RegistryError
from registry.objects import CHUNK, TEMPORARY_SUFFIX

PATIENCE_NS: Final = 50_000_000
PAUSE_NS: Final = 1_500_000


class ReadError(RegistryError):
    """A file cannot be read; `reason` is a sentence without the file's name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChangedError(ReadError):
    """A file changed while it was read."""

    def __init__(self) -> None:
        super().__init__("it changed while it was read; run again when it is complete")


class Stamp(NamedTuple):
    """What moves when a file changes."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp within an answer of `lstat` or `fstat`."""
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


StampReader = Callable[[os.stat_result], Stamp]


def stamp_of_file(path: Path, stamp_of: StampReader = stamp_of) -> Stamp:
    """The stamp of a regular file; links are not followed.

    Raises:
        ReadError: There is no such file.
    """
    try:
        found = os.lstat(path)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    if not stat.S_ISREG(found.st_mode):
        raise ReadError("it is no regular file; put the file itself there")
    return stamp_of(found)


def unchanged_bytes(
    path: Path, stamp: Stamp, stamp_of: StampReader = stamp_of
) -> Iterator[memoryview]:
    """The bytes of the file with this stamp; each piece is gone when the next one is asked for.

    Raises:
        ReadError: They cannot be read, or the stamp moved: what was yielded counts for nothing.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            yield from _bounded(file.readinto, stamp.size)
            stamps = {stamp_of(os.fstat(descriptor)), stamp_of(os.lstat(path))}
    except OSError as error:
        raise _unreadable(error) from None
    if stamps != {stamp}:
        raise ChangedError


def _bounded(readinto: Callable[[memoryview], int | None], size: int) -> Iterator[memoryview]:
    """The bytes of an open file, and an error rather than more than `size` of them."""
    buffer = memoryview(bytearray(min(CHUNK, size + 1)))
    while count := readinto(buffer):
        size -= count
        if size < 0:
            raise ChangedError
        yield buffer[:count]


def _unreadable(error: OSError | ValueError) -> ReadError:
    what = getattr(error, "strerror", None) or "no usable name"
    return ReadError(f"it cannot be read ({what}); check its permissions, or copy it again")


def wait_until_settled(stamp: Stamp, folder: Path, stamp_of: StampReader = stamp_of) -> bool:
    """Wait a moment until every later change of a file is bound to move its stamp.

    Ask before reading: a change between the reading and the question would go unseen. The clock
    that counts is the file system's, so a new file in `folder` tells what time it is.

    Args:
        stamp: The file's stamp.
        folder: A folder on the same file system.
        stamp_of: Reads stamps.

    Returns:
        False if the stamp cannot be trusted: hash the file at the next run too.
    """
    changed_ns = max(stamp.mtime_ns, stamp.ctime_ns)
    for _ in range(PATIENCE_NS // PAUSE_NS):
        now = _probe(folder, stamp_of)
        if now is None or now.device != stamp.device or changed_ns > now.mtime_ns + PATIENCE_NS:
            return False
        if changed_ns < now.mtime_ns:
            return True
        time.sleep(PAUSE_NS / 1e9)
    return False


def _probe(folder: Path, stamp_of: StampReader) -> Stamp | None:
    path = folder / f"{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        return stamp_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
