"""What a remote has to be able to do: six verbs over names that mean nothing.

Whatever is stored is encrypted before it comes here. Objects are immutable and named after their
content, so a second put of a name changes nothing; what was removed is never put under its old
name again, so that a removal may arrive late, or twice. One small head says which of them count; it
alone is replaced, and only by whoever saw the one before.

    RemoteError               root
      NotInRemoteError        there is no object of this name (exit code 5)
      RemoteUnavailableError  no answer now, or an answer cut short; asking again may help
      RemoteRefusedError      it will not, whatever is asked again: permission, quota, address
      LostRaceError           another machine replaced the head first (exit code 4)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from adapters import AdapterError

OBJECTS: Final = "objects/"
HEADS: Final = "heads/"
CHUNK: Final = 1 << 20
NAME: Final = re.compile(f"({OBJECTS}|{HEADS})[0-9a-f]{{64}}")
"""The names of all that is put once; whatever else lies in a remote is not ours."""
LEFTOVER: Final = re.compile(f"({OBJECTS}|{HEADS})[0-9a-f]{{2}}/[0-9a-f]{{16}}\\.tmp")
"""The names of what killed writers left in a folder: no objects, and yet to be removed."""


class RemoteError(AdapterError):
    """Something about a remote."""


class NotInRemoteError(RemoteError):
    """There is no object of this name."""

    exit_code = 5

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the remote has no {name[:20]}...; a machine that holds the state can push it again "
            "with `python cli.py state push --repair`"
        )
        self.name = name


class RemoteUnavailableError(RemoteError):
    """The remote does not answer now, or its answer was cut short."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the remote does not answer ({problem}); run the same command again: it goes on "
            "where it stopped"
        )


class RemoteRefusedError(RemoteError):
    """The remote answers, and refuses."""


class LostRaceError(RemoteError):
    """Another machine replaced the head since it was read."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__("another machine pushed first")


@dataclass(frozen=True)
class Head:
    """The head as it was read.

    Attributes:
        content: Its bytes, a kilobyte or less.
        tag: What the back-end needs to know this head again: an ETag, a file's id, a hash.
    """

    content: bytes
    tag: str


@dataclass(frozen=True)
class Stored:
    """An object in a listing."""

    name: str
    size: int


class Content(Protocol):
    """What is put: as a file opened for reading, which can be read more than once."""

    def read(self, size: int = -1, /) -> bytes:
        """Some of it; nothing at its end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place; gives the place."""


class Backend(Protocol):
    """A place for objects and one head. Its methods may be called from several threads.

    Every method raises `RemoteUnavailableError` where asking again may help, after it has done so
    itself for as long as makes sense, and `RemoteRefusedError` where it does not help.
    """

    def head(self) -> Head | None:
        """The head; None before the first push. One request."""

    def get(self, name: str, *, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from a place on, in chunks of about `CHUNK`.

        An answer that is cut short raises `RemoteUnavailableError`: the caller asks again from the
        place that it has come to.

        Raises:
            NotInRemoteError: There is none of this name.
        """

    def put_if_absent(self, name: str, content: Content) -> bool:
        """Store an object, whole or not at all, unless there is one of this name.

        Args:
            name: `objects/` or `heads/`, then 64 hexadecimal digits.
            content: Read from its beginning.

        Returns:
            Whether it was stored: False when there was one.
        """

    def remove(self, name: str) -> bool:
        """Remove an object, or a leftover; that there is none is fine.

        Args:
            name: As it was listed.

        Returns:
            Whether it is gone for good: False when the service keeps it for a while, in a bin.
        """

    def list(self, folder: str) -> Iterator[Stored]:
        """The objects below `objects/` or `heads/`, in any order, with the sizes they have.

        With them come leftovers, and files that are not ours.
        """

    def swap_head(self, content: bytes, expected: Head | None) -> Head:
        """Replace the head, if it still is the expected one, and read it back.

        An answer that got lost is found out about: a head that turns out to be `content` was put.

        Args:
            content: The new head.
            expected: The head as it was read; None when there was none.

        Raises:
            LostRaceError: It is another one by now; that one stays.
        """
