"""Identities: a canonical, tagged, length-prefixed encoding, and SHA-256 over it.

Every value is encoded as a one-byte tag, the length of its body, and the body, so no two values
of different type or shape share an encoding: 1, 1.0, True and "1" differ, and so do ["ab"] and
["a", "b"]. The scheme is part of every key: a change of it is a new `SCHEME`.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from registry import RegistryError

SCHEME: Final = "1"


class UnhashableValueError(RegistryError):
    """A configuration value has no canonical form; use text, numbers, dates, lists or dicts."""

    def __init__(self, value: object) -> None:
        self.type_name = type(value).__qualname__
        super().__init__(
            f"a value of type {self.type_name} cannot be part of an identity; "
            "give the node text, numbers, dates, lists or dicts instead"
        )


def canonical_bytes(value: object) -> bytes:
    """The one encoding of a plain value.

    Raises:
        UnhashableValueError: The value, or a part of it, is not plain.
    """
    if type(value) is str:
        return _text(value)
    return _framed(*_tagged(value))


def _framed(tag: bytes, body: bytes) -> bytes:
    return tag + len(body).to_bytes(8, "big") + body


def _text(value: str) -> bytes:
    body = value.encode("utf-8", "surrogatepass")
    return b"S" + len(body).to_bytes(8, "big") + body


# Names recur in the key of every node and item.
_name = lru_cache(maxsize=4096)(_text)


def _tagged(value: object) -> tuple[bytes, bytes]:  # noqa: C901, PLR0911 - one branch per type
    match value:
        case None:
            return b"N", b""
        case bool():
            return b"B", b"1" if value else b"0"
        case int():
            return b"I", str(int(value)).encode()
        case float():
            return b"F", struct.pack(">d", value)
        case str():
            return b"S", str(value).encode("utf-8", "surrogatepass")
        case bytes():
            return b"Y", value
        case datetime():
            return b"T", _instant(value).encode()
        case date():
            return b"D", value.isoformat().encode()
        case Mapping():
            pairs = sorted(
                (canonical_bytes(key), canonical_bytes(item)) for key, item in value.items()
            )
            return b"M", b"".join(key + item for key, item in pairs)
        case Sequence():
            return b"L", b"".join(canonical_bytes(item) for item in value)
        case _:
            raise UnhashableValueError(value)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return f"local {value.isoformat()}"
    return value.astimezone(UTC).isoformat()


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of a plain value's canonical encoding."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def computation_key(
    *,
    node: str,
    codec_version: str,
    code: str,
    configuration: Mapping[str, str],
    data: Mapping[str, str | Sequence[str]],
) -> str:
    """The identity of one computation: the same key promises the same result.

    Args:
        node: The node's name.
        codec_version: How results become bytes.
        code: Digest of the node's code and of everything it reaches.
        configuration: Parameter name -> fingerprint of the plain value it receives.
        data: Parameter name -> content hash of the artifact it receives, or a list of them.
    """
    before, between = _fixed_parts(node, codec_version, code)
    parts = (before, _by_name(data), between, _of_texts(tuple(configuration.items())))
    return hashlib.sha256(_framed(b"M", b"".join(parts))).hexdigest()


@lru_cache(maxsize=4096)
def _fixed_parts(node: str, codec_version: str, code: str) -> tuple[bytes, bytes]:
    """What every item of a node has in its key: before its data, and up to its configuration.

    A mapping is encoded in the order of its encoded names, and shorter names come first.
    """
    before = _text("code") + _text(code) + _text("data")
    named = {"node": node, "codec": codec_version, "scheme": SCHEME}
    between = b"".join(_text(name) + _text(value) for name, value in named.items())
    return before, between + _text("configuration")


def _by_name(hashes: Mapping[str, str | Sequence[str]]) -> bytes:
    """The canonical bytes of a mapping of names, as `canonical_bytes` gives them."""
    pairs = [_name(name) + canonical_bytes(found) for name, found in hashes.items()]
    # An encoded name tells its own length, so pairs are in the order of their names.
    pairs.sort()
    return _framed(b"M", b"".join(pairs))


@lru_cache(maxsize=4096)
def _of_texts(pairs: tuple[tuple[str, str], ...]) -> bytes:
    """The same, for the few configurations that recur."""
    return _by_name(dict(pairs))
