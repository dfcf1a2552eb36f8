"""Objects on their way: encrypted before they leave, verified before they count."""

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from adapters.remote.backend import Backend, RemoteUnavailableError
from adapters.vault import DamagedError
from adapters.vault.age import Identity, Writable, encrypt
from adapters.vault.streaming import decrypt
from registry.objects import make_folder

ATTEMPTS: Final = 4
_PAUSE_SECONDS: Final = 0.1
_IN_MEMORY_BYTES: Final = 4 << 20
STAGED_SUFFIX: Final = ".tmp"


class ChangedError(DamagedError):
    """A file is not what it was registered as."""


def put(
    backend: Backend,
    name: str,
    source: BinaryIO,
    sha256: str,
    recipients: Sequence[str],
    folder: Path,
) -> bool:
    """Encrypt a content and store it; what is stored is what its hash says.

    Args:
        backend: Where to.
        name: Of the object.
        source: The content.
        sha256: What it has to be.
        recipients: Who can open it.
        folder: Where what is encrypted waits, if it is much.

    Raises:
        ChangedError: The content has another hash; nothing was stored.
    """
    hashing = _HashingReader(source)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder)) as waiting:
        encrypt(hashing, waiting, recipients)
        if hashing.sha256 != sha256:
            raise ChangedError(
                getattr(source, "name", "a file"),
                "its bytes are not those that were registered; `python cli.py verify` says more",
            )
        return backend.put_if_absent(name, waiting)


def fetch(
    backend: Backend, name: str, identities: Sequence[Identity], target: "Target", what: str
) -> None:
    """Write the content of an object, and see that it is what it should be.

    Raises:
        DamagedError: It is not; what was written is worth nothing.
    """
    decrypt(Download(backend, name), target, identities, what)
    target.check(what)


class Target(Writable, Protocol):
    """Takes a content, and knows what it has to be."""

    def check(self, what: str) -> None:
        """See that it was the right content."""


class Download(io.RawIOBase):
    """An object that is read from its beginning; an answer cut short is asked for again."""

    def __init__(self, backend: Backend, name: str) -> None:
        self._backend, self._name = backend, name
        self._chunks: Iterator[bytes] = iter(())
        self._chunk, self._place = b"", 0
        self._position = 0
        self._is_open = False

    def read(self, size: int = -1) -> bytes:
        """Some of its bytes; none at its end."""
        if self._place == len(self._chunk):
            self._chunk, self._place = self._next_chunk(), 0
        start = self._place
        self._place = len(self._chunk) if size < 0 else min(start + size, len(self._chunk))
        return self._chunk[start : self._place]  # all of it is itself, and no copy

    def _next_chunk(self) -> bytes:
        for attempt in range(ATTEMPTS):
            try:
                if not self._is_open:
                    self._chunks = self._backend.get(self._name, start=self._position)
                    self._is_open = True
                chunk = next(self._chunks, b"")
            except RemoteUnavailableError:
                self._is_open = False
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(_PAUSE_SECONDS * 2**attempt * (attempt > 0))
            else:
                self._position += len(chunk)
                return chunk
        raise AssertionError


class _HashingReader:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(size)
        self._digest.update(content)
        return content

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Expected:
    """What a content has to be."""

    sha256: str
    size: int


class InMemory:
    """A small content, kept in memory."""

    def __init__(self, expected: Expected | Callable[[bytes], bool], most: int = 64 << 20) -> None:
        self._expected, self._most = expected, most
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def content(self) -> bytes:
        """All that was written."""
        return b"".join(self._parts)

    def write(self, content: bytes) -> int:
        """Take some more."""
        self._size += len(content)
        if self._size > self._most:
            raise DamagedError("the remote", "something small is far too long")
        self._parts.append(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def check(self, what: str) -> None:
        """See that it was the right content."""
        found = self.content
        if callable(self._expected):
            is_right = self._expected(found)
        else:
            is_right = hashlib.sha256(found).hexdigest() == self._expected.sha256
        if not is_right:
            raise DamagedError(what, "its content is another one")


class Dropped:
    """A content that is looked at and not kept."""

    def __init__(self, expected: Expected) -> None:
        self._expected, self._digest = expected, hashlib.sha256()

    def write(self, content: bytes) -> int:
        """Take some more."""
        self._digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def check(self, what: str) -> None:
        """See that it was the right content."""
        if self._digest.hexdigest() != self._expected.sha256:
            raise DamagedError(what, "its content is another one")


class Staged:
    """A content that is written to a file, which takes its name once it is whole.

    It is durable only after `flush_file`: who finds it there later reads it again.
    """

    def __init__(self, folder: Path, expected: Expected) -> None:
        self._path, self._expected = folder / expected.sha256, expected
        self._part = folder / f"{expected.sha256}{STAGED_SUFFIX}"
        make_folder(folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = open(os.open(self._part, flags, 0o600), "wb", buffering=1 << 18)  # noqa: PTH123, SIM115 - a descriptor; `check` closes it
        self._digest, self._size = hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        """Take some more."""
        self._size += len(content)
        if self._size > self._expected.size:
            raise DamagedError("the remote", "an object is longer than its manifest says")
        self._digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        """The end is what counts."""

    def check(self, what: str) -> None:
        """See that it was the right content, and give it its name."""
        if self._digest.hexdigest() != self._expected.sha256:
            raise DamagedError(what, "its content is another one")
        self._file.close()
        self._part.replace(self._path)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def flush_file(path: Path) -> None:
    """Make a file's bytes survive a power cut, and see that nobody writes to it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, 0o400)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_staged(folder: Path, expected: Expected) -> bool:
    """Whether an earlier pull brought this content here, whole."""
    path = folder / expected.sha256
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == expected.sha256
    except OSError:
        return False
