"""What stands behind the numbers: sources, rejected rows, runs, and where a point comes from."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.dashboard.markup import table
from adapters.dashboard.published import Published
from adapters.dashboard.state import Choice


def shown(tab: str, published: Published, choice: Choice) -> str:
    """The content of a tab."""
    _, content = _TABS[tab]
    return content(published, choice)


def origin(layer: str, point: Mapping[str, Any], published: Published) -> str:
    """Where a point comes from."""
    del layer, point, published
    return ""


def _rejected(published: Published, _choice: Choice) -> str:
    rejected = published.table("rejected_rows")
    rows = [
        (row["signal"], row["source"], row["raw_row"], row["check"], row["reason"])
        for row in rejected.to_pylist()
    ]
    heads = ("signal", "source", "row of its file", "check", "why")
    return table(f"{len(rows):,} rows were taken out, each with its reason", heads, rows)


_TABS: Final[dict[str, tuple[str, Callable[[Published, Choice], str]]]] = {
    "rejected": ("Rejected rows", _rejected),
}
TABS: Final = {key: label for key, (label, _) in _TABS.items()}
