"""One writer a profile: a lock that the system itself releases when its holder dies.

ProfileBusy               another run holds the profile (exit code 75)
LockUnavailableError      the lock file cannot be opened (exit code 1)
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters import AdapterError
from registry.database import RegistryWriteError
from registry.objects import WriteError, flush_file_system, make_lasting_folder

LOCK_NAME: Final = "lock"
_PAUSE_SECONDS: Final = 0.05
_held: Final[set[int]] = set()


class ProfileBusy(AdapterError):  # noqa: N818 - a state of affairs, nobody's mistake
    """Another run holds the profile: which process, and since when, if it said so."""

    exit_code = 75

    def __init__(self, folder: Path, pid: int | None, since_utc: str | None) -> None:
        who = f"process {pid}, since {since_utc}" if pid else "it did not say which"
        super().__init__(
            f"{folder}: another run holds this profile ({who}); wait until it ends, "
            "then run again: nothing was changed"
        )
        self.pid = pid
        self.since_utc = since_utc


class LockUnavailableError(AdapterError):
    """The lock file cannot be opened."""

    exit_code = 1


@contextmanager
def profile_lock(folder: Path, *, wait_seconds: float = 10.0) -> Iterator[None]:
    """Hold the profile in this folder, for as long as the block lasts.

    Who was killed, or met a disk that failed, leaves a mark; whoever comes next flushes first.

    Raises:
        ProfileBusy: Another process held it all the time.
        LockUnavailableError: The folder cannot be made, or its lock not be opened.
    """
    descriptor = _acquired(folder, wait_seconds)
    _held.add(descriptor)
    try:
        _settle(descriptor)
        _say_who(descriptor)
        yield
    except (WriteError, RegistryWriteError, OSError):
        _let_go(descriptor, is_sound=False)
        raise
    finally:
        _let_go(descriptor, is_sound=True)


def _let_go(descriptor: int, *, is_sound: bool) -> None:
    if descriptor in _held:
        _held.remove(descriptor)
        if is_sound:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _acquired(folder: Path, wait_seconds: float) -> int:
    descriptor = _opened(folder)
    try:
        _wait(folder, descriptor, time.monotonic() + wait_seconds)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(folder: Path, descriptor: int, deadline: float) -> None:
    while not _is_locked(folder, descriptor):
        if time.monotonic() >= deadline:
            raise _busy(folder, descriptor)
        time.sleep(_PAUSE_SECONDS)


def _is_locked(folder: Path, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unavailable(folder, error) from error
    return True


def _opened(folder: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        if not (folder / LOCK_NAME).exists():
            make_lasting_folder(folder)
        descriptor = os.open(folder / LOCK_NAME, flags, 0o600)
        if os.fstat(descriptor).st_mode & 0o777 != 0o600:  # noqa: PLR2004
            os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise _unavailable(folder, error) from error
    return descriptor


def _unavailable(folder: Path, error: OSError) -> LockUnavailableError:
    return LockUnavailableError(
        f"{folder}: cannot be locked ({error.strerror}); make the folder writable, or name "
        "another with PDP_HOME"
    )


def _settle(descriptor: int) -> None:
    """Flush what a marked holder left: files that are seen, but that may not last."""
    if os.fstat(descriptor).st_size:
        flush_file_system(descriptor)


def _say_who(descriptor: int) -> None:
    """A courtesy, and the mark of a holder that never let go; one byte fits on a full disk."""
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps({"pid": os.getpid(), "since_utc": since})
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 1)
        os.pwrite(descriptor, text.encode(), 0)


def _busy(folder: Path, descriptor: int) -> ProfileBusy:
    try:
        holder: dict[str, Any] = json.loads(os.pread(descriptor, 1000, 0))
        return ProfileBusy(folder, holder["pid"], holder["since_utc"])
    except (OSError, ValueError, LookupError, TypeError):
        return ProfileBusy(folder, None, None)


def _let_go_in_child() -> None:
    """A forked worker that outlives its parent must not keep the profile."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
