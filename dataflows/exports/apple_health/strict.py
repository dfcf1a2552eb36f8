"""One element of an Apple Health export, read by a strict XML parser."""

import re
from typing import Final, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape

HEART_RATE: Final = b"HeartRate"
RESTING: Final = b"RestingHeartRate"
SYSTOLIC: Final = b"BloodPressureSystolic"
DIASTOLIC: Final = b"BloodPressureDiastolic"
SLEEP: Final = b"SleepAnalysis"
KINDS: Final = (HEART_RATE, RESTING, SYSTOLIC, DIASTOLIC, SLEEP)
PREFIX: Final = rb"HK(?:Quantity|Category)TypeIdentifier"
CORRELATION: Final = "HKCorrelationTypeIdentifierBloodPressure"

_ATTRIBUTES: Final = ("sourceName", "unit", "creationDate", "startDate", "endDate", "value")
_OF_ROOT: Final = 2
_KIND: Final = re.compile(PREFIX + b"(.*)")


class Record(NamedTuple):
    """A record as the file writes it: text is escaped, what is not there is empty.

    Attributes:
        kind: One of `KINDS`.
        source: Name of the device or app.
        unit: Of the value.
        created: When it was written into the store.
        start: When it began.
        end: When it ended.
        value: A number, or the name of a stage.
        metadata: The `MetadataEntry` elements in it.
    """

    kind: bytes
    source: bytes
    unit: bytes
    created: bytes
    start: bytes
    end: bytes
    value: bytes
    metadata: bytes


class StrictElement:
    """What the element is that a text begins with; nothing behind it counts.

    Attributes:
        name: Of the element.
        is_whole: Whether it is well-formed up to its end.
        records: The wanted record that it is, or those that a correlation of pressures holds; what
            metadata the correlation has, they have too.
    """

    def __init__(self, text: bytes) -> None:
        self.name, self.is_whole = "", False
        self.records: list[Record] = []
        self._depth, self._is_wanted = 0, False
        self._attributes: dict[str, str] = {}
        self._entries: list[bytes] = []
        self._shared: list[bytes] = []
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(text, False)  # noqa: FBT003  expat takes it by place alone
        except expat.ExpatError:
            return

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self.name = name
            self._is_wanted = name == "Record" or attributes.get("type") == CORRELATION
        if name == "Record":
            self._attributes, self._entries = attributes, []
        elif name == "MetadataEntry":
            pair = (_escaped(attributes.get(key, "")) for key in ("key", "value"))
            is_shared = self._depth == _OF_ROOT and self.name == "Correlation"
            entries = self._shared if is_shared else self._entries
            entries.append(b'<MetadataEntry key="%b" value="%b"/>' % tuple(pair))

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "Record" and self._is_wanted:
            self._take()
        if not self._depth:
            self.is_whole = True
            shared = b"".join(self._shared)
            self.records = [told._replace(metadata=shared + told.metadata) for told in self.records]

    def _take(self) -> None:
        kind = _KIND.fullmatch(self._attributes.get("type", "").encode())
        if kind is not None and kind[1] in KINDS:
            told = (_escaped(self._attributes.get(name, "")) for name in _ATTRIBUTES)
            self.records.append(Record._make((kind[1], *told, b"".join(self._entries))))


def _escaped(text: str) -> bytes:
    return escape(text, {'"': "&quot;"}).encode()
