"""Plain Python values that JSON does not have, as marked JSON and back.

A mark is an object whose first key begins with `$`; a dict of the user's with such a key is marked
itself, so that nothing is taken for a mark that is none. Only exact types are taken: a subclass
would come back as something else.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from adapters import AdapterError

Document = Callable[[object, str], Any]
Opened = Callable[[Any], Any]


def _from_duration(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


_SIMPLE: Final[Mapping[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    float: ("$float", repr, float),
    complex: ("$complex", repr, complex),
    bytes: ("$bytes", lambda value: base64.b64encode(value).decode(), base64.b64decode),
    date: ("$date", date.isoformat, date.fromisoformat),
    timedelta: ("$duration", _from_duration, lambda parts: timedelta(*parts)),
    Decimal: ("$decimal", str, Decimal),
    UUID: ("$uuid", str, UUID),
}
_VALIDATION: Final = ("hamilton.data_quality.base", "ValidationResult")
_BACK: Final[Mapping[str, Callable[[Any], Any]]] = {
    **{mark: back for mark, _, back in _SIMPLE.values()},
    "$datetime": datetime.fromisoformat,
}
_COLLECTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
}


def is_mark(document: Mapping[str, Any]) -> bool:
    """Whether a stored object is a marked value and not a dict."""
    return next(iter(document), "").startswith("$")


def marked(value: Any, document: Document, place: str) -> Any:
    """The marked document of a value; `NotImplemented` when it is of no kind that is known here."""
    kind = type(value)
    if kind in _SIMPLE:
        mark, text, _ = _SIMPLE[kind]
        return {mark: text(value)}
    if kind is datetime and value.tzinfo is None and not value.fold:
        return {"$datetime": value.isoformat()}
    if (kind.__module__, kind.__qualname__) == _VALIDATION:
        return {"$validation": [bool(value.passes), str(value.message), _told(value, document)]}
    return _marked_collection(value, document, place)


def _marked_collection(value: Any, document: Document, place: str) -> Any:
    kind = type(value)
    if kind is tuple:
        return {"$tuple": [document(item, f"{place}[{i}]") for i, item in enumerate(value)]}
    if kind in {set, frozenset}:
        items = sorted((document(item, f"{place}{{}}") for item in value), key=repr)
        return {f"${kind.__name__}": items}
    if kind is dict:
        pairs = value.items()
        return {"$dict": [[document(k, place), document(v, f"{place}.{k}")] for k, v in pairs]}
    return NotImplemented


def unmarked(document: Mapping[str, Any], opened: Opened) -> Any:
    """The value of a marked document; `NotImplemented` when the mark is not known here."""
    mark, parts = next(iter(document.items()))
    if mark in _BACK:
        return _BACK[mark](parts)
    if mark in _COLLECTIONS:
        return _COLLECTIONS[mark](opened(item) for item in parts)
    if mark == "$dict":
        return {opened(key): opened(item) for key, item in parts}
    if mark == "$validation":
        return _validation(parts[0], parts[1], opened(parts[2]))
    return NotImplemented


def _validation(passes: bool, message: str, diagnostics: Mapping[str, Any]) -> Any:  # noqa: FBT001
    from hamilton.data_quality.base import ValidationResult  # noqa: PLC0415 - readers need none

    return ValidationResult(passes, message, dict(diagnostics))


def _told(result: Any, document: Document) -> Any:
    """What a validator found; a part without bytes is told by its type: it decides nothing."""
    told = {}
    for name, found in result.diagnostics.items():
        try:
            told[str(name)] = document(found, "")
        except AdapterError:
            told[str(name)] = f"a {type(found).__qualname__}"
    return told
