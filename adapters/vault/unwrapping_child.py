"""The child process that turns a passphrase into an identity; started by `unwrapping`.

It reads a limit of its memory, the length of the passphrase, the passphrase and the wrapped
identity from stdin, and writes the identity to stdout: nothing secret is in its arguments, in its
environment or in a file. Its exit code says what went wrong.
"""

import resource
import sys
from typing import Final

WRONG_PASSPHRASE: Final = 3
NOT_WHOLE: Final = 4
TOO_MUCH: Final = 5
_PROBLEMS: Final = {"Decryption failed": WRONG_PASSPHRASE, "Excessive work": TOO_MUCH}


def _main() -> int:
    stdin = sys.stdin.buffer
    limit, length = (int(number) for number in stdin.readline().split())
    passphrase = stdin.read(length).decode()
    wrapped = stdin.read()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pyrage  # noqa: PLC0415 - its threads' stacks come before the limit

    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        identity = pyrage.passphrase.decrypt(wrapped, passphrase)
    except pyrage.DecryptError as error:
        problem = str(error)
        return next((code for words, code in _PROBLEMS.items() if words in problem), NOT_WHOLE)
    sys.stdout.buffer.write(identity)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
