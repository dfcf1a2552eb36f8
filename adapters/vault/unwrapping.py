"""A passphrase and a wrapped identity make an identity, in a child process of limited memory.

Scrypt takes a second or more and hundreds of megabytes, which the server gets back when the child
ends, and a limit of the child's memory stops nobody else. One child runs at a time.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

from adapters.vault import (
    BusyError,
    DamagedError,
    NotAgeError,
    PassphraseError,
    VaultError,
    WrongPassphraseError,
)
from adapters.vault.age import work_factor
from adapters.vault.unwrapping_child import TOO_MUCH, WRONG_PASSPHRASE
from adapters.vault.wrapping import scrypt_memory_bytes

MOST_BYTES: Final = 2 << 30
MOST_WAITING: Final = 8
_HEADROOM_BYTES: Final = 256 << 20
_PATIENCE_SECONDS: Final = 120
_WHAT: Final = "the wrapped identity"
_START: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from adapters.vault.unwrapping_child import main; sys.exit(main())"
)
_COMMAND: Final = (sys.executable, "-I", "-c", _START, str(Path(__file__).resolve().parents[2]))


class UnwrapMemoryError(VaultError):
    """Unwrapping takes more memory than there is, or than is allowed."""

    exit_code = 1

    def __init__(self, needed: int) -> None:
        super().__init__(
            f"opening the vault takes {needed >> 20:,} MB of memory, more than there is or than is "
            f"allowed ({MOST_BYTES >> 20:,} MB); use a machine with more, or the recovery key with "
            "PDP_IDENTITY_FILE"
        )


def unwrap(wrapped: bytes, passphrase: str) -> str:
    """The text of the identity file.

    Raises:
        WrongPassphraseError: The passphrase is another one.
        DamagedError: The wrapped identity is not whole.
        NotAgeError: It is no file of age, or not one with a passphrase.
        UnwrapMemoryError: It takes too much memory.
    """
    needed, message = _request(wrapped, passphrase)
    done = subprocess.run(  # noqa: S603 - our own file
        _COMMAND, input=message, capture_output=True, env={}, timeout=_PATIENCE_SECONDS, check=False
    )
    return _identity(done.returncode, done.stdout, needed)


class Unwrapper:
    """Unwraps without holding up an event loop: one at a time, a few wait, the rest is refused."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._turn = asyncio.Lock()
        self._most_waiting = most_waiting
        self._waiting = 0

    async def unwrap(self, wrapped: bytes, passphrase: str) -> str:
        """The text of the identity file.

        Raises:
            BusyError: Too many wait already.
            VaultError: As `unwrap` raises it.
        """
        if self._waiting >= self._most_waiting:
            raise BusyError
        self._waiting += 1
        try:
            async with self._turn:
                return await _unwrapped(wrapped, passphrase)
        finally:
            self._waiting -= 1


async def _unwrapped(wrapped: bytes, passphrase: str) -> str:
    needed, message = _request(wrapped, passphrase)
    child = await asyncio.create_subprocess_exec(
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        found, _ = await asyncio.wait_for(child.communicate(message), _PATIENCE_SECONDS)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _identity(child.returncode, found, needed)


def _request(wrapped: bytes, passphrase: str) -> tuple[int, bytes]:
    factor = work_factor(wrapped)
    if factor is None:
        raise NotAgeError(_WHAT)
    needed = scrypt_memory_bytes(factor)
    if needed > MOST_BYTES:
        raise UnwrapMemoryError(needed)
    secret = passphrase.encode()
    if not secret:
        raise PassphraseError("the passphrase is empty")
    return needed, b"%d %d\n%b%b" % (needed + _HEADROOM_BYTES, len(secret), secret, wrapped)


def _identity(exit_code: int | None, found: bytes, needed: int) -> str:
    if exit_code == 0:
        return found.decode()
    if exit_code == WRONG_PASSPHRASE:
        raise WrongPassphraseError
    if exit_code == TOO_MUCH or (exit_code or 0) < 0:
        raise UnwrapMemoryError(needed)
    raise DamagedError(_WHAT, "its bytes are not those that were written")
