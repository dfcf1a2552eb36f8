"""Does what moved still say the same? The answer with nothing but the standard library.

The snapshot's facts say what each stamp stood for. Whatever moved is looked at again: a file's
bytes, the normal form of our code, the names in a folder, the meaning of the settings, the part of
the registry that counts. If all of it says the same, the answer holds, and the snapshot is renewed.

Left to the whole program: another Python or another way of starting it (flags, import path), an
edit of code that changes what it says, new modules or distributions, an inbox with other files.
"""

from __future__ import annotations

import os
import stat
import zlib

from registry import fast_path
from registry.snapshot import (
    FACTS,
    Moments,
    Seen,
    all_below,
    described,
    importable,
    modeless,
    moved_to,
    sha256_at,
    write,
)

TYPE_CHECKING = False  # as in `typing`, which is slow to import
if TYPE_CHECKING:
    from typing import Any, Final

    from registry.fast_path import Asked
    from registry.snapshot import FullStamp

_EMPTY: Final = frozenset(
    {None, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
)
_FLOW: Final = "dataflows"
_ONLY_AST: Final = 0x400  # `ast.PyCF_ONLY_AST`; `ast` is slow to import


def answered(arguments: list[str]) -> int | None:
    """Tell that everything is up to date and return the exit code; None: don't know."""
    try:
        asked = fast_path.asked_by(arguments)
        look = _first_look(asked) if asked else None
        if asked is None or look is None or not look.is_equal():
            return None
        look.renew()
        facts = fast_path.note_run(look.folder, look.answer, "medium")
    except Exception:  # noqa: BLE001 - whatever it is, the whole program tells what is wrong
        return None
    return fast_path.tell(look.answer, asked, facts)


def _first_look(asked: Asked) -> Look | None:
    for folder in fast_path.profile_folders(asked):
        facts = fast_path.contents(f"{folder}/{fast_path.SNAPSHOT}/{FACTS}")
        if isinstance(facts, dict):
            place = os.path.abspath(folder)  # noqa: PTH100 - keeps links
            is_same = facts["machine"] == fast_path.machine()
            if not is_same or facts["profile"] != os.path.basename(place):  # noqa: PTH119
                return None
            return Look(place, facts if facts["folder"] == place else moved_to(place, facts), asked)
    return None


class Look:
    """A look at what a snapshot describes.

    Args:
        folder: The profile's, absolute.
        facts: Of its snapshot.
        asked: The command line.
    """

    def __init__(self, folder: str, facts: dict[str, Any], asked: Asked) -> None:
        self.folder = folder
        self.facts, self.asked = facts, asked
        self.answer: tuple[Any, ...] = ()
        self._meaning: tuple[str, ...] = ()
        kinds = {path: kind for path, kind, *_ in facts["files"]}
        if any(kind == "inbox" for kind in kinds.values()):
            kinds |= dict.fromkeys(all_below(f"{self.folder}/inbox"), "inbox")
        self._before = {path: (stamp, sha256) for path, _, stamp, sha256 in facts["files"]}
        self._seen = Seen(kinds, facts["links"], facts["log"][0])

    def is_equal(self) -> bool:
        """Whether everything still says what it said."""
        moved = self._moved()
        return (
            all(self._says_the_same(path, kind) for path, kind in moved.items())
            and ("registry" not in moved.values() or self._has_equal_registry())
            and ("inbox" not in moved.values() or self._has_equal_inbox())
            and self._finds_answer(moved)
            and self._seen.again()
        )

    def renew(self) -> None:
        """Write the snapshot anew, unless something changed a moment ago."""
        self._seen.forget_what_left("inbox")
        if self._seen.is_trusted(self._moments()):
            fresh = described(self._seen, self.facts, self._hashes())
            entry = (self.asked, self._meaning, self.answer)
            write(self.folder, self._seen, {**self.facts, **fresh}, entry)

    def _moments(self) -> Moments:
        return Moments.at_start(os.lstat(f"{self.folder}/lock"), fast_path.STARTED_NS)

    def _hashes(self) -> dict[FullStamp, str]:
        """Those of the inbox that are known, by stamps without the mode."""
        return {
            modeless(stamp): sha256
            for path, stamp in self._seen.stamps.items()
            if stamp is not None and (sha256 := self._hash_in_inbox(path, stamp)) is not None
        }

    def _hash_in_inbox(self, path: str, stamp: FullStamp) -> str | None:
        before, sha256 = self._before.get(path, (None, None))
        if self._seen.kinds[path] != "inbox" or sha256 is None:
            return None
        return sha256 if stamp == before else sha256_at(path)

    def _moved(self) -> dict[str, str]:
        seen = self._seen
        moved = {
            path: seen.kinds[path]
            for path, stamp in seen.stamps.items()
            if path not in self._before or stamp != self._before[path][0]
        }
        for (link, kind), now in zip(seen.links.items(), seen.targets, strict=True):
            if now != self.facts["targets"].get(link):
                moved[link] = kind
        if seen.log != tuple(self.facts["log"]):
            moved[seen.log[0]] = "registry"
        return moved

    # -- one thing at a time ---------------------------------------------------------------------

    def _says_the_same(self, path: str, kind: str) -> bool:
        before, sha256 = self._before.get(path, (None, None))
        stamp = self._seen.stamps.get(path)
        if kind in {"registry", "inbox", "setting", "choice"}:
            return kind != "registry" or stamp is not None or before is None
        if kind == "corrections":
            return {sha256, sha256_at(path)} <= _EMPTY or sha256_at(path) == sha256
        if stamp is None or before is None:
            return False
        return bool(_LOOKS[kind](self, path, sha256))

    def _is_equal_code(self, path: str, sha256: str) -> bool:
        if sha256_at(path) == sha256:
            return True
        counts = self.facts["reads_text"] and f"{os.sep}{_FLOW}{os.sep}" in path
        if counts or not path.endswith(".py"):
            return False
        with open(path, "rb") as file:  # noqa: PTH123
            now = file.read()
        return _form(now) == _form(zlib.decompress(self.facts["texts"][sha256]))

    def _is_equal_folder(self, path: str, _sha256: str) -> bool:
        return bool(importable(path) == self.facts["listings"][path])

    def _is_equal_file(self, path: str, sha256: str) -> bool:
        return sha256 is not None and sha256_at(path) == sha256

    def _is_content(self, path: str, _sha256: str) -> bool:
        """Whether a file has the bytes that its place claims."""
        place, name = path.rsplit("/", 2)[1:]
        return name != "origin.json" and sha256_at(path) == place

    # -- all of a kind ---------------------------------------------------------------------------

    def _has_equal_registry(self) -> bool:
        from pathlib import Path  # noqa: PLC0415 - where it is needed

        from registry.conclusion import basis  # noqa: PLC0415 - SQLite is slow to import

        found = basis(Path(self.folder, "registry.sqlite"), examined=True)
        return found is not None and found.digest == self.facts["basis"]

    def _has_equal_inbox(self) -> bool:
        """Whether the inbox holds the files that it held, or fewer where nothing was wrong."""
        if self.asked.skip_ingestion:
            return True
        from adapters.sources import is_ignored  # noqa: PLC0415 - where it is needed

        is_gone = False
        for path, kind in self._seen.kinds.items():
            inner = path[len(self.folder) :].split("/")[2:]
            if kind == "inbox" and not any(map(is_ignored, inner)):
                stamp = self._seen.stamps[path]
                before, sha256 = self._before.get(path, (None, None))
                if stamp is None:
                    is_gone |= before is not None
                elif stamp != before and not self._is_known(path, stamp, before, sha256):
                    return False
        return not is_gone or not any(answer[1] or answer[2] for *_, answer in self._entries())

    def _is_known(
        self, path: str, stamp: FullStamp, before: FullStamp | None, sha256: str | None
    ) -> bool:
        if stat.S_ISDIR(stamp[2]):
            return before is None or stat.S_ISDIR(before[2])
        if not stat.S_ISREG(stamp[2]):
            return False
        found = sha256_at(path) or ""
        return found == sha256 or self._is_stored(found, path)

    def _is_stored(self, sha256: str, path: str) -> bool:
        """Whether a single file was stored under this very name before."""
        import json  # noqa: PLC0415 - where it is needed

        try:
            with open(f"{self.folder}/raw/{sha256[:2]}/{sha256}/origin.json", "rb") as file:  # noqa: PTH123
                origin = json.load(file)
        except FileNotFoundError:
            return False
        return origin["kind"] == "file" and path[len(f"{self.folder}/inbox/") :] in origin["names"]

    def _finds_answer(self, moved: dict[str, str]) -> bool:
        """Take the answer to this command line, or to one that means the same."""
        told = fast_path.told(self.asked, self.facts["salt"])
        kinds = set(moved.values())
        for then, meaning, answer in self._entries():
            if then == told and not kinds & {"setting", "choice"}:
                self._meaning, self.answer = meaning, answer
                return True
        return self._finds_equal_meaning()

    def _finds_equal_meaning(self) -> bool:
        from adapters.running.meaning import meaning_of  # noqa: PLC0415 - slow to import

        folder, meaning = meaning_of(self.asked)
        for then, before, answer in self._entries():
            _, (skip, home, _), _ = then
            if (
                os.path.abspath(folder) == self.folder  # noqa: PTH100
                and (skip, before) == (self.asked.skip_ingestion, meaning)
                and (home == self.asked.home or not answer[2])
            ):
                self._meaning, self.answer = meaning, answer
                return True
        return False

    def _entries(self) -> list[Any]:
        found: list[Any] = self.facts["entries"]
        return found


_LOOKS: Final = {
    "code": Look._is_equal_code,  # noqa: SLF001 - a table of its own methods
    "folder": Look._is_equal_folder,  # noqa: SLF001
    "start": Look._is_equal_file,  # noqa: SLF001
    "interpreter": lambda *_: False,
    "content": Look._is_content,  # noqa: SLF001
    "view": Look._is_equal_file,  # noqa: SLF001
    "head": Look._is_equal_file,  # noqa: SLF001
}


def _form(source: bytes) -> str:
    from registry.code_analysis.normal_form import normal_form  # noqa: PLC0415 - where it is needed

    return normal_form(compile(source, "", "exec", _ONLY_AST))
