"""Encrypting to recipients and decrypting with identities, as streams, in the age format."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import pyrage
from pyrage import x25519

from adapters.vault import BadKeyError, DamagedError, NoKeyError, NotAgeError

MAGIC: Final = b"age-encryption.org/"
_SECRET: Final = "AGE-SECRET-KEY-"  # noqa: S105 - how such a line begins
_NO_KEY: Final = "No matching keys found"
_NO_HEADER: Final = ("Header is invalid", "failed to fill whole buffer")


class Identity(Protocol):
    """A secret key; its text is the line of an identity file."""

    def to_public(self) -> object:
        """Its public key."""


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """Some of them; none at the end."""


class Writable(Protocol):
    """Where bytes go."""

    def write(self, content: bytes, /) -> int:
        """Take some more."""

    def flush(self) -> None:
        """Hold nothing back."""


def new_identity() -> Identity:
    """A new pair of keys."""
    made: Identity = x25519.Identity.generate()
    return made


def identities_in(text: str, what: str) -> list[Identity]:
    """The secret keys of an age identity file.

    Raises:
        BadKeyError: A line is none, or there is no line.
    """
    found: list[Identity] = []
    for number, line in _lines(text):
        try:
            found.append(x25519.Identity.from_str(line))
        except pyrage.IdentityError:
            raise BadKeyError(what, number, f"is no key; it begins with {_SECRET}") from None
    if not found:
        raise BadKeyError(what, 1, f"and the rest hold no key; one begins with {_SECRET}")
    return found


def recipients_in(text: str, what: str) -> list[str]:
    """The public keys of an age recipients file, each one once.

    Raises:
        BadKeyError: A line is none.
    """
    found: dict[str, None] = {}
    for number, line in _lines(text):
        try:
            x25519.Recipient.from_str(line)
        except pyrage.RecipientError:
            raise BadKeyError(
                what, number, "is no public key of age; such a line begins with age1"
            ) from None
        found[line] = None
    return list(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def encrypt(source: Readable, target: Writable, recipients: Iterable[str]) -> None:
    """Write what can be read, encrypted to every recipient."""
    keys = [x25519.Recipient.from_str(recipient) for recipient in recipients]
    pyrage.encrypt_io(source, target, keys)


def decrypt(source: Readable, target: Writable, identities: Sequence[Identity], what: str) -> None:
    """Write what was encrypted. What has been written is worth nothing if this raises.

    Raises:
        NoKeyError: None of the identities opens it.
        DamagedError: It is not whole.
        NotAgeError: It was not made by age.
    """
    watched = _Watched(source)
    try:
        pyrage.decrypt_io(watched, target, identities)
    except (pyrage.DecryptError, OSError) as error:
        if watched.error is not None:
            raise watched.error from None
        if getattr(error, "errno", None):
            raise
        raise _translated(str(error), watched.beginning, what) from None


class _Watched:
    """A source whose own errors are not lost on the way through the library."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.error: BaseException | None = None
        self.beginning = b""

    def read(self, size: int = -1) -> bytes:
        try:
            content = self._source.read(size)
        except BaseException as error:
            self.error = error
            raise
        self.beginning = self.beginning or content[: len(MAGIC)]
        return content


def _translated(problem: str, beginning: bytes, what: str) -> Exception:
    if beginning != MAGIC:
        return NotAgeError(what)
    if problem == _NO_KEY:
        return NoKeyError(what)
    if problem in _NO_HEADER:
        return DamagedError(what, "its header")
    return DamagedError(what, "its content" if "MAC" not in problem else "its header")


def work_factor(wrapped: bytes) -> int | None:
    """How dear it is to try a passphrase; None if nothing is wrapped with one here.

    Source: https://age-encryption.org/v1, the scrypt recipient stanza.
    """
    match = re.match(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]+ (\d{1,2})\n", wrapped)
    return int(match[1]) if match else None
