"""Where a point of a chart comes from: the rows of the raw files, and every node between."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from itertools import groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.dashboard.columns import local_times
from adapters.dashboard.markup import HASH, Markup, day, moment, table
from adapters.dashboard.published import Published

_OUTPUTS: Final = {
    "systolic": "blood_pressure_readings",
    "diastolic": "blood_pressure_readings",
    "heart": "heart_rate_samples",
    "sleep": "sleep_sessions",
    "quality": "sleep_sessions",
}
_MOST_RUNS: Final = 6
_CLOSE: Final = "<button type='button' class='close' data-close='origin'>Close</button>"


@dataclass(frozen=True)
class Group:
    """Rows of one raw file that a point is made of."""

    source: str
    device: str
    raw_sha256: str
    rows: tuple[int, ...]


def origin(layer: str, point: Mapping[str, Any], published: Published) -> str:
    """Where a point comes from, for people.

    Args:
        layer: The layer that was clicked: `systolic.morning`.
        point: What its source holds of the point.
        published: The generation that is shown.
    """
    output = "sleep_stages" if layer == "sleep.stage" else _OUTPUTS[layer.partition(".")[0]]
    rows, when = _rows_of(output, point, published)
    when += ", estimated without a cuff" if layer.endswith(".cuffless") else ""
    groups = list(_groups(rows))
    names = published.background.names({group.raw_sha256 for group in groups})
    version = published.facts.versions.get(output, "")
    head = f"<h2>Where this comes from {_CLOSE}</h2>"
    head += f"<p>{escape(when)}, from <b>{escape(output)}</b> version {version}</p>"
    return head + _files(groups, names) + _shadowed(groups, published) + _nodes(output, published)


def _rows_of(output: str, point: Mapping[str, Any], published: Published) -> tuple[pa.Table, str]:
    """The rows that a point stands for, and when that was."""
    if output == "blood_pressure_readings" and point.get("row", -1) >= 0:
        rows = published.table(output).slice(int(point["row"]), 1)
        return rows, f"The reading of {moment(point['time'])} (local time)"
    if output == "sleep_stages":
        return _stage(point, published)
    first, last = _days(point)
    found = published.rows_between(output, first, last)
    if first == last:
        return found, f"What counts of {day(_ms(first))}"
    return found, f"What counts from {day(_ms(first))} to {day(_ms(last))}"


def _stage(point: Mapping[str, Any], published: Published) -> tuple[pa.Table, str]:
    start = point["time"] - point["half"]
    woke = _date(start)
    rows = published.rows_between("sleep_stages", woke, woke + timedelta(days=1))
    return rows.filter(local_times(rows) == start), f"The stage from {moment(start)} (local time)"


def _days(point: Mapping[str, Any]) -> tuple[date, date]:
    """The local dates of a point that lies in the middle of a day, an hour or a week."""
    half = point["width"] / 2
    return _date(point["time"] - half), _date(point["time"] + half - 1)


def _date(milliseconds: float) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()


def _ms(found: date) -> float:
    return float((found - date(1970, 1, 1)) / timedelta(milliseconds=1))


def _groups(rows: pa.Table) -> Iterator[Group]:
    if not rows.num_rows:
        return
    columns = ["source", "device", "raw_sha256", "raw_row"]
    texts = [rows[name].cast(pa.string()).fill_null("").to_pylist() for name in columns[:3]]
    found = sorted(zip(*texts, rows["raw_row"].to_pylist(), strict=True))
    for (source, device, sha256), members in groupby(found, key=lambda each: each[:3]):
        yield Group(source, device, sha256, tuple(each[3] for each in members))


def _files(groups: Iterable[Group], names: Mapping[str, str]) -> str:
    rows = [
        (
            names.get(group.raw_sha256, ""),
            Markup(f"<code title='{group.raw_sha256}'>{group.raw_sha256[:HASH]}</code>"),
            runs_of(group.rows),
            group.source,
            group.device,
        )
        for group in groups
    ]
    heads = ("file", "SHA-256", "row, as a spreadsheet counts", "source", "device")
    return table("Rows of the exports as they came in", heads, rows)


def _shadowed(groups: Iterable[Group], published: Published) -> str:
    """Duplicates for which these rows stand."""
    shadowed = published.table("shadowed_rows")
    if not shadowed.num_rows:
        return ""
    kept = {(group.raw_sha256, row) for group in groups for row in group.rows}
    files = pa.array(sorted({sha256 for sha256, _ in kept}), pa.string())
    mine = shadowed.filter(pc.is_in(shadowed["kept_raw_sha256"].cast(pa.string()), files))
    found = [
        (row["source"], row["raw_sha256"][:HASH], row["raw_row"], row["rule"])
        for row in mine.to_pylist()
        if (row["kept_raw_sha256"], row["kept_raw_row"]) in kept
    ]
    if not found:
        return ""
    heads = ("source", "SHA-256", "row", "why it is not counted twice")
    return table(f"Duplicates of these rows: {len(found):,}", heads, found, most=30)


def _nodes(output: str, published: Published) -> str:
    rows = [
        (behind.stage, behind.node, behind.rows, behind.sha256[:HASH])
        for behind in published.background.behind(output)
    ]
    if not rows:
        return ""
    heads = ("stage", "node", "rows", "SHA-256 of the result")
    return (
        f"<details><summary>Every node between, {len(rows)} of them</summary>"
        f"{table('From the file to the output', heads, rows)}</details>"
    )


def runs_of(rows: Iterable[int]) -> str:
    """Numbers in words: 3, 5 to 9."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row <= runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    told = [str(low) if low == high else f"{low} to {high}" for low, high in runs[:_MOST_RUNS]]
    more = sum(high - low + 1 for low, high in runs[_MOST_RUNS:])
    return ", ".join(told) + (f" and {more:,} more" if more else "")
