"""Annotations: what the person says happened, from parsed rows to each of them once.

People keep one file and import it again when it has grown. Of several rows of the same kind, label
(letter case does not count) and start, the one with an end stands for those without, the later end
for an earlier one, a note for none; every loser is in `annotations_shadowed` under its rule:

- `same_annotation`: it tells nothing else.
- `conflicting_values`: it tells another end; the one that stays is flagged.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from hamilton.function_modifiers import extract_fields, tag
from numpy.typing import NDArray

from dataflows import annotation_schemas, contracts, records, resolution
from dataflows.clocks import integers
from dataflows.rejection import with_flag
from dataflows.text_codes import ranks_of

SIGNAL: Final = "annotations"
SAME: Final = "same_annotation"
_NO_END: Final = -(2**31)


@tag(stage="validation")
def annotations_checked(annotations_parsed: pa.Table) -> dict[str, pa.Table]:
    """Annotations of one file that can be true, and the rejected ones.

    Shape: `valid`, `rejected`.

    Units: local dates.
    """
    told = _complete(annotations_parsed)
    valid, rejected = contracts.rejected_by(
        told, annotation_schemas.ANNOTATIONS_CHECKED, signal=SIGNAL
    )
    return {"valid": valid, "rejected": rejected}


def _complete(parsed: pa.Table) -> pa.Table:
    """The parsed columns, also those that the file does not fill."""
    columns = {name: parsed[name] for name in parsed.column_names}
    columns |= dict.fromkeys({"end_date", "note"} - columns.keys())
    return records.table_from_columns(records.PARSED[SIGNAL], columns, parsed.num_rows)


@tag(stage="validation", target_=...)
@extract_fields(
    {
        "annotations": pa.Table,
        "annotations_shadowed": pa.Table,
        "annotations_withdrawn": pa.Table,
    }
)
def annotations_resolved(
    annotations_valid: Sequence[pa.Table], exclusions: pa.Table
) -> dict[str, pa.Table]:
    """Annotations of all files, each once, by their start; the duplicates; the withdrawn ones.

    Shape: `records.ANNOTATIONS`, `records.SHADOWED`, `records.REJECTED`.

    Units: local dates, both of them included.
    """
    joined = resolution.concatenated(annotations_valid, records.PARSED[SIGNAL])
    told, withdrawn = resolution.without_withdrawn(
        joined, signal=SIGNAL, exclusions=exclusions, future_limit=None
    )
    keys = _keys(told)
    winners = resolution.winners_of(keys, _preference(told))
    lost = winners != np.arange(len(winners))
    rules = np.where(_conflicts(told, winners), resolution.CONFLICT, SAME).astype(object)
    conflicts = np.isin(np.arange(len(winners)), winners[lost & (rules == resolution.CONFLICT)])
    kept = np.flatnonzero(~lost)
    order = kept[np.lexsort([key[kept] for key in (keys[1], keys[0], keys[2])])]
    flagged = with_flag(_named(told), conflicts, resolution.CONFLICT)
    chosen = resolution.published(flagged, records.ANNOTATIONS, order)
    losers = np.flatnonzero(lost)
    return {
        "annotations": contracts.checked(chosen, annotation_schemas.ANNOTATIONS),
        "annotations_shadowed": resolution.shadowed(
            told, losers, winners[losers], rules[losers], signal=SIGNAL
        ),
        "annotations_withdrawn": withdrawn,
    }


def _keys(told: pa.Table) -> list[NDArray[Any]]:
    """What makes two rows the same annotation: kind, label and start."""
    labels = [label.casefold() for label in told["label"].to_pylist()]
    places = {label: rank for rank, label in enumerate(sorted(set(labels)))}
    ranks = np.array([places[label] for label in labels], np.int64)
    return [ranks_of(told["kind"]), ranks, integers(told["start_date"])]


def _ends(told: pa.Table) -> NDArray[np.int64]:
    present = np.asarray(told["end_date"].is_valid())
    return np.where(present, integers(told["end_date"]), _NO_END)


def _preference(told: pa.Table) -> list[NDArray[Any]]:
    """The later end first, then a note before none, then the first in order of files and rows."""
    without_note = np.asarray(told["note"].is_null())
    return [-_ends(told), without_note, ranks_of(told["raw_sha256"]), integers(told["raw_row"])]


def _conflicts(told: pa.Table, winners: resolution.Indices) -> NDArray[np.bool_]:
    """Whether a row tells an end, and not that of the row that stands for it."""
    ends = _ends(told)
    conflicts: NDArray[np.bool_] = (ends != _NO_END) & (ends != ends[winners])
    return conflicts


def _named(told: pa.Table) -> pa.Table:
    """The rows with a name of their own, `start kind label`, and no remark yet."""
    parts = (told[name].to_pylist() for name in ("start_date", "kind", "label"))
    names = [f"{start} {kind} {label}" for start, kind, label in zip(*parts, strict=True)]
    flags = pa.nulls(told.num_rows, records.TEXT)
    return told.append_column("annotation", pa.array(names, pa.string())).append_column(
        "flags", flags
    )
