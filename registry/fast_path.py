"""Is anything moved since the last conclusion? The answer in the time that Python needs to start.

A run that found everything up to date leaves a snapshot: what Python and the program were started
with, the stamp of everything that it read, and its answer. If all of that is still so, the answer
still holds. Whatever is odd means "don't know", and another path decides.

Imports here are those that Python's own start has made already. A larger one costs more than all
the rest; so there are neither annotations from `typing` nor paths of `pathlib`.
"""

import marshal
import os
import sys
import time
from _imp import source_hash
from _operator import attrgetter

from registry.streams import say

TYPE_CHECKING = False  # as in `typing`, which is slow to import
if TYPE_CHECKING:
    from typing import Any

_COARSE_CLOCK = 5  # Linux: the clock that its file systems write into stamps

SNAPSHOT = "snapshot"
PROOF = "proof"
LOG = "logs/pipeline.log"
LARGEST_LOG_BYTES = 1 << 20
RUN_ID, SECONDS = "\ue000run\ue000", "\ue000seconds\ue000"  # stand for them in an answer

# Beginnings of the names in the environment that are read: by Python and libraries; by settings.
_MACHINE = ("PYTHON", "HAMILTON_", "ARROW_", "PANDERA_", "LD_")
_SETTINGS = ("PDP_", "LC_", "LANG", "TZ", "HOME")
_SET_BY_ADAPTERS = "HAMILTON_AUTOLOAD_EXTENSIONS"
_SECRET_WORDS = ("PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL")

_MARK = b"personal-data-pipeline snapshot 1, Python %x\n" % sys.hexversion
_END = b"\nend of the snapshot\n"
_SEAL_KEY, _SEAL_BYTES = 0x5EA1, 8

stamp_of = attrgetter("st_dev", "st_ino", "st_mode", "st_size", "st_mtime_ns", "st_ctime_ns")


def clock_ns() -> int:
    """What a file that changed right now would have as its stamp, or a little less."""
    try:
        return time.clock_gettime_ns(_COARSE_CLOCK)
    except (AttributeError, OSError):
        return time.time_ns() - 20_000_000


STARTED_NS = clock_ns()


class Asked:
    """A command line that can be answered here: a plain run, with all sources or without."""

    __slots__ = ("as_json", "home", "is_quiet", "profile", "skip_ingestion")

    def __init__(self) -> None:
        self.home: str | None = None
        self.profile: str | None = None
        self.skip_ingestion = self.as_json = self.is_quiet = False

    def selects(self) -> tuple[bool, str | None, str | None]:
        """What the conclusion depends on; the rest is how it is told."""
        return self.skip_ingestion, self.home, self.profile


def asked_by(arguments: list[str]) -> Asked | None:
    """The meaning of a command line; None where only the whole grammar can tell."""
    asked = Asked()
    words = iter(arguments)
    is_named = False
    for word in words:
        name, equals, value = word.partition("=")
        if name in ("--home", "--profile"):
            if not equals:
                value = next(words, "")
            if not value or value[0] == "-":
                return None
            setattr(asked, name[2:], value)
        elif word == "run" and not is_named:
            is_named = True
        elif word == "--json":
            asked.as_json = True
        elif word == "--quiet":
            asked.is_quiet = True
        elif word == "--skip-ingestion":
            asked.skip_ingestion = True
        else:
            return None
    return asked


def profile_folders(asked: Asked) -> list[str]:
    """Where the snapshot may be. A guess will do: the snapshot proves that it was the right one."""
    environment = os.environ
    told = _dotenv() if os.path.exists(".env") else {}  # noqa: PTH110 - pathlib is slow to import
    home = asked.home
    if home is None:
        home = environment.get("PDP_HOME") or told.get("PDP_HOME") or "data"
        if home[:2] == "~/":
            home = environment.get("HOME", "~") + home[1:]
    name = asked.profile or environment.get("PDP_PROFILE") or told.get("PDP_PROFILE")
    return [f"{home}/{found}" for found in ((name,) if name else ("me", "demo"))]


def _dotenv() -> dict[str, str]:
    found = {}
    with open(".env", encoding="utf-8-sig") as lines:  # noqa: PTH123
        for line in lines:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            found[name.strip()] = value.strip().strip("'\"")
    return found


def machine() -> tuple[object, ...]:
    """What Python was started with."""
    return (
        sys.version,
        sys.executable,
        sys.prefix,
        sys.base_prefix,
        tuple(sys.flags),
        tuple(sys.warnoptions),
        tuple(sys.path),
        os.geteuid(),
        os.getegid(),
        _environment(_MACHINE, b""),
    )


def told(asked: Asked, salt: bytes) -> tuple[object, ...]:
    """What the program was started with, apart from the output's form; secrets are hashed."""
    return os.getcwd(), asked.selects(), _environment(_SETTINGS, salt)  # noqa: PTH109


def _environment(beginnings: tuple[str, ...], salt: bytes) -> tuple[tuple[str, str], ...]:
    found = [
        (name, _hidden(value, salt) if _is_secret(name) else value)
        for name, value in os.environ.items()
        if name.upper().startswith(beginnings) and name != _SET_BY_ADAPTERS
    ]
    return tuple(sorted(found))


def _is_secret(name: str) -> bool:
    return not name.endswith("_FILE") and any(word in name.upper() for word in _SECRET_WORDS)


def _hidden(value: str, salt: bytes) -> str:
    from hashlib import blake2b  # noqa: PLC0415 - only where there is a secret

    return blake2b(value.encode("utf-8", "surrogateescape"), key=salt).hexdigest()


# -- the file ------------------------------------------------------------------------------------


def sealed(content: "Any") -> bytes:
    """A snapshot's bytes: marks at both ends, and a checksum over what is between them."""
    body = marshal.dumps(content)
    return b"".join((_MARK, source_hash(_SEAL_KEY, body), body, _END))


def unsealed(data: bytes) -> "Any":
    """What was sealed; None if a byte is missing or different, or another Python wrote it."""
    start = len(_MARK) + _SEAL_BYTES
    body = data[start : -len(_END)]
    if not (data.startswith(_MARK) and data.endswith(_END) and len(data) > start + len(_END)):
        return None
    if source_hash(_SEAL_KEY, body) != data[len(_MARK) : start]:
        return None
    return marshal.loads(body)  # noqa: S302 - the file is the user's own, as the program is


def contents(path: str) -> "Any":
    """What was sealed into a file; None if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return unsealed(os.read(descriptor, os.fstat(descriptor).st_size))
    except OSError:
        return None
    finally:
        os.close(descriptor)


# -- stamps --------------------------------------------------------------------------------------


def stamps(paths: list[str]) -> bytes:
    """The stamps of files that are there, in one piece.

    Raises:
        OSError: One is missing.
    """
    return marshal.dumps([*map(stamp_of, map(os.lstat, paths))], 2)


def write_ahead_stamp(path: str) -> tuple[int, ...] | None:
    """The stamp of SQLite's log; none and an empty one say the same."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return tuple(stamp_of(found)) if found.st_size else None


def followed(paths: list[str]) -> list[tuple[int, ...] | None]:
    """The stamps of what links lead to."""
    return [_target_stamp(path) for path in paths]


def _target_stamp(path: str) -> tuple[int, ...] | None:
    try:
        return tuple(stamp_of(os.stat(path)))  # noqa: PTH116
    except FileNotFoundError:
        return None


def absent(paths: list[str]) -> bool:
    """Whether nothing is at these places, as before."""
    return not any(map(os.path.lexists, paths))


# -- the answer ----------------------------------------------------------------------------------


def answered(arguments: list[str]) -> int | None:
    """Tell that everything is up to date and return the exit code; None: don't know."""
    try:
        asked = asked_by(arguments)
        found = _proven(asked) if asked else None
        if asked is None or found is None:
            return None
        folder, answer = found
        facts = note_run(folder, answer, "fast")
    except Exception:  # noqa: BLE001 - whatever it is, another path looks closer
        return None
    return tell(answer, asked, facts)


def _proven(asked: Asked) -> "tuple[str, tuple[Any, ...]] | None":
    for folder in profile_folders(asked):
        proof = contents(f"{folder}/{SNAPSHOT}/{PROOF}")
        if proof is not None:
            answer = _answer_of(proof, asked, folder)
            return None if answer is None else (folder, answer)
    return None


def _answer_of(proof: "Any", asked: Asked, folder: str) -> "tuple[Any, ...] | None":
    place, started, salt, entries, *seen = proof
    if place != os.path.abspath(folder) or started != machine():  # noqa: PTH100
        return None
    now = told(asked, salt)
    answer = next((answer for then, answer in entries if then == now), None)
    return answer if answer is not None and is_as_seen(*seen) else None


def is_as_seen(
    paths: list[str],
    before: bytes,
    links: list[str],
    targets: list[object],
    missing: list[str],
    log: str,
    log_stamp: object,
) -> bool:
    """Whether every stamp is still what it was.

    Raises:
        OSError: A file is gone.
    """
    return (
        write_ahead_stamp(log) == log_stamp
        and absent(missing)
        and followed(links) == targets
        and stamps(paths) == before
    )


def note_run(folder: str, answer: "tuple[Any, ...]", path: str) -> tuple[str, float]:
    """Leave the run's line in the log; its id, and how long it took.

    Raises:
        OSError: There is no log yet, it is full, or it cannot be written.
    """
    now = time.time()
    moment = time.gmtime(now)
    run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', moment)}-{os.urandom(3).hex()}"
    seconds = max(0.0, now - STARTED_NS / 1e9)
    line = (
        f'{{"time": "{time.strftime("%Y-%m-%dT%H:%M:%S", moment)}.{int(now % 1 * 1000):03d}Z", '
        f'"level": "info", "event": "run_up_to_date", "run": "{run_id}", '
        f'"generation": {answer[0]}, "path": "{path}", '
        f'"counts": {{"nodes_run": 0}}, "seconds": {seconds:.3f}}}\n'
    ).encode()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(f"{folder}/{LOG}", flags, 0o600)
    try:
        if os.fstat(descriptor).st_size > LARGEST_LOG_BYTES or os.write(descriptor, line) < len(
            line
        ):
            raise OSError("the log is full")
    finally:
        os.close(descriptor)
    return run_id, seconds


def tell(answer: "tuple[Any, ...]", asked: Asked, facts: tuple[str, float]) -> int:
    """Print an answer in the form that was asked for, and return its exit code."""
    _, exit_code, warnings, text, document = answer
    run_id, seconds = facts
    if warnings:
        sys.stderr.write(warnings)
    if asked.as_json:
        shown = document.decode().replace(SECONDS, f"{round(seconds, 3)}")
        say(shown.replace(RUN_ID, run_id))
    elif not asked.is_quiet:
        shown = text.replace(SECONDS, f"{seconds:.1f}")
        is_plain = os.environ.get("TERM", "dumb") in ("dumb", "unknown") or not sys.stdout.isatty()
        say(f"{shown}\n" if is_plain else f"\33[1m{shown}\33[0m\n")
    return int(exit_code)
