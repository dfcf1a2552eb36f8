"""Code identities that were worked out before, for as long as nothing they rest on has moved.

What they rest on is the bytes of every source file of ours, Python's version, and which
distributions are installed: their names and versions stand in the names of their metadata folders.
They are kept where Python keeps compiled code, and are worked out again where that is not possible.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from registry.code_identity import CodeIdentity, CodeIndex
from registry.fingerprint import fingerprint
from registry.objects import WriteError, replace_file

FILE_NAME: Final = "code-identities.json"
# Raise it when the analysis itself changes.
_ANALYSIS: Final = 3


class RememberedCode:
    """A code index that answers from memory where it can.

    Args:
        index: Works out what is not remembered.
        root: The folder that names of source files are relative to.
        folder: Where the memory is, and may be lost at any time.
    """

    def __init__(self, index: CodeIndex, root: Path, folder: Path) -> None:
        self._index, self._path = index, folder / FILE_NAME
        self._basis = _basis(index.source_files(), root)
        self._reads_text: bool | None = None
        self._known = self._read()
        self._is_new = False

    def source_files(self) -> Mapping[Path, str]:
        """Every source file of ours, with the SHA-256 of its bytes."""
        return self._index.source_files()

    def source_of(self, module: str) -> tuple[str, bytes] | None:
        """The SHA-256 and the bytes of a module's file; None for a module that is not ours."""
        return self._index.source_of(module)

    def way_to(self, module: str, qualified_name: str, unit: str) -> tuple[str, ...]:
        """How a function comes to a unit, which is named by its own digest."""
        return self._index.way_to(module, qualified_name, unit)

    def identity(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key of a function, with what went into it.

        Raises:
            CodeError: The module is not among ours, or one of ours is no Python source.
        """
        label = f"{module}:{qualified_name}"
        if label not in self._known:
            self._known[label] = self._index.identity(module, qualified_name)
            self._is_new = True
        return self._known[label]

    def reads_text(self) -> bool:
        """Whether some code of ours may look at source text or places: then a comment counts."""
        if self._reads_text is None:
            self._reads_text = self._index.reads_text()
            self._is_new = True
        return self._reads_text

    def former_identity(
        self, module: str, qualified_name: str, former_name: str
    ) -> CodeIdentity | None:
        """The code key that a function had under a former name, if nothing else has changed."""
        label = f"{module}:{qualified_name}, formerly {former_name}"
        if label not in self._known:
            found = self._index.former_identity(module, qualified_name, former_name)
            if found is None:
                return None
            self._known[label] = found
            self._is_new = True
        return self._known[label]

    def keep(self) -> None:
        """Remember what was worked out."""
        if self._is_new:
            identities = {label: asdict(known) for label, known in self._known.items()}
            facts = {"basis": self._basis, "reads_text": self._reads_text}
            text = json.dumps({**facts, "identities": identities})
            with contextlib.suppress(OSError, WriteError):
                replace_file(self._path, [text.encode()])
            self._is_new = False

    def _read(self) -> dict[str, CodeIdentity]:
        try:
            document = json.loads(self._path.read_bytes())
            if document["basis"] != self._basis:
                return {}
            self._reads_text = document["reads_text"]
            return {
                label: CodeIdentity(**{**known, "opaque": tuple(known["opaque"])})
                for label, known in document["identities"].items()
            }
        except (OSError, ValueError, LookupError, TypeError):
            return {}


def _basis(sources: Mapping[Path, str], root: Path) -> str:
    files = {os.path.relpath(path, root): sha256 for path, sha256 in sources.items()}
    return fingerprint(
        {
            "analysis": _ANALYSIS,
            "python": list(sys.version_info[:3]),
            "files": files,
            "installed": sorted(_metadata_folders(sys.path)),
        }
    )


def _metadata_folders(places: Iterable[str]) -> Iterator[str]:
    for place in places:
        try:
            names = [path.name for path in Path(place or ".").iterdir()]
        except OSError:
            continue
        yield from (name for name in names if name.endswith((".dist-info", ".egg-info")))
