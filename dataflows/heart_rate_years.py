"""Heart rates by UTC year, so that a new file touches the years that it tells of and no other.

Equal instants lie in the same year, so samples can be de-duplicated year by year. A local day can
lie in two of them: `local_dates_inside` says which surely do not.
"""

from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataflows.clocks import integers
from dataflows.rows import taken

# What is earlier or later, as broken clocks tell, is put to the first or the last of these years.
FIRST_YEAR: Final = 1999
LAST_YEAR: Final = 2100


def by_year(table: pa.Table) -> dict[str, pa.Table]:
    """The rows of each UTC year that has any, in the order of the years, as they stand in each.

    Shape: the columns of the table; the very same table if it has one year alone.
    """
    if not table.num_rows:
        return {}
    instants = integers(table["start_utc"])
    first, last = _year_of(instants.min()), _year_of(instants.max())
    if first == last:
        return {str(first): table}
    starts = np.arange(first + 1 - 1970, last + 1 - 1970).astype("M8[Y]").astype("M8[us]")
    places = np.searchsorted(starts.view(np.int64), instants, side="right").astype(np.int8)
    changes = np.concatenate(([0], np.flatnonzero(places[1:] != places[:-1]) + 1))
    return {
        str(first + place): taken(table, np.flatnonzero(places == place))
        for place in np.unique(places[changes]).tolist()
    }


def _year_of(instant: np.int64) -> int:
    year = int(instant.astype("M8[us]").astype("M8[Y]").astype(np.int64)) + 1970
    return min(max(year, FIRST_YEAR), LAST_YEAR)


def is_over(year: str, moment: datetime) -> bool:
    """Whether no record of that UTC year is as late as a moment, given in UTC."""
    return int(year) < min(moment.year, LAST_YEAR)


def local_dates_inside(year: int, days: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether no record of another UTC year can have these local dates, given as days since 1970.

    As no offset is as long as a day, that is so but for the first day of the year, the last one,
    and the days beside the year.
    """
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    epoch = date(1970, 1, 1).toordinal()
    inside: NDArray[np.bool_] = (days > first - epoch) & (days < last - epoch)
    return inside
