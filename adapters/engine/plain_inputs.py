"""What comes into a flow from outside: plain values stay as they are, the rest are artifacts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from adapters.engine.codecs import Codecs
from adapters.engine.identity import is_artifacts
from registry.store import Artifact, Store

_PLAIN: Final = (type(None), bool, int, float, str, bytes, date, datetime)


def argument_of(name: str, value: Any, codecs: Codecs, store: Store | None) -> Any:
    """What a node's identity is computed from when it receives this value.

    Args:
        name: The input's name.
        value: Its value.
        codecs: Encodes what is not plain.
        store: Keeps what was encoded; None to keep nothing.

    Raises:
        UnsupportedValueError: The value has no exact bytes.
    """
    if isinstance(value, Artifact) or is_artifacts(value) or _is_plain(value):
        return value
    encoded = codecs.encode(value, f"input {name}")
    if store is not None and encoded.content is not None:
        store.add_input(encoded)
    return encoded.artifact


def _is_plain(value: object) -> bool:
    if type(value) in {list, tuple}:
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if type(value) is dict:
        assert isinstance(value, Mapping)
        return all(type(key) is str for key in value) and all(map(_is_plain, value.values()))
    return type(value) in _PLAIN
