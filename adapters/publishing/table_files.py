"""One table as a file for other programs: CSV that a spreadsheet may open, and Parquet.

A cell of text that a spreadsheet would take for a formula gets an apostrophe before it; numbers,
also those in columns of text, stay numbers. What the apostrophe costs a program that reads the
CSV, Parquet does not: there every value is exact.

Source: OWASP, CSV Injection (cells that begin with = + - @, tab, carriage return, line feed, or
the full-width forms of the first four).
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.engine.codecs import canonical_table
from adapters.publishing.tables import Publication
from adapters.running.views import csv_bytes as plain_csv_bytes

_FORMULA: Final = r"^(?:[\t\r\n]|[\s\pZ\pC]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
_NUMBER: Final = r"^[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?$"


def csv_bytes(table: pa.Table, source: Publication) -> pa.Buffer:
    """A table as CSV in UTF-8 whose last two columns name the generation.

    Args:
        table: The rows to write.
        source: The generation that they came from.
    """
    told = {
        "generation": pa.array([source.generation] * table.num_rows, pa.int32()),
        "generation_published_utc": pa.array([source.published_utc] * table.num_rows),
    }
    for name, column in told.items():
        table = table.append_column(name, column)
    return plain_csv_bytes(without_formulas(table))


def parquet_bytes(table: pa.Table, source: Publication) -> pa.Buffer:
    """A table as Parquet; the file's key-value metadata names the generation.

    Args:
        table: The rows to write.
        source: The generation that they came from.
    """
    told = {
        "profile": source.profile,
        "generation": str(source.generation),
        "generation_published_utc": source.published_utc,
    }
    sink = pa.BufferOutputStream()
    pq.write_table(canonical_table(table).replace_schema_metadata(told), sink, compression="zstd")
    return sink.getvalue()


def without_formulas(table: pa.Table) -> pa.Table:
    """The same table, with an apostrophe before every text that would be taken for a formula."""
    columns = [_harmless(column.combine_chunks()) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _harmless(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return _harmless(column.dictionary_decode())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    is_formula = pc.and_not(
        pc.match_substring_regex(column, _FORMULA), pc.match_substring_regex(column, _NUMBER)
    )
    marked = pc.binary_join_element_wise("'", column, "")
    return pc.if_else(is_formula, marked, column)
