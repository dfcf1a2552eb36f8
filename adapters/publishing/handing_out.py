"""Files for others, outside the profile: whole or not at all, private, and never overwritten.

FileInTheWayError     a file of this name is there already
NoFileError           what is there is no file that could be replaced
"""

import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from adapters import AdapterError
from registry.objects import (
    TEMPORARY_SUFFIX,
    PendingFile,
    StoredBytes,
    flush_folder,
    make_lasting_folder,
    publish_together,
    write_pending,
)

_PREFIX: Final = ".export-"
_UNFINISHED: Final = re.compile(
    rf"{re.escape(_PREFIX)}(\d+)-[0-9a-f]+{re.escape(TEMPORARY_SUFFIX)}"
)


class NoFileError(AdapterError):
    """What is there is no file: replacing it would take away a device, a pipe or a link."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is no regular file; choose another --out, or `-` for stdout")


class FileInTheWayError(AdapterError):
    """A file of this name is there, and nobody said that it may be overwritten."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already; choose another --out, or say --overwrite")


def hand_out(
    files: Mapping[Path, bytes | memoryview], *, overwrite: bool = False
) -> dict[Path, StoredBytes]:
    """Write files that only their owner can read; all are written before one is visible.

    What killed exports left half-written in the same folder is removed.

    Args:
        files: The bytes of each.
        overwrite: Whether a file of the same name may be replaced.

    Raises:
        FileInTheWayError: One is there already; nothing was written.
        NoFileError: A device, a pipe, a link or a folder is there; nothing was written.
        WriteError: There is no room, or the folder cannot be written.
    """
    if overwrite:
        _refuse_odd(files)
    else:
        _refuse_existing(files)
    pending: list[tuple[PendingFile, Path]] = []
    try:
        for path, content in files.items():
            pending.append((_written(path.parent, content), path))
        if overwrite:
            publish_together(pending)
        else:
            for file, path in pending:
                _take_free_name(file.path, path)
    finally:
        for file, _ in pending:
            file.discard()
    return {path: file.stored for file, path in pending}


@contextmanager
def growing_file(path: Path) -> Iterator[BinaryIO]:
    """A file that only its owner can read, written bit by bit; named once all of it is there.

    Raises:
        FileInTheWayError: Something of this name is there.
    """
    _refuse_existing([path])
    _prepare(path.parent)
    part = path.parent / f"{_own_prefix()}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            yield file
            file.flush()
            os.fsync(descriptor)
        _take_free_name(part, path)
    finally:
        part.unlink(missing_ok=True)


def _written(folder: Path, content: bytes | memoryview) -> PendingFile:
    _prepare(folder)
    return write_pending(folder, [content], mode=0o600, prefix=_own_prefix())


def _own_prefix() -> str:
    return f"{_PREFIX}{os.getpid()}-"


def _prepare(folder: Path) -> None:
    make_lasting_folder(folder)
    for path in folder.glob(f"{_PREFIX}*"):
        unfinished = _UNFINISHED.fullmatch(path.name)
        if unfinished and not _is_running(int(unfinished[1])):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _refuse_existing(paths: Iterable[Path]) -> None:
    for path in paths:
        if os.path.lexists(path):
            raise FileInTheWayError(path)


def _refuse_odd(paths: Iterable[Path]) -> None:
    for path in paths:
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise NoFileError(path)


def _take_free_name(part: Path, path: Path) -> None:
    """A second name for the bytes, which unlike a rename replaces nothing."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise FileInTheWayError(path) from None
    except OSError:  # a file system without second names, as on a memory stick
        _refuse_existing([path])
        part.rename(path)
    flush_folder(path.parent)
