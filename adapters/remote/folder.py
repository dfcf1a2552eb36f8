"""A folder as the remote: a disk, a stick, a mounted share. This is the backup."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.remote.backend import (
    CHUNK,
    LEFTOVER,
    NAME,
    Content,
    Head,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
    Stored,
)
from registry.objects import (
    PendingFile,
    WriteError,
    flush_file_system,
    flush_folder,
    leftovers_in,
    make_folder,
    replace_file,
    write_pending,
)

_HEAD: Final = "head"
_LOCK: Final = "lock"


class FolderBackend:
    """Objects are plain files; a file appears under its name only when it is whole and durable.

    Args:
        root: The folder; it is made when something is put.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def head(self) -> Head | None:
        """The head; None before the first push.

        Raises:
            RemoteRefusedError: It cannot be read, or the folder is not there.
        """
        try:
            return _as_head((self._root / _HEAD).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(self._root, error) from error

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on.

        Raises:
            NotInRemoteError: There is none of this name.
            RemoteRefusedError: It cannot be read.
        """
        try:
            with self._path(name).open("rb", buffering=0) as file:
                file.seek(start)
                while chunk := file.read(CHUNK):
                    yield chunk
        except FileNotFoundError:
            raise NotInRemoteError(name) from None
        except OSError as error:
            raise _refused(self._root, error) from error

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name.

        Raises:
            RemoteRefusedError: It cannot be written.
        """
        path = self._path(name)
        if path.exists():
            return False
        try:
            make_folder(path.parent)
            try:
                return _put(path, content)
            except (OSError, WriteError) as error:
                if not isinstance(error.__cause__ or error, FileNotFoundError):
                    raise
                return _put(path, content)  # a prune took what was written for a leftover
        except (OSError, WriteError) as error:
            raise _refused(self._root, error) from error

    def remove(self, name: str) -> bool:
        """Remove an object; that there is none is fine. It stays removed when the power fails.

        Raises:
            RemoteRefusedError: It cannot be removed.
        """
        path = self._root / name if LEFTOVER.fullmatch(name) else self._path(name)
        try:
            path.unlink(missing_ok=True)
            flush_folder(path.parent)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise _refused(self._root, error) from error
        return True

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, in any order, and leftovers.

        Raises:
            RemoteRefusedError: The folder cannot be read.
        """
        try:
            for path in (self._root / folder).glob("??/*"):
                name = folder + path.name
                if not NAME.fullmatch(name):
                    name = f"{folder}{path.parent.name}/{path.name}"
                if NAME.fullmatch(name) or LEFTOVER.fullmatch(name):
                    with contextlib.suppress(FileNotFoundError):  # gone since it was seen
                        yield Stored(name, path.stat().st_size)
        except OSError as error:
            raise _refused(self._root, error) from error

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        What a killed push put, and could not flush, is flushed before a head leads to it.

        Raises:
            LostRaceError: It is another one by now; that one stays.
            RemoteRefusedError: It cannot be written.
        """
        try:
            make_folder(self._root)
            with self._locked() as lock:
                found = self.head()
                if found != expected:
                    raise LostRaceError
                flush_file_system(lock)
                for path in leftovers_in(self._root):
                    path.unlink(missing_ok=True)
                replace_file(self._root / _HEAD, [content])
                found = self.head()
        except (OSError, WriteError) as error:
            raise _refused(self._root, error) from error
        if found is None or found.content != content:
            raise RemoteUnavailableError("the head reads back as another one")
        return found

    @contextmanager
    def _locked(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._root / _LOCK, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise NotInRemoteError(name)
        folder, _, digits = name.partition("/")
        return self._root / folder / digits[:2] / digits


def _as_head(content: bytes) -> Head:
    return Head(content, hashlib.sha256(content).hexdigest())


def _put(path: Path, content: Content) -> bool:
    content.seek(0)
    return _linked(write_pending(path.parent, _chunks(content), mode=0o400), path)


def _linked(pending: PendingFile, path: Path) -> bool:
    """Give the bytes their name, unless it is taken."""
    try:
        path.hardlink_to(pending.path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: two writers would write the same content
        pending.path.replace(path)
    finally:
        with contextlib.suppress(OSError):
            pending.discard()
    flush_folder(path.parent)
    return True


def _chunks(content: Content) -> Iterator[bytes]:
    while chunk := content.read(CHUNK):
        yield chunk


def _refused(root: Path, error: Exception) -> RemoteRefusedError:
    what = getattr(error, "strerror", None) or str(error)
    return RemoteRefusedError(f"{root}: {what}; mend the folder, or name another with PDP_REMOTE")
