"""Two versions of a result that is no table compared: where their JSON values differ."""

from collections.abc import Iterator
from typing import Any, Final

from registry.store import Artifact

_EMPTY_LIST: Final = len("[]")


def is_table(artifact: Artifact) -> bool:
    """Whether an artifact is a table: whole, or as a list of its parts, which may have none."""
    has_parts = artifact.rows is not None or artifact.size == _EMPTY_LIST
    return artifact.codec == "parquet" or (artifact.codec == "json" and has_parts)


def value_differences(before: object, after: object) -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ: the place in dots, and both values there."""
    one, other = dict(_leaves(before, "")), dict(_leaves(after, ""))
    for place in sorted(one.keys() | other.keys()):
        if one.get(place) != other.get(place):
            yield place, one.get(place), other.get(place)


def _leaves(value: object, place: str) -> Iterator[tuple[str, object]]:
    dot = "." if place else ""
    if isinstance(value, dict) and value and "$table" not in value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}{dot}{name}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    else:
        yield place, value
