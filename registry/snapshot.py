"""The files of a snapshot, and when a stamp may stand in one.

    snapshot/proof    what Python and the program were started with, every stamp, the answer
    snapshot/facts    what each stamp stands for: hashes, listings, settings, texts of our code

A stamp proves something only if the file changed before it was looked at, and only if a later
change is bound to move it. So code must be older than this process, and everything else older
than the run, by the clock of the file system: that of the lock, which the run has written.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import time
import zlib

from registry import fast_path

TYPE_CHECKING = False  # as in `typing`, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from registry.fast_path import Asked

    Entry = tuple[Asked, tuple[str, ...], tuple[Any, ...]]

FACTS: Final = "facts"
MOST_ENTRIES: Final = 8
_IMPORTABLE: Final = (".py", ".pyc", ".so", ".pyd", ".pth", ".dist-info", ".egg-info", ".egg-link")
# Read while the program starts, before the run begins.
_EARLY: Final = frozenset({"code", "folder", "start", "interpreter", "setting", "choice"})
_HASHED: Final = frozenset({"code", "start", "view", "head", "corrections", "inbox", "setting"})
_SECOND: Final = 1_000_000_000
_FOREIGN_CLOCK_NS: Final = 2 * _SECOND

FullStamp = tuple[int, ...]


class Moments:
    """When the process and the run began, by the clock of the profile's file system."""

    def __init__(self, device: int, process_ns: int, run_ns: int) -> None:
        self.device, self.process_ns, self.run_ns = device, process_ns, run_ns

    @classmethod
    def of(cls, lock: os.stat_result, process_ns: int) -> Moments | None:
        """From the lock that the run wrote; None if its file system keeps a time of its own."""
        run_ns = _told_by(lock, lock.st_mtime_ns)
        process_ns = _told_by(lock, process_ns)
        if not process_ns <= run_ns <= time.time_ns() + _SECOND:
            return None
        return cls(lock.st_dev, process_ns, run_ns)

    @classmethod
    def at_start(cls, lock: os.stat_result, process_ns: int) -> Moments:
        """For a process that looks at everything anew, after an older one wrote the lock."""
        started_ns = _told_by(lock, process_ns)
        return cls(lock.st_dev, started_ns, started_ns)

    def trusts(self, stamp: FullStamp, kind: str) -> bool:
        """Whether a file with this stamp changed before it was looked at."""
        limit = self.process_ns if kind in _EARLY else self.run_ns
        return max(stamp[4:]) < limit - (_FOREIGN_CLOCK_NS if stamp[0] != self.device else 0)


def _told_by(lock: os.stat_result, moment_ns: int) -> int:
    """A moment as the lock's file system tells it: some know whole seconds only, or pairs."""
    is_coarse = lock.st_mtime_ns % _SECOND == 0
    return moment_ns - moment_ns % (2 * _SECOND) if is_coarse else moment_ns


class Seen:
    """The stamps of everything that was read, taken at one time.

    Attributes:
        stamps: Path -> stamp; None where nothing is.
        links: Those that were named, and every link outside the inbox, with their kinds.
        targets: The stamps of what they lead to.
        log: The registry's log, and its stamp.
    """

    def __init__(self, kinds: Mapping[str, str], links: Mapping[str, str], log: str) -> None:
        self.kinds, self._named = kinds, links
        self.stamps = {path: stamp_at(path) for path in kinds}
        found = {p: kinds[p] for p, stamp in self.stamps.items() if stamp and _is_link(stamp)}
        inner = {path: kind for path, kind in found.items() if kind != "inbox"}
        self.links = {**links, **inner}
        self.targets = fast_path.followed(list(self.links))
        self.log = log, fast_path.write_ahead_stamp(log)

    def again(self) -> bool:
        """Whether all of it is still so."""
        now = Seen(self.kinds, self._named, self.log[0])
        return (now.stamps, now.targets, now.log) == (self.stamps, self.targets, self.log)

    def forget_what_left(self, kind: str) -> None:
        """Leave out the files of a kind that are gone, since they are looked for anyway."""
        gone = {p for p, found in self.kinds.items() if found == kind and self.stamps[p] is None}
        self.kinds = {path: found for path, found in self.kinds.items() if path not in gone}
        self.stamps = {path: stamp for path, stamp in self.stamps.items() if path not in gone}

    def is_trusted(self, moments: Moments) -> bool:
        """Whether every stamp proves something."""
        kinds = self.links.values()
        targets = zip(self.targets, kinds, strict=True)
        return all(moments.trusts(target, kind) for target, kind in targets if target) and all(
            moments.trusts(stamp, self.kinds[path])
            or (self.kinds[path] == "folder" and _holds_old_code(path, stamp, moments))
            for path, stamp in self.stamps.items()
            if stamp is not None
        )

    def as_proof(self) -> tuple[object, ...]:
        """As `fast_path.is_as_seen` takes it."""
        ordered = sorted(self.stamps.items())
        found = {path: stamp for path, stamp in ordered if stamp is not None}
        missing = [path for path, stamp in ordered if stamp is None]
        stamps = marshal.dumps([*found.values()], 2)
        return ([*found], stamps, [*self.links], self.targets, missing, *self.log)


def stamp_at(path: str) -> FullStamp | None:
    """The stamp of what is at a place; None if there is nothing."""
    try:
        return tuple(fast_path.stamp_of(os.lstat(path)))
    except OSError:
        return None


def _holds_old_code(folder: str, stamp: FullStamp, moments: Moments) -> bool:
    """Whether only other things changed in a folder since the process began: caches, data."""
    inner = [stamp_at(f"{folder}/{name}") for name in importable(folder)]
    return moments.trusts(stamp, "late") and all(
        found is not None and (moments.trusts(found, "code") or _is_folder(found))
        for found in inner
    )


def _is_link(stamp: FullStamp) -> bool:
    return stat.S_ISLNK(stamp[2])


def _is_folder(stamp: FullStamp) -> bool:
    return stat.S_ISDIR(stamp[2])


def all_below(folder: str) -> Iterator[str]:
    """A folder with everything in it, at any depth; links are not followed below it."""
    yield folder
    for inner, folders, files in os.walk(folder):
        yield from (os.path.join(inner, name) for name in sorted([*folders, *files]))  # noqa: PTH118


def importable(folder: str) -> list[str]:
    """What Python, or the look for distributions, finds in a folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if _is_importable(entry))
    except OSError:
        return []


def _is_importable(entry: os.DirEntry[str]) -> bool:
    if entry.name.endswith(_IMPORTABLE):
        return True
    if entry.name == "__pycache__" or not entry.name.isidentifier():
        return False
    return os.path.lexists(f"{entry.path}/__init__.py") or os.path.isdir(  # noqa: PTH112
        f"{entry.path}/__init__"
    )


# -- facts ---------------------------------------------------------------------------------------


def described(seen: Seen, before: Mapping[str, Any], hashes: Mapping[Any, str]) -> dict[str, Any]:
    """What the stamps stand for.

    Args:
        seen: The stamps.
        before: The facts of an older snapshot; what has not moved is not read again.
        hashes: Hashes of files of the inbox, by their stamps (without the mode).
    """
    known = {path: (stamp, sha256) for path, _, stamp, sha256 in before.get("files", ())}
    texts: dict[str, bytes] = {}
    files = []
    for path, kind in seen.kinds.items():
        stamp = seen.stamps[path]
        sha256 = None
        if stamp is not None and kind in _HASHED and not _is_folder(stamp):
            remembered, sha256 = known.get(path, (None, None))
            if remembered != stamp or sha256 is None:
                sha256 = (
                    hashes.get((*stamp[:2], *stamp[3:])) if kind == "inbox" else sha256_at(path)
                )
        if kind == "code" and sha256 is not None:
            texts[sha256] = before.get("texts", {}).get(sha256) or _packed(path)
        files.append((path, kind, stamp, sha256))
    listings = {path: importable(path) for path, kind in seen.kinds.items() if kind == "folder"}
    targets = dict(zip(seen.links, seen.targets, strict=True))
    return {
        "files": files, "texts": texts, "listings": listings, "targets": targets, "log": seen.log
    }  # fmt: skip


def modeless(stamp: FullStamp) -> FullStamp:
    """A stamp as it is remembered for files of the inbox."""
    return (*stamp[:2], *stamp[3:])


def sha256_at(path: str) -> str | None:
    """The hash of a file's bytes; None if it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _packed(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return zlib.compress(file.read(), 1)


def facts_of(folder: str) -> dict[str, Any]:
    """The facts of a profile's snapshot; empty if there is none."""
    found = fast_path.contents(f"{folder}/{fast_path.SNAPSHOT}/{FACTS}")
    return found if isinstance(found, dict) else {}


def moved_to(folder: str, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a profile whose home has been moved or copied, as seen from its new place."""
    before, home = (os.path.dirname(path) + os.sep for path in (facts["folder"], folder))  # noqa: PTH120

    def moved(path: str) -> str:
        return home + path[len(before) :] if path.startswith(before) else path

    return {
        **facts,
        "folder": folder,
        "files": [(moved(path), *rest) for path, *rest in facts["files"]],
        "links": {moved(path): kind for path, kind in facts["links"].items()},
        "targets": {moved(path): target for path, target in facts["targets"].items()},
        "listings": {moved(path): names for path, names in facts["listings"].items()},
        "log": (moved(facts["log"][0]), facts["log"][1]),
    }


# -- files ---------------------------------------------------------------------------------------


def write(folder: str, seen: Seen, facts: Mapping[str, Any], entry: Entry) -> None:
    """Write both files, keeping the answers to other command lines if nothing else moved.

    Args:
        folder: The profile's, absolute.
        seen: The stamps.
        facts: What they stand for.
        entry: The command line, what the settings mean, the answer.
    """
    asked, meaning, answer = entry
    proof = seen.as_proof()
    salt, others = _carried(folder, proof)
    now = fast_path.told(asked, salt)
    kept = [other for other in others if other[0] != now][: MOST_ENTRIES - 1]
    entries = [(now, meaning, answer), *kept]
    started = fast_path.machine()
    answers = [(then, told) for then, _, told in entries]
    place = {"folder": folder, "machine": started, "salt": salt, "entries": entries}
    _replace(folder, FACTS, {**facts, **place})
    _replace(folder, fast_path.PROOF, (folder, started, salt, answers, *proof))


def _carried(folder: str, seen: tuple[object, ...]) -> tuple[bytes, list[Any]]:
    """The salt and the entries of a snapshot that saw the same."""
    proof = fast_path.contents(f"{folder}/{fast_path.SNAPSHOT}/{fast_path.PROOF}")
    facts = facts_of(folder)
    if isinstance(proof, tuple) and facts:
        _, started, salt, told, *before = proof
        is_same = tuple(before) == seen and started == fast_path.machine() == facts["machine"]
        if is_same and [(then, answer) for then, _, answer in facts["entries"]] == told:
            return salt, facts["entries"]
    return os.urandom(16), []


def _replace(folder: str, name: str, content: object) -> None:
    """A snapshot may be lost, so it is not flushed; its seal shows one that is torn."""
    target = f"{folder}/{fast_path.SNAPSHOT}/{name}"
    pending = f"{folder}/{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        if not os.path.isdir(os.path.dirname(target)):  # noqa: PTH112, PTH120
            os.mkdir(os.path.dirname(target), 0o700)  # noqa: PTH102, PTH120
        with os.fdopen(os.open(pending, flags, 0o600), "wb") as file:
            file.write(fast_path.sealed(content))
        os.replace(pending, target)  # noqa: PTH105
    except OSError:
        _remove(pending)


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108
    except OSError:
        return
