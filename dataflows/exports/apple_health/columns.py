"""Records of an Apple Health export, column by column.

`device` is the name of the source: every record has one, while the description of the hardware is
often missing and holds an address that changes with every export. A no-break space in it is a
space.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final
from xml.sax.saxutils import unescape

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows import clocks, records
from dataflows.exports import cells
from dataflows.exports.apple_health.strict import Record
from dataflows.exports.apple_health.times import instants

SOURCE: Final = "apple_health"
UNITS: Final = "unknown_unit"

_ZONE: Final = b"HKTimeZone"
_BY_HAND: Final = b"HKWasUserEntered"
_ENTRY: Final = re.compile(rb'<MetadataEntry key="([^"<]*)" value="([^"<]*)"/>')


class Columns:
    """Some records of one kind, at least one.

    Attributes:
        rows: Row of each.
        kinds: As in `Record`.
        starts: Microseconds since 1970 UTC, or `cells.NO_INSTANT`.
        devices: Names, an Arrow dictionary array.
        zones: The time zone that each names, or None.
        by_hand: Whether a person typed it in.
    """

    def __init__(self, rows: NDArray[np.int32], told: Sequence[tuple[bytes, ...]]) -> None:
        self.rows = rows
        self._columns = dict(zip(Record._fields, zip(*told, strict=True), strict=True))
        self.kinds = self._columns["kind"]
        self.starts = instants(self._columns["start"])
        self.devices = _named(self._columns["source"])
        metadata = pa.array(self._columns["metadata"], pa.binary()).dictionary_encode()
        found = [dict(_ENTRY.findall(text)) for text in metadata.dictionary.to_pylist()]
        zones = [text_of(each[_ZONE]) if _ZONE in each else None for each in found]
        codes = np.asarray(metadata.indices)
        self.zones = np.array(zones, object)[codes]
        self.by_hand = np.array([each.get(_BY_HAND) == b"1" for each in found])[codes]

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """When each ended, as `starts`."""
        return instants(self._columns["end"])

    @cached_property
    def created(self) -> NDArray[np.int64]:
        """When each was written into the store, as `starts`."""
        return instants(self._columns["created"])

    @cached_property
    def values(self) -> Any:
        """What each says, an Arrow array of text."""
        return _texts(self._columns["value"])

    def numbers(self, factors: dict[str, float]) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """The values in the unit that `factors` gives for others.

        Shape: the numbers, NaN where there is none; masks of the records that cannot be used, by
        the check that they fail.
        """
        numbers, bad_numbers = cells.mapped(self.values, cells.number, np.float64)
        scale, bad_units = cells.mapped(_texts(self._columns["unit"]), factors.get, np.float64)
        right = np.ones(len(numbers), np.bool_)
        failed = {
            "not_a_time": self.starts == cells.NO_INSTANT,
            "not_a_number": ~right if bad_numbers is None else bad_numbers,
            UNITS: ~right if bad_units is None else bad_units,
        }
        return numbers * scale, failed


def recorded_offsets(moments: NDArray[np.int64], zones: NDArray[np.object_]) -> tuple[Any, int]:
    """The offset of each instant in the zone beside it.

    Shape: an Arrow array of minutes, null without a zone; how many zones nobody knows.
    """
    offsets = np.zeros(len(moments), np.int16)
    untold = ~has_zone(zones)
    strange = 0
    for name in sorted(set(zones[~untold])):
        rows = np.flatnonzero(zones == name)
        try:
            times = cells.timestamps(moments[rows], records.INSTANT)
            offsets[rows] = clocks.offset_minutes(times, name)
        except clocks.UnknownTimeZoneError:
            untold[rows] = True
            strange += len(rows)
    return pa.array(offsets, mask=untold), strange


def has_zone(zones: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which records name a zone."""
    return np.array([zone is not None for zone in zones], np.bool_)


def text_of(raw: bytes) -> str:
    """What an escaped text says."""
    text: str = unescape(raw.decode(errors="replace"), {"&quot;": '"', "&apos;": "'"})
    return text


def _texts(column: Sequence[bytes]) -> Any:
    encoded = pa.array(column, pa.binary()).dictionary_encode()
    plain = [text_of(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(plain, pa.string()).take(encoded.indices)


def _named(column: Sequence[bytes]) -> Any:
    encoded = pa.array(column, pa.binary()).dictionary_encode()
    plain = (
        text_of(text).replace("\u00a0", " ").strip() for text in encoded.dictionary.to_pylist()
    )
    names = pa.array([name or None for name in plain], pa.string())
    return names.take(encoded.indices).dictionary_encode()
