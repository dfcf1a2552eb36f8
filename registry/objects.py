"""Immutable, content-addressed files, and the one way in which a file is written durably.

A file's place holds its SHA-256, so a second write of the same bytes changes nothing and a replace
destroys nothing. A file is written under a temporary name, flushed, read back and compared before
it takes its place; the folder is flushed after. A temporary file that a killed process left behind
is removed by the next writer, under the profile's lock.
"""

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry import RegistryError

CHUNK: Final = 1 << 20
TEMPORARY_SUFFIX: Final = ".tmp"


class WriteError(RegistryError):
    """Bytes could not be written durably; what stood there before still stands."""


@dataclass(frozen=True)
class StoredBytes:
    """What was written: the content's SHA-256 and its length."""

    sha256: str
    size: int


def make_folder(folder: Path) -> None:
    """Create a private folder (0700) with its parents, each one durable in its own parent."""
    missing: list[Path] = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        flush_folder(path.parent)


def make_lasting_folder(folder: Path) -> None:
    """The same for a folder that others may have made and not flushed: killed, before they could.

    Flushed is every name on the way to it, up to a folder in which nobody like us can make any.
    """
    make_folder(folder)
    for parent in folder.absolute().parents:
        if not os.access(parent, os.R_OK | os.W_OK):
            break
        flush_folder(parent)


def flush_file_system(descriptor: int) -> None:
    """Make all that was written to the file system of an open file survive a power cut."""
    import ctypes  # noqa: PLC0415 - slow to import, and hardly ever needed

    flush = getattr(ctypes.CDLL(None), "syncfs", None)
    if flush is None or flush(descriptor) != 0:
        os.sync()


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of_file(path: Path) -> StoredBytes:
    """Hash a file's bytes; a link is refused."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks_of(path):
        digest.update(chunk)
        size += len(chunk)
    return StoredBytes(digest.hexdigest(), size)


def _chunks_of(path: Path) -> Iterator[memoryview]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        buffer = memoryview(bytearray(CHUNK))
        while count := file.readinto(buffer):
            yield buffer[:count]


@dataclass(frozen=True)
class PendingFile:
    """Bytes that are flushed and verified, but not yet visible under their name."""

    path: Path
    stored: StoredBytes

    def publish(self, target: Path) -> None:
        """Give the bytes their name. The name is durable when this returns."""
        _take_place(self.path, target)
        flush_folder(target.parent)

    def discard(self) -> None:
        """Remove the bytes; they never were visible."""
        _remove(self.path)


def _take_place(path: Path, target: Path) -> None:
    """Rename a file to where something else may stand; a folder there is moved out of the way."""
    try:
        path.replace(target)
    except IsADirectoryError:
        rename_aside(target)
        path.replace(target)


def rename_aside(path: Path) -> Path:
    """Give what is damaged another name beside its own. Nothing is deleted."""
    number = 1
    while os.path.lexists(path.with_name(f"{path.name}.damaged-{number}")):
        number += 1
    return path.rename(path.with_name(f"{path.name}.damaged-{number}"))


def publish_together(files: Sequence[tuple[PendingFile, Path]]) -> None:
    """Give several files their names; all names are durable when this returns.

    Raises:
        WriteError: Some names could not be given.
    """
    try:
        for file, target in files:
            _take_place(file.path, target)
        for folder in sorted({target.parent for _, target in files}):
            flush_folder(folder)
    except OSError as error:
        where = error.filename2 or error.filename or files[0][1].parent
        raise WriteError(f"{where}: cannot be replaced ({error.strerror})") from error


def write_pending(
    folder: Path, chunks: Iterable[bytes | memoryview], *, mode: int, prefix: str = ""
) -> PendingFile:
    """Write bytes into `folder` under a temporary name, flush them, read them back.

    Args:
        folder: An existing folder, on the file system of the final place.
        chunks: The bytes.
        mode: Permission bits of the finished file, whatever the umask.
        prefix: How the temporary name begins.

    Raises:
        WriteError: The bytes could not be written, flushed or read back as they were. A failed
            flush is final: the kernel may have dropped the pages, so it is never tried again.
    """
    path = folder / f"{prefix}{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    try:
        written = _write_flushed(path, chunks, mode)
        same = sha256_of_file(path) == written
    except OSError as error:
        _remove(path)
        raise WriteError(
            f"{folder}: cannot write ({error.strerror}); free some space or mend the folder, "
            "then run again: nothing was changed"
        ) from error
    except BaseException:
        _remove(path)
        raise
    if not same:
        _remove(path)
        raise WriteError(f"{folder}: a written file read back differently; check the disk")
    return PendingFile(path, written)


def _remove(path: Path) -> None:
    """Remove a temporary file. Where that fails, the next writer does it."""
    with contextlib.suppress(OSError):
        path.unlink()


def _write_flushed(path: Path, chunks: Iterable[bytes | memoryview], mode: int) -> StoredBytes:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    digest, size = hashlib.sha256(), 0
    with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    return StoredBytes(digest.hexdigest(), size)


def replace_file(target: Path, chunks: Iterable[bytes | memoryview], *, mode: int = 0o600) -> None:
    """Replace a file by other bytes, whole or not at all, and durably.

    Raises:
        WriteError: It could not be written; what stood there before still stands.
    """
    try:
        make_folder(target.parent)
    except OSError as error:
        raise WriteError(f"{target.parent}: cannot be made ({error.strerror})") from error
    pending = write_pending(target.parent, chunks, mode=mode)
    try:
        publish_together([(pending, target)])
    except WriteError:
        pending.discard()
        raise


def leftovers_in(folder: Path) -> Iterator[Path]:
    """Temporary files that killed writers left directly in a folder."""
    if folder.is_dir():
        yield from folder.glob(f"*{TEMPORARY_SUFFIX}")


class ContentStore:
    """A folder of immutable files, each at `<hh>/<sha256>/<name>` with mode 0400."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._place = str(root)

    def folder(self, sha256: str) -> Path:
        """Where the bytes with this hash are, or would be."""
        return self.root / sha256[:2] / sha256

    def path(self, sha256: str, name: str) -> Path:
        """The file with this hash."""
        return self.folder(sha256) / name

    def holds(self, sha256: str, name: str, size: int) -> bool:
        """Whether a regular file of this size stands there (its bytes are not read)."""
        try:
            found = os.lstat(f"{self._place}/{sha256[:2]}/{sha256}/{name}")
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size

    def verify(self, sha256: str, name: str) -> bool:
        """Whether the file there has the bytes that its place claims."""
        try:
            return sha256_of_file(self.path(sha256, name)).sha256 == sha256
        except OSError:
            return False

    def add(self, chunks: Iterable[bytes | memoryview], name: str) -> StoredBytes:
        """Store bytes durably, unless they are there already.

        Raises:
            WriteError: They could not be written.
        """
        make_folder(self.root)
        pending = write_pending(self.root, chunks, mode=0o400)
        try:
            target = self.path(pending.stored.sha256, name)
            make_folder(target.parent)
            pending.publish(target)
        except OSError as error:
            pending.discard()
            raise WriteError(f"{self.root}: cannot write ({error.strerror})") from error
        return pending.stored

    def leftovers(self) -> Iterator[Path]:
        """Temporary files of writers that were killed."""
        yield from leftovers_in(self.root)
