"""Finished Parquet files of one schema become one file without their pages being opened.

A page does not tell where it stands; the footer tells it for all of them. So the row groups of the
files follow one another as they are, and a new footer tells all of them, each moved to its place.

Source: `FileMetaData` of apache/parquet-format's `parquet.thrift`.
"""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from adapters.engine.thrift import STRUCT, Reader, Struct, write_struct

_MAGIC: Final = b"PAR1"
_FOOTER_END: Final = 8

_FILE_SCHEMA, _FILE_ROWS, _FILE_GROUPS, _FILE_METADATA = 2, 3, 4, 5
_GROUP_COLUMNS, _GROUP_PLACE, _GROUP_NUMBER = 1, 5, 7
_COLUMN_METADATA: Final = 3
_COLUMN_PLACES: Final = (2, 4, 6)
_PAGE_PLACES: Final = (9, 10, 11, 14)


class SchemasDifferError(ValueError):
    """Files of different columns are no one file."""


def joined(files: Sequence[pa.Buffer]) -> list[memoryview]:
    """The bytes of one file with the row groups of all.

    Args:
        files: At least one whole Parquet file, all with the same columns.

    Raises:
        SchemasDifferError: Their columns, or their types or names, differ.
    """
    contents = [memoryview(file).cast("B") for file in files]
    footers = [_footer(content) for content in contents]
    whole = footers[0][1]
    groups: list[Struct] = []
    bodies: list[memoryview] = [memoryview(_MAGIC)]
    end = len(_MAGIC)
    for content, (start, footer) in zip(contents, footers, strict=True):
        for told in (_FILE_SCHEMA, _FILE_METADATA):
            if footer.get(told) != whole.get(told):
                raise SchemasDifferError("the files' columns differ")
        for group in footer[_FILE_GROUPS].value[1]:
            _move(group, end - len(_MAGIC), len(groups))
            groups.append(group)
        bodies.append(content[len(_MAGIC) : start])
        end += start - len(_MAGIC)
    whole[_FILE_ROWS].value = sum(footer[_FILE_ROWS].value for _, footer in footers)
    whole[_FILE_GROUPS].value = (STRUCT, groups)
    ending = bytearray()
    write_struct(ending, whole)
    ending += len(ending).to_bytes(4, "little") + _MAGIC
    return [*bodies, memoryview(ending)]


def _footer(content: memoryview) -> tuple[int, Struct]:
    """Where the footer begins, and what it tells."""
    start = len(content) - _FOOTER_END - int.from_bytes(content[-_FOOTER_END:-4], "little")
    return start, Reader(content[start:-_FOOTER_END]).struct()


def _move(group: Struct, by: int, number: int) -> None:
    """Tell where a row group stands now."""
    _shift(group, (_GROUP_PLACE,), by)
    if _GROUP_NUMBER in group:
        group[_GROUP_NUMBER].value = number
    for column in group[_GROUP_COLUMNS].value[1]:
        _shift(column, _COLUMN_PLACES, by)
        _shift(column[_COLUMN_METADATA].value, _PAGE_PLACES, by)


def _shift(told: Struct, places: Sequence[int], by: int) -> None:
    for place in places:
        if place in told and told[place].value:  # 0: not told
            told[place].value += by
