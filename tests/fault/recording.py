"""The system calls of a process that change files below a folder, recorded and struck by strace.

recorded   runs a command and tells every such call, with the bytes that it wrote
struck     runs it again and does something to it at one of these calls
"""

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

CHANGING = (
    "write", "pwrite64", "writev", "pwritev", "ftruncate", "truncate", "fallocate",
    "fsync", "fdatasync", "sync", "syncfs",
    "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat",
    "symlink", "symlinkat", "unlink", "unlinkat", "chmod", "fchmod", "fchmodat",
)  # fmt: skip
OPENING = ("open", "openat", "creat")
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)")
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_ARGUMENT = re.compile(r'"[^"]*"|[^,]+')


def _is_usable() -> bool:
    if shutil.which("strace") is None:
        return False
    probe = ["strace", "-qq", "-e", "trace=none", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


needs_strace = pytest.mark.skipif(
    not _is_usable(), reason="strace is missing or may not trace: apt-get install strace"
)


@dataclass(frozen=True)
class Call:
    """A system call that succeeded.

    Attributes:
        name: Its name.
        nth: How many calls of this name the thread had made by then, with it: strace's `when`.
        path: What it changes, or makes durable.
        arguments: The rest: a new path, bytes, an offset, a mode, flags.
        descriptor: The descriptor that it opened, or used.
    """

    name: str
    nth: int
    path: Path
    arguments: tuple[str | bytes, ...]
    descriptor: int | None = None

    def __str__(self) -> str:
        return f"{self.name} number {self.nth} on {'/'.join(self.path.parts[-2:])}"

    def struck_by(self, effect: str) -> str:
        """This call with another effect, in strace's words: `signal=SIGKILL`, `error=EIO`."""
        return f"{self.name}:{effect}:when={self.nth}"

    @property
    def new_path(self) -> Path | None:
        """Where a file is after the call, if it was renamed or given a second name."""
        if not self.name.startswith(("rename", "link")):
            return None
        return Path([name for name in self.arguments if isinstance(name, bytes)][-1].decode())

    @property
    def is_sync(self) -> bool:
        """Whether it makes something durable."""
        return "sync" in self.name


def recorded(
    command: Sequence[str], environment: Mapping[str, str], below: Path, effect: str = ""
) -> tuple[int, list[Call]]:
    """Run a command: its exit code, and the calls that changed something below a folder."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as file:
        names = ",".join(f"?{name}" for name in (*CHANGING, *OPENING))
        tell = ["-y", "-xx", "-s", "1000000000", "-e", f"trace={names}", "-o", file.name]
        done = _traced(tell, [effect] if effect else [], command, environment)
        return done.returncode, list(_calls(file, below))


def struck(
    command: Sequence[str], environment: Mapping[str, str], *effects: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command in which calls have other effects: what `Call.struck_by` says."""
    names = ",".join({effect.partition(":")[0] for effect in effects})
    return _traced(["-e", f"trace={names}", "-o", "/dev/null"], effects, command, environment)


def _traced(
    options: Sequence[str],
    effects: Sequence[str],
    command: Sequence[str],
    environment: Mapping[str, str],
) -> "subprocess.CompletedProcess[str]":
    strike = [part for effect in effects for part in ("-e", f"inject={effect}")]
    # Under a filter of the kernel's, strace is faster, and delivers no signals.
    speed = [] if any("signal" in effect for effect in effects) else ["--seccomp-bpf"]
    return subprocess.run(
        ["strace", "-f", "-qq", *speed, *options, *strike, *command],
        env={**environment, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def _calls(lines: Iterator[str], below: Path) -> Iterator[Call]:
    made: Counter[tuple[str, str]] = Counter()
    for thread, name, text, result in _whole_lines(lines):
        made[thread, name] += 1
        if result < 0:
            continue
        arguments = [_argument(part.strip()) for part in _ARGUMENT.findall(text)]
        nth = made[thread, name]
        is_of_all = name == "sync"
        call = Call(name, nth, below, ()) if is_of_all else _call(name, nth, arguments, result)
        if call is not None and call.path.is_relative_to(below):
            yield call


def _whole_lines(lines: Iterator[str]) -> Iterator[tuple[str, str, str, int]]:
    """Thread, name, arguments, result; a line that another thread's interrupts is put together."""
    begun: dict[str, str] = {}
    for line in lines:
        if unfinished := _UNFINISHED.match(line):
            begun[unfinished[1]] = unfinished[2]
            continue
        if resumed := _RESUMED.match(line):
            line = f"{resumed[1]} {begun.pop(resumed[1])}{resumed[2]}"  # noqa: PLW2901
        if (found := _LINE.match(line)) and found[4] != "?":
            yield found[1], found[2], found[3], int(found[4])


def _argument(text: str) -> str | bytes:
    """Bytes for a string; for a descriptor its number and its path."""
    if text.startswith('"'):
        return bytes.fromhex(text.strip('"').replace("\\x", ""))
    return _HEX.sub(lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode(), text)


def _call(name: str, nth: int, arguments: list[str | bytes], result: int) -> Call | None:
    number, path, rest = _place(name, arguments)
    if name in OPENING:
        return Call(name, nth, path, rest, result) if _may_write(str(rest[0])) else None
    return Call(name, nth, path, rest, number)


def _place(
    name: str, arguments: Sequence[str | bytes]
) -> tuple[int | None, Path, tuple[str | bytes, ...]]:
    """The descriptor, the path, and the other arguments of a call."""
    first, *rest = arguments
    if isinstance(first, bytes):
        return None, Path(first.decode()), tuple(rest)
    number, _, path = first.partition(">")[0].partition("<")
    if name.rstrip("2").endswith("at") and isinstance(rest[0], bytes):
        return None, Path(path) / rest[0].decode(), tuple(rest[1:])
    return int(number), Path(path), tuple(rest)


def _may_write(flags: str) -> bool:
    return any(flag in flags for flag in ("O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"))
