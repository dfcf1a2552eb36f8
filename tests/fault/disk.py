"""What a power cut may leave of recorded system calls.

A disk keeps, for each file and folder, what is durable and what has been done to it since. A
power cut loses any part of the latter: written bytes may be dropped or torn, and a name that was
made, renamed or removed may be as before. What `fsync` was called on is durable: a file's bytes and
mode for a file, the names in it for a folder. A rename happens once: the old name is never
durably gone while the new one is lost. That is less than ext4 promises, and what POSIX does.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fault.recording import OPENING, Call

SECTOR = 512
# SQLite maps this file and makes it anew whenever nobody else has it open.
_MAPPED = "-shm"


@dataclass(eq=False)
class File:
    """A file's bytes and mode as they are durable, and the writes since."""

    durable: bytes = b""
    durable_mode: int = 0o600
    mode: int = 0o600
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        self.pending.append((offset, data))

    def cut(self, size: int) -> None:
        self.pending.append((size, None))

    def sync(self) -> None:
        self.durable, self.durable_mode = _applied(self.durable, self.pending), self.mode
        self.pending = []

    @property
    def now(self) -> bytes:
        return _applied(self.durable, self.pending)


def _applied(content: bytes, changes: Iterable[tuple[int, bytes | None]]) -> bytes:
    found = bytearray(content)
    for offset, data in changes:
        found.extend(b"\0" * (offset - len(found)))
        if data is None:
            del found[offset:]
        else:
            found[offset : offset + len(data)] = data
    return bytes(found)


@dataclass(eq=False)
class Entry:
    """A change of one name in a folder; the removal half of a rename follows its other half."""

    name: str
    node: "File | Folder | None"
    follows: "tuple[Folder, Entry] | None" = None


@dataclass(eq=False)
class Folder:
    """The names in a folder as they are durable, and the changes since."""

    durable: dict[str, "File | Folder"] = field(default_factory=dict)
    now: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[Entry] = field(default_factory=list)

    def change(self, entry: Entry) -> Entry:
        self.pending.append(entry)
        _enter(self.now, entry)
        return entry

    def sync(self) -> None:
        for entry in self.pending:
            if entry.follows and entry.follows[1] in entry.follows[0].pending:
                folder, other = entry.follows
                folder.pending.remove(other)
                _enter(folder.durable, other)
            _enter(self.durable, entry)
        self.pending = []


def _enter(names: dict[str, "File | Folder"], entry: Entry) -> None:
    if entry.node is None:
        names.pop(entry.name, None)
    else:
        names[entry.name] = entry.node


class PowerCut:
    """Which of the changes that were not flushed survive. Each kind is a worst case of its own."""

    def __init__(self, *, names: bool, data: str) -> None:
        self._names, self._data = names, data

    def keeps(self, _entry: Entry) -> bool:
        return self._names

    def content(self, file: File) -> tuple[bytes, int]:
        if not file.pending or self._data == "kept":
            return file.now, file.mode
        if self._data == "lost":
            return file.durable, file.durable_mode
        return _torn(file), file.mode


def _torn(file: File) -> bytes:
    """The first half of what was written since, in a file that is as long as all of it."""
    left = sum(len(data or b"") for _, data in file.pending) // 2
    kept: list[tuple[int, bytes | None]] = []
    for offset, data in file.pending:
        kept.append((offset, data if data is None else data[:left]))
        left -= min(left, len(data or b""))
    return _applied(file.durable, [*kept, (len(file.now), None)])


class Chance(PowerCut):
    """Any mixture: each name, each write, each half of a write by itself."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)

    def keeps(self, _entry: Entry) -> bool:
        return self._chance.random() < 0.5

    def content(self, file: File) -> tuple[bytes, int]:
        kept = [part for change in file.pending for part in self._parts(*change)]
        return _applied(file.durable, kept), self._chance.choice([file.durable_mode, file.mode])

    def _parts(self, offset: int, data: bytes | None) -> Iterator[tuple[int, bytes | None]]:
        if data is None:
            if self._chance.random() < 0.5:
                yield offset, None
            return
        step = self._chance.choice([SECTOR, len(data) or 1])
        for start in range(0, len(data), step):
            if self._chance.random() < 0.5:
                yield offset + start, data[start : start + step]


WORST = {
    "all that was not flushed is lost": PowerCut(names=False, data="lost"),
    "names survive, bytes are lost": PowerCut(names=True, data="lost"),
    "names survive, bytes are torn": PowerCut(names=True, data="torn"),
    "bytes survive, names are lost": PowerCut(names=False, data="kept"),
    "all survives": (_ALL := PowerCut(names=True, data="kept")),
}


class _Once(PowerCut):
    """A cut that leaves a file the same under each of its names."""

    def __init__(self, cut: PowerCut) -> None:
        self._cut = cut
        self._contents: dict[int, tuple[bytes, int]] = {}

    def keeps(self, entry: Entry) -> bool:
        return self._cut.keeps(entry)

    def content(self, file: File) -> tuple[bytes, int]:
        if id(file) not in self._contents:
            self._contents[id(file)] = self._cut.content(file)
        return self._contents[id(file)]


class Disk:
    """A folder on a disk, durable as it is found, and what calls make of it."""

    def __init__(self, root: Path) -> None:
        self._root_path = root
        self.root = _found(root)
        self._positions: dict[int, int] = {}

    def apply(self, call: Call) -> None:
        """Do what a call did."""
        if call.path.name.endswith(_MAPPED):
            return
        if call.name in OPENING:
            self._open(call)
        elif call.name in _EFFECTS:
            _EFFECTS[call.name](self, call)
        else:
            raise NotImplementedError(f"{call}: the disk does not know this call")

    def _place(self, path: Path) -> tuple[Folder, str]:
        folder = self.root
        *inner, name = path.relative_to(self._root_path.parent).parts
        for part in inner[1:]:
            found = folder.now[part]
            assert isinstance(found, Folder)
            folder = found
        return folder, name

    def _node(self, path: Path) -> "File | Folder | None":
        if path == self._root_path:
            return self.root
        folder, name = self._place(path)
        return folder.now.get(name)

    def _open(self, call: Call) -> None:
        folder, name = self._place(call.path)
        node, flags = folder.now.get(name), str(call.arguments[0])
        if node is None and "O_CREAT" in flags:
            mode = int(str(call.arguments[1]), 8)
            node = folder.change(Entry(name, File(durable_mode=mode, mode=mode))).node
        if isinstance(node, File) and call.descriptor is not None:
            if "O_TRUNC" in flags:
                node.cut(0)
            self._positions[call.descriptor] = len(node.now) if "O_APPEND" in flags else 0

    def _write(self, call: Call) -> None:
        node = self._node(call.path)
        if isinstance(node, File) and call.descriptor is not None:
            data = _bytes(call.arguments[0])
            node.write(self._positions[call.descriptor], data)
            self._positions[call.descriptor] += len(data)

    def _pwrite(self, call: Call) -> None:
        node = self._node(call.path)
        if isinstance(node, File):
            node.write(int(call.arguments[2]), _bytes(call.arguments[0]))

    def _ftruncate(self, call: Call) -> None:
        node = self._node(call.path)
        if isinstance(node, File):
            node.cut(int(call.arguments[0]))

    def _fchmod(self, call: Call) -> None:
        node = self._node(call.path)
        if isinstance(node, File):
            node.mode = int(str(call.arguments[0]), 8)

    def _mkdir(self, call: Call) -> None:
        folder, name = self._place(call.path)
        folder.change(Entry(name, Folder()))

    def _unlink(self, call: Call) -> None:
        folder, name = self._place(call.path)
        folder.change(Entry(name, None))

    def _rename(self, call: Call) -> None:
        assert call.new_path is not None
        source, name = self._place(call.path)
        target, new_name = self._place(call.new_path)
        other = target.change(Entry(new_name, source.now[name]))
        source.change(Entry(name, None, follows=(target, other)))

    def _link(self, call: Call) -> None:
        assert call.new_path is not None
        target, name = self._place(call.new_path)
        target.change(Entry(name, self._node(call.path)))

    def _sync(self, call: Call) -> None:
        node = self._node(call.path)
        if node is not None:
            node.sync()

    def _sync_all(self, _call: Call) -> None:
        for node in _below(self.root):
            node.sync()

    def names(self) -> set[str]:
        """The names of all that is there now."""
        return set(_names(self.root, ""))

    # -- the power cut ---------------------------------------------------------------------------

    def left_by(self, cut: PowerCut, target: Path, only: str | None = None) -> None:
        """Write what a power cut leaves into a new folder.

        Args:
            cut: What survives.
            target: The folder.
            only: The folder in it that is on the disk without power; None for all.
        """
        if only is None:
            _write_out(self.root, _Once(cut), target, {})
            return
        target.mkdir(mode=0o700)
        for name, node in self.root.now.items():
            _write_node(node, _Once(cut if name == only else _ALL), target / name, {})


_EFFECTS = {
    "write": Disk._write,
    "pwrite64": Disk._pwrite,
    "ftruncate": Disk._ftruncate,
    "fchmod": Disk._fchmod,
    "chmod": lambda _disk, _call: None,  # of a folder that was made with the same mode
    "fchmodat": lambda _disk, _call: None,
    "mkdir": Disk._mkdir,
    "mkdirat": Disk._mkdir,
    "unlink": Disk._unlink,
    "unlinkat": Disk._unlink,
    "rmdir": Disk._unlink,
    "link": Disk._link,
    "linkat": Disk._link,
    "rename": Disk._rename,
    "renameat": Disk._rename,
    "renameat2": Disk._rename,
    "fsync": Disk._sync,
    "fdatasync": Disk._sync,
    "sync": Disk._sync_all,
    "syncfs": Disk._sync_all,
}


def _bytes(argument: str | bytes) -> bytes:
    assert isinstance(argument, bytes)
    return argument


def _found(path: Path) -> Folder:
    names: dict[str, File | Folder] = {}
    for inner in path.iterdir():
        if inner.is_dir():
            names[inner.name] = _found(inner)
        elif not inner.name.endswith(_MAPPED):
            mode = inner.stat().st_mode & 0o777
            names[inner.name] = File(inner.read_bytes(), mode, mode)
    return Folder(names, dict(names))


def _names(folder: Folder, prefix: str) -> Iterator[str]:
    for name, node in folder.now.items():
        yield prefix + name
        if isinstance(node, Folder):
            yield from _names(node, f"{prefix}{name}/")


def names_below(path: Path) -> set[str]:
    """The same of a real folder."""
    found = (inner for inner in path.rglob("*") if not inner.name.endswith(_MAPPED))
    return {str(inner.relative_to(path)) for inner in found}


def _below(folder: Folder) -> Iterator[File | Folder]:
    yield folder
    for node in folder.now.values():
        if isinstance(node, Folder):
            yield from _below(node)
        else:
            yield node


def _write_out(folder: Folder, cut: PowerCut, target: Path, kept: dict[int, bool]) -> None:
    target.mkdir(mode=0o700)
    for name, node in _survivors(folder, cut, kept).items():
        _write_node(node, cut, target / name, kept)


def _write_node(node: File | Folder, cut: PowerCut, path: Path, kept: dict[int, bool]) -> None:
    if isinstance(node, Folder):
        _write_out(node, cut, path, kept)
    else:
        content, mode = cut.content(node)
        path.write_bytes(content)
        os.chmod(path, mode)  # noqa: PTH101 - cheaper


def _survivors(folder: Folder, cut: PowerCut, kept: dict[int, bool]) -> dict[str, "File | Folder"]:
    names = dict(folder.durable)
    for entry in folder.pending:
        if _keeps(entry, cut, kept):
            _enter(names, entry)
    return names


def _keeps(entry: Entry, cut: PowerCut, kept: dict[int, bool]) -> bool:
    """Decided once; a name that a rename took away goes only if the new one stays."""
    if id(entry) not in kept:
        other = entry.follows
        is_free = other is None or other[1] not in other[0].pending or _keeps(other[1], cut, kept)
        kept[id(entry)] = is_free and cut.keeps(entry)
    return kept[id(entry)]
