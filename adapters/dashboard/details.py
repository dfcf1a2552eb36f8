"""What stands behind the numbers, tab by tab; a tab whose output is not published is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final

from adapters.dashboard.markup import HASH, Figure, basis, day, decimal, iso_day, table
from adapters.dashboard.published import Published
from adapters.dashboard.state import Choice
from adapters.dashboard.usual import METRICS, usual_table
from adapters.publishing.words import source
from dataflows.home_protocols import PROTOCOLS

Content = Callable[[Published, Choice], str]
Column = tuple[str, str]


@dataclass(frozen=True)
class Tab:
    """A tab.

    Attributes:
        label: Its name for people.
        content: Makes its markup.
        needs: The outputs of which it needs at least one; none when empty.
    """

    label: str
    content: Content
    needs: tuple[str, ...] = ()

    def is_there(self, published: Published) -> bool:
        """Whether there is anything to tell."""
        return not self.needs or any(name in published for name in self.needs)


def tabs_of(published: Published) -> list[str]:
    """The keys of the tabs that a generation has."""
    return [key for key, tab in TABS.items() if tab.is_there(published)]


def tab_list(published: Published, current: str) -> str:
    """The tabs to choose from."""
    return "".join(
        f"<button type='button' role='tab' aria-controls='detail' data-tab='{key}' "
        f"aria-selected='{str(key == current).lower()}'>{escape(TABS[key].label)}</button>"
        for key in tabs_of(published)
    )


def shown(key: str, published: Published, choice: Choice) -> str:
    """The content of a tab."""
    return TABS[key].content(published, choice)


def _listed(
    name: str, caption: str, columns: Sequence[Column], *, within: tuple[str, str] | None = None
) -> Content:
    """A tab's table straight from an output.

    Args:
        name: The output.
        caption: What its rows are.
        columns: Column -> its head.
        within: The columns of the first and last date; rows outside of the range are left out.
    """

    def content(published: Published, choice: Choice) -> str:
        if name not in published:
            return ""
        rows = published.table(name)
        known = [(column, head) for column, head in columns if column in rows.column_names]
        found = [row for row in rows.to_pylist() if within is None or _touches(row, within, choice)]
        cells = [[_cell(column, row[column]) for column, _ in known] for row in reversed(found)]
        return table(caption, [head for _, head in known], cells)

    return content


def _touches(row: Mapping[str, Any], within: tuple[str, str], choice: Choice) -> bool:
    first, last = (row[name] for name in within)
    start, end = (date.fromisoformat(iso_day(at)) for at in choice.span)
    return first is None or (first < end and (last or first) >= start)


def _cell(column: str, value: Any) -> Any:
    if column.endswith("_share") and value is not None:
        return f"{value * 100:.0f} %"
    return value


def _joined(*contents: Content) -> Content:
    def content(published: Published, choice: Choice) -> str:
        return "".join(each(published, choice) for each in contents)

    return content


# -- tabs that are more than an output's rows ---------------------------------------------------


def _home(published: Published, choice: Choice) -> str:
    """Series of days, the newest first; of each, the chosen guideline's protocol comes first."""
    if "home_blood_pressure" not in published:
        return ""
    rows = published.table("home_blood_pressure").to_pylist()
    found = [row for row in rows if _touches(row, ("period_start", "period_end"), choice)]
    found.sort(key=lambda row: _PROTOCOLS[row["protocol"]].guideline != choice.guideline)
    found.sort(key=lambda row: row["period_end"], reverse=True)
    heads = (
        "protocol", "mean, mmHg", "category of the mean", "readings", "from", "to",
        "what is missing",
    )  # fmt: skip
    caption = "Means over home protocols; a category is not a diagnosis"
    return table(caption, heads, map(_home_row, found))


def _home_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    means = row["systolic_mean_mmhg"], row["diastolic_mean_mmhg"]
    return (
        _PROTOCOLS[row["protocol"]].title,
        _known(lambda *told: Figure("/".join(map(decimal, told))), *means),
        (row["category"] or "").replace("_", " "),
        row["reading_count"],
        row["period_start"],
        row["period_end"],
        row["missing"] or "nothing",
    )


def _quality(published: Published, choice: Choice) -> str:
    del choice
    heads = ("signal", "newest", "parsed", "valid", "rejected", "duplicates", "kept")
    newest = {
        "blood_pressure": published.series.readings,
        "heart_rate": published.series.heart_days,
        "sleep": published.series.nights,
    }
    rows = [
        (
            signal.replace("_", " "),
            day(newest[signal]["time"][-1]) if len(newest.get(signal, ())) else "",
            *(counts[name] for name in ("parsed", "valid", "rejected", "shadowed", "kept")),
        )
        for signal, counts in published.facts.books.items()
    ]
    caption = "The books: parsed = valid + rejected, and valid = duplicates + kept"
    return table(caption, heads, rows)


def _rejected(published: Published, choice: Choice) -> str:
    del choice
    rows = published.table("rejected_rows").to_pylist()
    names = published.background.names({row["raw_sha256"] for row in rows})
    cells = [
        (
            row["signal"].replace("_", " "),
            row["reason"],
            names.get(row["raw_sha256"], row["raw_sha256"][:HASH]),
            row["raw_row"],
            row["check"],
        )
        for row in rows
    ]
    heads = ("signal", "why", "file", "row", "check")
    told = f"{len(rows):,} rows were taken out, each with its reason" if rows else "Rows taken out"
    return table(told, heads, cells)


def _sources(published: Published, choice: Choice) -> str:
    """A bar per signal and device over all time, so that overlaps show."""
    del choice
    rows = published.table("source_coverage").to_pylist()
    start, end = published.series.bounds
    bars = "".join(_bar(row, start, end) for row in rows)
    return (
        f"<p class='note'>Which source and device told what, {day(start)} to {day(end - 1)}; "
        f"bars one above the other overlap</p><ul class='coverage'>{bars}</ul>"
    )


def _bar(row: Mapping[str, Any], start: float, end: float) -> str:
    first, last = (_ms(row[name]) for name in ("first_date", "last_date"))
    left = (first - start) / (end - start) * 100
    width = max((last - first) / (end - start) * 100, 0.5)
    who = " ".join(filter(None, (source(row["source"]), row["device"])))
    what = f"{row['signal'].replace('_', ' ')} · {who}"
    told = f"{row['first_date']} to {row['last_date']}, {row['day_count']:,} days"
    return (
        f"<li><span>{escape(what)}</span><span class='track' aria-hidden='true'>"
        f"<span style='margin-left:{left:.2f}%;width:{width:.2f}%'></span></span>"
        f"<small>{escape(told)}</small></li>"
    )


def _ms(found: date) -> float:
    return (found - date(1970, 1, 1)).days * 86_400_000.0


def _baselines(published: Published, choice: Choice) -> str:
    return usual_table(published, date.fromisoformat(iso_day(choice.span[1] - 1)))


def _compared(published: Published, choice: Choice) -> str:
    """Before and after each event, the newest first, with what speaks against taking it so."""
    del choice
    heads = ("metric", "before", "n", "after", "n", "difference", "95 % interval")
    told = []
    events = published.rows_by("period_comparisons", "annotation")
    for event, rows in sorted(events.items(), reverse=True):
        compared = [row for row in rows if row["metric"] in METRICS and row["after_count"]]
        cells = [_comparison(row) for row in compared]
        warning = next((row["warning"] for row in rows if row["warning"]), "")
        told.append(table(f"Before and after {event}", heads, cells))
        told.append(f"<p class='note'>{escape(warning)}</p>")
    return "".join(told)


def _comparison(row: Mapping[str, Any]) -> tuple[Any, ...]:
    metric = METRICS[row["metric"]]
    label = f"{metric.label} ({basis(row['basis'])})" if row.get("basis") else metric.label
    before, after = (_known(metric.shown, row[name]) for name in ("before_mean", "after_mean"))
    interval = _known(metric.interval, row["lower"], row["upper"])
    difference = _known(metric.change, row["difference"])
    return (label, before, row["before_count"], after, row["after_count"], difference, interval)


def _known(shown: Callable[..., Figure], *values: float | None) -> Figure | None:
    return None if None in values else shown(*values)


def _runs(published: Published, choice: Choice) -> str:
    del choice
    runs = published.background.runs()
    rows = [
        (
            run.started_utc.replace("T", " ")[:19],
            run.status,
            run.generation,
            run.seconds,
            ", ".join(f"{count} {action}" for action, count in sorted(run.actions.items())),
        )
        for run in runs
    ]
    heads = ("started, UTC", "status", "generation", "seconds", "nodes")
    told = table("Runs, the newest first", heads, rows)
    latest = next((run for run in runs if run.actions.get("ran")), None)
    return told + ("" if latest is None else _ran(published, latest.run_id, latest.started_utc))


def _ran(published: Published, run_id: str, started_utc: str) -> str:
    rows = [
        (found.node, found.count, found.reason, found.rows, round(found.seconds, 2))
        for found in published.background.nodes_of(run_id)
    ]
    heads = ("node", "results", "why it ran", "rows", "seconds")
    when = started_utc.replace("T", " ")[:16]
    return table(f"What the newest of them that computed anything ran, {when} UTC", heads, rows)


_PROTOCOLS: Final = {protocol.name: protocol for protocol in PROTOCOLS}
_EVENTS: Final = (
    ("kind", "kind"), ("label", "what"), ("start_date", "from"), ("end_date", "to"),
    ("note", "note"),
)  # fmt: skip
_MONTHS: Final = (
    ("period", "month"), ("reading_count", "readings"), ("day_count", "days"),
    ("at_target_share", "at target"), ("target", "target"),
    ("systolic_zero_digit_share", "systolic ends in 0"), ("digit_preference", "digit preference"),
    ("identical_run_longest", "longest run of equal readings"),
    ("cuffless_reading_count", "cuffless"),
)  # fmt: skip

TABS: Final[Mapping[str, Tab]] = {
    "home": Tab(
        "Home averages",
        _joined(
            _home,
            _listed(
                "blood_pressure_alerts",
                "Single readings in the guideline's severe range",
                (("local_date", "date"), ("systolic_mmhg", "systolic"),
                 ("diastolic_mmhg", "diastolic"), ("guideline", "guideline"),
                 ("advice", "what to do")),
                within=("local_date", "local_date"),
            ),
        ),
        ("home_blood_pressure",),
    ),
    "baselines": Tab(
        "Baselines and trends",
        _baselines,
        ("baselines",),
    ),
    "events": Tab(
        "Events and comparisons",
        _joined(
            _listed("annotations", "Annotations in the range", _EVENTS,
                    within=("start_date", "end_date")),
            _compared,
        ),
        ("annotations", "period_comparisons"),
    ),
    "sources": Tab("Sources and devices", _sources, ("source_coverage",)),
    "quality": Tab(
        "Data quality",
        _joined(
            _quality,
            _listed("blood_pressure_quality", "The blood pressure log, month by month", _MONTHS,
                    within=("period_start", "period_end")),
        ),
    ),
    "rejected": Tab("Rejected rows", _rejected, ("rejected_rows",)),
    "runs": Tab("Run history", _runs),
}  # fmt: skip
