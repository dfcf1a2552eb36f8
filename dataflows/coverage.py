"""How many records each source and device has on each local date, without a look at any value."""

from typing import Final

import numpy as np
import pyarrow as pa

from dataflows import records
from dataflows.clocks import integers
from dataflows.text_codes import codes_of
from dataflows.trailing_windows import dates

COUNTS: Final = pa.schema(
    [
        records.ORIGIN.field("source"),
        records.ORIGIN.field("device"),
        pa.field("local_date", pa.date32(), nullable=False),
        pa.field("record_count", pa.int64(), nullable=False),
    ]
)


def counts_of(table: pa.Table) -> pa.Table:
    """The records of a table counted by source, device and local date.

    Shape: `COUNTS`, by source and device as they come, then by date.
    """
    if not table.num_rows:
        return COUNTS.empty_table()
    sources, source_names = codes_of(table["source"])
    devices, device_names = codes_of(table["device"])
    days = integers(table["local_date"])
    first, span = int(days.min()), int(days.max() - days.min()) + 1
    kinds = len(device_names) + 1
    places = (sources.astype(np.int64) * kinds + devices + 1) * span + (days - first)
    counts = np.bincount(places)
    filled = np.flatnonzero(counts)
    pairs, offsets = np.divmod(filled, span)
    by_source, by_device = np.divmod(pairs, kinds)
    columns = {
        "source": pa.array([source_names[code] for code in by_source], pa.string()),
        "device": pa.array([[None, *device_names][code] for code in by_device], pa.string()),
        "local_date": dates(offsets + first),
        "record_count": counts[filled],
    }
    return records.table_from_columns(COUNTS, columns, len(filled))
