"""The parts of an office document: members of its zip, read as XML."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol
from xml.parsers import expat

from adapters.sources.zips import ArchiveError, is_encrypted, member_bytes

DAMAGED: Final = "the workbook is damaged; save it again in the program that made it"
ENCRYPTED: Final = "it has a password; save it without one and put that there"
# A log of a reading every hour for a hundred years takes less, with all its strings.
LARGEST_BYTES: Final = 256 << 20
MOST_ITEMS: Final = 4_000_000
TOO_MANY: Final = "it has more cells, strings or styles than a log can have; save its sheet as CSV"


@dataclass
class Budget:
    """How many cells, strings and styles the parts of a workbook may hold together."""

    left: int = field(default_factory=lambda: MOST_ITEMS)

    def take(self, count: int = 1) -> None:
        """Count some.

        Raises:
            ArchiveError: There are too many.
        """
        self.left -= count
        if self.left < 0:
            raise ArchiveError(TOO_MANY)


class Handler(Protocol):
    """What reads the elements of a part as they come; names are those of the file."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Text between two tags."""


class Element(NamedTuple):
    """An element without what it holds: the name of the one around it, its own, its attributes.

    Names are without their prefixes, which each program chooses.
    """

    parent: str
    name: str
    attributes: Mapping[str, str]


class Parts:
    """The members of an archive, in any letter case and with either slash.

    Args:
        archive: The document.

    Attributes:
        budget: What they may hold.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {_key(info.filename): info for info in archive.infolist()}
        self._bytes = 0
        self.budget = Budget()

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._members

    def head_of(self, name: str) -> bytes:
        """The first bytes of a part; none where there is no such part."""
        info = self._members.get(_key(name))
        return b"" if info is None else next(iter(self._chunks(info)), b"")

    def elements(self, name: str) -> list[Element]:
        """The elements of a part; none where there is no such part.

        Raises:
            ArchiveError: As `read` does.
        """
        found = _Elements(self.budget)
        self.read(name, found)
        return found.elements

    def read(self, name: str, handler: Handler) -> None:
        """Read a part; one that is not there has no elements.

        Raises:
            ArchiveError: It is too large, encrypted, no XML, or defines entities as a trap does.
        """
        info = self._members.get(_key(name))
        if info is None:
            return
        self._bytes += info.file_size
        if self._bytes > LARGEST_BYTES:
            raise ArchiveError(
                f"it unpacks to more than {LARGEST_BYTES >> 20} MiB; save its sheet as CSV"
            )
        parser = _parser(handler)
        try:
            for chunk in self._chunks(info):
                parser.Parse(chunk, False)  # noqa: FBT003  expat takes it by place alone
            parser.Parse(b"", True)  # noqa: FBT003
        except expat.ExpatError:
            raise ArchiveError(DAMAGED) from None

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        if is_encrypted(info):
            raise ArchiveError(ENCRYPTED)
        return member_bytes(self._archive, info, None)


class _Elements:
    """Collects the elements of a part, which is a short one unless it is a trap."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.elements: list[Element] = []
        self._open = [""]

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._budget.take()
        told = {local(key): value for key, value in attributes.items()}
        self.elements.append(Element(self._open[-1], local(name), told))
        self._open.append(local(name))

    def end(self, name: str) -> None:  # noqa: ARG002  expat tells it
        self._open.pop()

    def text(self, data: str) -> None:
        """Text is left out."""


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _parser(handler: Handler) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refused
    return parser


def _refused(*_: object) -> None:
    raise ArchiveError("it defines entities, as a trap does; save the workbook again")
