"""The elements of an Apple Health export that tell of our signals, streamed, each with its row.

A row is the line in which an element begins, as an editor counts it. An element of exactly the
usual shape is read by a regular expression; any other by a strict XML parser, alone, so that a
damaged one costs no other. The short way decides nothing: both give the same. What holds nothing
for us is passed over unread.

The document's type definition is passed over too, since some exports hold one that is malformed.
An export that declares entities is refused: no parser sees a declaration, so nothing expands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dataflows.exports.apple_health.strict import KINDS, PREFIX, StrictElement
from dataflows.exports.csv_text import UnusableExportError

BLOCK_BYTES: Final = 4_194_304
# What begins and does not end within so much is broken.
LONGEST_ELEMENT: Final = 1_048_576
LONGEST_HEAD: Final = 1_048_576

_ANY_KIND: Final = b"|".join(KINDS)
_TEXT: Final = rb'[^"<&]*(?:&(?:lt|gt|amp|quot|apos);[^"<&]*)*'
_ENTRY: Final = rb'<MetadataEntry key="%b" value="%b"/>\s*' % (_TEXT, _TEXT)
_USUAL: Final = re.compile(
    rb'\s*<Record type="%b(%b)" sourceName="(%b)"' % (PREFIX, _ANY_KIND, _TEXT)
    + rb'(?: sourceVersion="%b")?(?: device="%b")?(?: unit="(%b)")?' % (_TEXT, _TEXT, _TEXT)
    + rb' creationDate="([^"<&]*)" startDate="([^"<&]*)" endDate="([^"<&]*)" value="(%b)"' % _TEXT
    + rb"(?:/>|>\s*((?:%b)*)</Record>)" % _ENTRY
)
_WANTED: Final = re.compile(
    rb"HK(?:(?:Quantity|Category)TypeIdentifier(%b)|CorrelationTypeIdentifierBloodPressure)\b"
    % _ANY_KIND
)
_TOKEN: Final = re.compile(
    rb"<(?:(Record|Correlation|Workout|ActivitySummary|ClinicalRecord|Audiogram|VisionPrescription)"
    rb"(?=[\s/>])|(/Correlation|/HealthData)\s*>)"
)
_EMPTY_CORRELATION: Final = re.compile(rb'<Correlation\s(?:[^<>"]|"[^"<]*")*/>')
_UNSEEN: Final = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_UNSEEN_BEGIN: Final = re.compile(rb"<!--|<!\[CDATA\[")
_ROOT: Final = re.compile(rb"<HealthData(?=[\s/>])")


@dataclass
class Part:
    """What a part of the file tells; beside everything stands where it begins.

    Attributes:
        row: The row that the part begins in.
        lines: Where its line ends are.
        records: By kind, those that stand alone: places, and `strict.Record` tuples.
        correlations: Pressures that were told together.
        broken: Kind, text and whether the end of the file cuts it off.
        is_ended: Whether the root element ends in it.
    """

    row: int
    lines: NDArray[np.int64]
    records: dict[bytes, tuple[list[int], list[tuple[bytes, ...]]]] = field(
        default_factory=lambda: {kind: ([], []) for kind in KINDS}
    )
    correlations: list[tuple[int, list[tuple[bytes, ...]]]] = field(default_factory=list)
    broken: list[tuple[int, tuple[bytes, bytes, bool]]] = field(default_factory=list)
    is_ended: bool = False

    def rows(self, places: Sequence[int]) -> NDArray[np.int32]:
        """The rows that places of the part lie in."""
        return (np.searchsorted(self.lines, places) + self.row).astype(np.int32)


def parts(content: Any, *, block_bytes: int = BLOCK_BYTES) -> Iterator[Part]:
    """The parts of a file, in its order.

    Args:
        content: The file, as a `pyarrow.Buffer`.
        block_bytes: How much is looked at at once.

    Raises:
        UnusableExportError: It declares entities, or ends before its root element begins.
    """
    head = content.slice(0, min(content.size, LONGEST_HEAD)).to_pybytes()
    root = _ROOT.search(head)
    if b"<!ENTITY" in (head if root is None else head[: root.start()]):
        raise UnusableExportError("the file declares entities, which no health export does")
    if root is None:
        raise UnusableExportError("the file ends before its first record; export it again")
    offset, row, carried = root.end(), 1 + head.count(b"\n", 0, root.end()), b""
    while True:
        size = min(block_bytes, content.size - offset)
        block = carried + content.slice(offset, size).to_pybytes()
        offset += size
        reader = _Block(_without_unseen(block), row, is_last=offset >= content.size)
        yield reader.part
        if reader.is_last:
            return
        carried = block[reader.end :]
        row = int(reader.part.rows([reader.end])[0])


def _without_unseen(block: bytes) -> bytes:
    """The block with blanks for comments and CDATA, which hold no element; lines stay.

    It ends where one begins that goes on behind the block.
    """
    if b"!" not in block or b"<!" not in block:
        return block
    block = _UNSEEN.sub(lambda found: re.sub(rb"[^\n]", b" ", found[0]), block)
    begun = _UNSEEN_BEGIN.search(block, max(len(block) - LONGEST_ELEMENT, 0))
    return block if begun is None else block[: begun.start()]


class _Block:
    """One look at a stretch of the file.

    Attributes:
        part: What it tells.
        end: Up to where it was read; the next look begins there.
    """

    def __init__(self, text: bytes, row: int, *, is_last: bool) -> None:
        self.text, self.is_last = text, is_last
        self.part = Part(row, np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")))
        self.end = 0
        pending = self._read()
        if pending is None:
            self.end = max(self.end, text.rfind(b"<"))
        elif is_last or len(text) - pending > LONGEST_ELEMENT:
            self._read_strictly(pending, len(text))
            self.end = len(text)
        else:
            self.end = pending

    def _read(self) -> int | None:
        """Read what is whole; the place of what may go on behind the block."""
        text, pending, nested = self.text, None, False
        while (token := _TOKEN.search(text, self.end)) is not None:
            place, name = token.start(), token[1]
            at = token.end()
            if not nested or name != b"Record":
                if pending is not None:
                    self._read_strictly(pending, at if nested and not name else place)
                pending, nested = None, False
                if name == b"Record":
                    at = self._read_usual(place)
                    pending = place if at == place else None
                elif name == b"Correlation":
                    pending, nested = place, _EMPTY_CORRELATION.match(text, place) is None
                elif token[2] == b"/HealthData":
                    self.part.is_ended = True
            self.end = max(at, token.end())
        return pending

    def _read_usual(self, place: int) -> int:
        """Read as many records of the usual shape as follow each other; where they end."""
        while (usual := _USUAL.match(self.text, place)) is not None:
            places, told = self.part.records[usual[1]]
            places.append(usual.start(1))
            told.append(usual.groups(b""))
            place = usual.end()
        return place

    def _read_strictly(self, start: int, end: int) -> None:
        """Read the one element that begins here, if it may be wanted."""
        wanted = _WANTED.search(self.text, start, end)
        if wanted is None:
            return
        text = self.text[start:end]
        found = StrictElement(text)
        if not found.is_whole:
            is_cut = self.is_last and end == len(self.text)
            self.part.broken.append((start, (wanted[1] or b"", text, is_cut)))
        elif found.name == "Record":
            for record in found.records:
                places, told = self.part.records[record.kind]
                places.append(start)
                told.append(record)
        elif found.records:
            self.part.correlations.append((start, list(found.records)))
