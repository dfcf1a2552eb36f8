"""The tables of one generation, whole or of some dates.

NoDatesError     a table that has no dates was asked for by dates
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters import AdapterError
from adapters.profile import Profile
from adapters.reader import UnknownOutputError, load, outputs

# A row belongs to the dates from the first of these columns to the second.
_DATE_COLUMNS: Final = (
    ("local_date", "local_date"),
    ("period_start", "period_end"),
    ("start_date", "end_date"),
    ("period_end", "period_end"),
    ("first_date", "last_date"),
)


class NoDatesError(AdapterError):
    """An output whose rows stand for no dates cannot be cut to some."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(f"the rows of {name} have no dates; leave --from and --to out")


@dataclass(frozen=True)
class Publication:
    """Tables that were published together.

    Attributes:
        profile: Whose they are.
        generation: The number of their generation.
        published_utc: When it was published, as ISO text.
        tables: The tables by the name of their output.
    """

    profile: str
    generation: int
    published_utc: str
    tables: Mapping[str, pa.Table]

    def __str__(self) -> str:
        return (
            f"generation {self.generation} of profile {self.profile}, "
            f"published {self.published_utc}"
        )


def publication_of(
    profile: Profile, names: Collection[str], *, optional: Collection[str] = ()
) -> Publication:
    """The current generation's tables.

    Args:
        profile: Whose.
        names: The outputs to open.
        optional: More of them, each left out where the generation has none of that name.

    Raises:
        AdapterError: Nothing is published, or an output is unknown or no table.
        DamagedArtifactError: Bytes are missing or damaged; the next run makes them again.
    """
    home = profile.home.absolute()
    found = outputs(profile=profile.name, home=home)
    known = {output.name for output in found if output.artifact.rows is not None}
    if unknown := [name for name in names if name not in known]:
        raise UnknownOutputError(unknown[0], known)
    tables = {
        name: load(name, generation=found.generation, profile=profile.name, home=home).table
        for name in (*names, *(name for name in optional if name in known))
    }
    return Publication(profile.name, found.generation, found.published_utc, tables)


def within(name: str, table: pa.Table, first: date | None, last: date | None) -> pa.Table:
    """The rows of a table that touch some dates, both ends included.

    Args:
        name: The output, for the error.
        table: Its rows.
        first: The first date; None for no limit.
        last: The last date; None for no limit.

    Raises:
        NoDatesError: Its rows have no dates.
    """
    if first is None and last is None:
        return table
    held = set(table.column_names)
    columns = next((pair for pair in _DATE_COLUMNS if held.issuperset(pair)), None)
    if columns is None:
        raise NoDatesError(name)
    start, end = columns
    if first is not None:  # what has no end goes on
        table = table.filter(pc.fill_null(pc.greater_equal(table[end], pa.scalar(first)), True))  # noqa: FBT003 - Arrow's signature
    if last is not None:
        table = table.filter(pc.less_equal(table[start], pa.scalar(last)))
    return table
