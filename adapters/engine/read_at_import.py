"""The data files that modules of a flow read while they are imported: tables, vocabularies.

Python tells of every `open` by an audit event. What is opened while a module is imported, by a line
of that module or by a function of ours that it calls, belongs to the identity of those units. Files
of Python and of libraries do not count: their versions do. Libraries that open files without
Python (DuckDB, pyarrow's own readers) are not seen.
"""

from __future__ import annotations

import os
import stat
import sys

TYPE_CHECKING = False  # as in `typing`, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any, Final

    from registry.code_analysis.data_files import DataFile

_CODE: Final = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
_LIBRARIES: Final = (
    os.path.dirname(os.__file__) + os.sep,  # noqa: PTH120 - nothing is imported that need not be
    sys.prefix + os.sep + "lib" + os.sep,
    "/usr/share/zoneinfo/",
    "<frozen ",
)
_NO_FILES: Final = ("/proc/", "/sys/", "/dev/")

# (module, line, path) -> the module's import, and the hash of what was read.
_reads: dict[tuple[str, int, str], tuple[object, str]] = {}
_state = {"watching": False, "hashing": False}


def watch() -> None:
    """Begin to note what is opened; modules that are imported already are not seen."""
    if not _state["watching"]:
        _state["watching"] = True
        sys.addaudithook(_note)


def data_files() -> list[DataFile]:
    """What was read, for the modules as they are imported now."""
    from registry.code_analysis.data_files import DataFile  # noqa: PLC0415 - see above

    return [
        DataFile(*place, sha256)
        for place, (spec, sha256) in sorted(_reads.items(), key=lambda item: item[0])
        if getattr(sys.modules.get(place[0]), "__spec__", None) is spec
    ]


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or _state["hashing"]:
        return
    path, _mode, flags = arguments
    if not isinstance(path, str) or path.endswith(_CODE) or flags & os.O_ACCMODE == os.O_WRONLY:
        return
    places = list(_places(sys._getframe(1)))  # noqa: SLF001 - the only way to who opens it
    if places:
        _remember(os.path.abspath(path), places)  # noqa: PTH100


def _places(frame: FrameType | None) -> Iterator[tuple[str, int, object]]:
    """The lines of ours that wait for an `open`, if a module of ours is being imported by them."""
    found: list[tuple[str, int]] = []
    while frame is not None:
        code, name = frame.f_code, str(frame.f_globals.get("__name__"))
        spec = frame.f_globals.get("__spec__")
        if code.co_name == "<module>":
            if _is_ours(code.co_filename) and getattr(spec, "_initializing", False):
                found.append((name, frame.f_lineno))
                yield from ((n, line, _spec_of(n, spec)) for n, line in found)
            return
        if _is_ours(code.co_filename):
            found.append((name, code.co_firstlineno))
        frame = frame.f_back


def _spec_of(name: str, importing: object) -> object:
    return getattr(sys.modules.get(name), "__spec__", importing)


def _is_ours(path: str) -> bool:
    return not path.startswith(_LIBRARIES) and "site-packages" not in path


def _remember(path: str, places: list[tuple[str, int, object]]) -> None:
    if not _is_ours(path) or path.startswith(_NO_FILES):
        return
    _state["hashing"] = True
    try:
        if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            sha256 = _hash(path)
            for module, line, spec in places:
                _reads[module, line, path] = (spec, sha256)
    except OSError:
        return  # whoever opens it is told
    finally:
        _state["hashing"] = False


def _hash(path: str) -> str:
    import hashlib  # noqa: PLC0415 - nothing is hashed in most processes

    with open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()
