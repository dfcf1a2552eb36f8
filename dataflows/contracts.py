"""What a contract does: it rejects rows, and it guards tables.

A contract serves twice. Row by row, before a table is passed on: the bound that a row breaks is
the reason why it is rejected. And for a whole table, afterwards: then a broken bound is an error of
this program. The contracts themselves are in `schemas`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dataflows import DataflowError, records
from dataflows.rejection import rejected_where
from dataflows.rows import rows_where

if TYPE_CHECKING:
    from pandera.pandas import Check, DataFrameSchema

# Checks that a row can fail; a table that breaks any other was built wrongly.
REJECTING: Final = (
    "missing_value",
    "out_of_range",
    "swapped_columns",
    "ends_before_start",
    "inconsistent_stages",
)


class ContractError(DataflowError):
    """A table does not keep its contract; the program that built it is wrong.

    Attributes:
        table: Name of the contract.
        column: Column to blame, or the columns of a check over several.
        check: Code of the check.
        rows: How many rows fail.
    """

    def __init__(self, table: str, column: str, check: str, rows: int) -> None:
        self.table, self.column, self.check, self.rows = table, column, check, rows
        super().__init__(f"{table}.{column} breaks the contract: {check} in {rows} rows")


@dataclass(frozen=True)
class Contract:
    """What holds for a table.

    Attributes:
        values: Checks on values; its name is the table's.
        columns: Names, order and types; None where the builder of the table states them.
    """

    values: "DataFrameSchema"
    columns: pa.Schema | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.values.name)


@dataclass(frozen=True)
class Failure:
    """Rows that fail one check."""

    column: str
    check: str
    reason: str
    rows: NDArray[np.bool_]


def failures(table: pa.Table, contract: Contract) -> Iterator[Failure]:
    """The checks that rows of a table fail; nothing for a check that every row passes.

    A check over several columns comes before those of one column, since it knows more.
    """
    required = [name for name, column in contract.values.columns.items() if not column.nullable]
    for name in required:
        missing = pc.is_null(table[name], nan_is_null=pa.types.is_floating(table[name].type))
        if pc.any(missing).as_py():
            yield Failure(name, "missing_value", f"{name} is missing", np.asarray(missing))
    if contract.values.checks and table.num_rows:
        frame = _frame(table, list(contract.values.columns))
        for check in contract.values.checks:
            yield from _failure(check, frame, check.title)
    for name, column in contract.values.columns.items():
        for check in column.checks:
            yield from _column_failure(check, table[name], name)


def _frame(table: pa.Table, names: list[str]) -> pd.DataFrame:
    present = table.select([name for name in names if name in table.column_names])
    frame: pd.DataFrame = present.to_pandas(split_blocks=True)
    return frame


def _failure(check: "Check", rows: pd.DataFrame | pd.Series, column: str) -> Iterator[Failure]:
    passed = _passed(check(rows).check_output, len(rows))
    if not passed.all():
        yield Failure(column, str(check.name), str(check.error), ~passed)


def _passed(output: Any, length: int) -> NDArray[np.bool_]:
    """One truth value a row: a check leaves out rows without a value, which passes."""
    if not isinstance(output, pd.Series):
        return np.full(length, output, np.bool_)
    if len(output) == length:
        return np.asarray(output, np.bool_)
    passed = np.ones(length, np.bool_)
    passed[output.index.to_numpy()] = output
    return passed


def _column_failure(check: "Check", column: pa.ChunkedArray, name: str) -> Iterator[Failure]:
    """Like `_failure`; of text, the distinct values are looked at first."""
    if pa.types.is_dictionary(column.type):
        values = column.unique().dictionary_decode()
        if check(values.to_pandas()).check_passed:
            return
        column = column.cast(pa.string())
    yield from _failure(check, column.to_pandas(), name)


def rejected_by(table: pa.Table, contract: Contract, *, signal: str) -> tuple[pa.Table, pa.Table]:
    """Split a table into the rows that keep a contract and the rejected ones.

    A row that fails several checks is rejected once, for the first.

    Shape: the rows that stay (the very same table if all do); `records.REJECTED`.

    Raises:
        ContractError: A check fails that is not a matter of single rows.
    """
    rejected = [records.empty(records.REJECTED)]
    bad = np.zeros(table.num_rows, np.bool_)
    for failure in failures(table, contract):
        if failure.check not in REJECTING:
            raise ContractError(
                contract.name, failure.column, failure.check, int(failure.rows.sum())
            )
        rejected.append(
            rejected_where(
                table,
                failure.rows & ~bad,
                signal=signal,
                check=failure.check,
                column=failure.column,
                reason=failure.reason,
            )
        )
        bad |= failure.rows
    return rows_where(table, ~bad), pa.concat_tables(rejected)


def checked(table: pa.Table, contract: Contract) -> pa.Table:
    """The table itself, which keeps its contract.

    Raises:
        ContractError: It does not; or a column is missing, superfluous, out of place or of
            another type.
    """
    names = list(contract.values.columns) if contract.columns is None else contract.columns.names
    for name in [*names, *table.column_names]:
        if (name in names) != (name in table.column_names):
            raise ContractError(contract.name, name, "not the contract's columns", table.num_rows)
    if table.column_names != names:
        raise ContractError(contract.name, "", "order of columns", table.num_rows)
    for field in contract.columns or []:
        if table.schema.field(field.name).type != field.type:
            raise ContractError(contract.name, field.name, "type", table.num_rows)
    for failure in failures(table, contract):
        rows = int(failure.rows.sum())
        raise ContractError(contract.name, failure.column, failure.check, rows) from None
    return table
