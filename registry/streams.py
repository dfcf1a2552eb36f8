"""Standard streams as they may be: closed, full, in an old encoding, cut off by their reader.

Imported by every start; so, as in `fast_path`, nothing larger is imported.
"""

import os
import sys

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def make_usable() -> None:
    """Stand in for closed streams, and show `?` for what stdout's encoding does not know.

    The descriptor of a closed stream would be given to the next file that is opened, and whatever
    writes to the stream would write into that file.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]


def say(text: "str | bytes | memoryview") -> None:
    """Print to stdout. Whoever closes a pipe has seen enough: that is no failure.

    Raises:
        SystemExit: It cannot be written: a full disk.
    """
    try:
        if isinstance(text, str):
            sys.stdout.write(text)
        else:
            sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            sys.exit(f"error: the result cannot be printed: {error.strerror}")
