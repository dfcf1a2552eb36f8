"""The child process that turns a passphrase into an identity; started by `unwrapping`.

It reads a limit of its memory, the length of the passphrase, the passphrase and the wrapped
identity from stdin, and writes the identity to stdout: nothing secret is in its arguments, in its
environment or in a file. Its exit code says what went wrong.
"""

import resource
import sys
from typing import Final

from adapters.vault.wrapping import NotWholeError, OtherPassphraseError, unwrapped

WRONG_PASSPHRASE: Final = 3
NOT_WHOLE: Final = 4
TOO_MUCH: Final = 5
_PROBLEMS: Final = {
    OtherPassphraseError: WRONG_PASSPHRASE,
    NotWholeError: NOT_WHOLE,
    MemoryError: TOO_MUCH,
}


def main() -> int:
    """Do it, and say how it went."""
    stdin = sys.stdin.buffer
    limit, length = (int(number) for number in stdin.readline().split())
    passphrase = stdin.read(length).decode()
    wrapped = stdin.read()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        identity = unwrapped(wrapped, passphrase)
    except tuple(_PROBLEMS) as error:
        return _PROBLEMS[type(error)]
    sys.stdout.buffer.write(identity)
    return 0
