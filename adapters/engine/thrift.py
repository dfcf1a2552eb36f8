"""Thrift's compact protocol, as far as the footers of Parquet files use it.

A struct is a dict of its numbered fields. Nothing is known of any schema, so what is read and
written again is the same, unknown fields included. Maps and lists of booleans are not read.

Source: `thrift-compact-protocol.md` of apache/thrift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

STRUCT: Final = 12
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST = 1, 2, 3, 7, 8, 9
_INTEGERS: Final = frozenset({4, 5, 6})
_FIXED: Final = {_TRUE: 0, _FALSE: 0, _BYTE: 1, _DOUBLE: 8}
_HALF: Final = 4
"""Bits of either part of a header: what tells a type, and before it a step or a length."""
_FOUR_BITS: Final = 15
"""All of a part; as a length, it is one that does not fit and follows."""
_MORE: Final = 0x80
"""Of a byte of a variable-length integer: another one follows."""


@dataclass(slots=True)
class Field:
    """A field of a struct: its type in the protocol, and its value.

    Integers are `int`; a text, and what has a fixed size, is `bytes`; a list is the type of its
    items and the items.
    """

    kind: int
    value: Any


Struct = dict[int, Field]


class Reader:
    """Reads structs, one after another.

    Args:
        content: Where the first begins.
    """

    def __init__(self, content: memoryview) -> None:
        self._content, self._at = content, 0

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & ~_MORE) << shift
            if byte < _MORE:
                return value
            shift += 7

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return bytes(self._content[self._at - size : self._at])

    def struct(self) -> Struct:
        """All fields up to the end of a struct."""
        found: Struct = {}
        number = 0
        while header := self._byte():
            number = number + (header >> _HALF) if header >> _HALF else self._integer()
            kind = header & _FOUR_BITS
            found[number] = Field(kind, self._value(kind))
        return found

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _LIST:
            return self._list()
        if kind == STRUCT:
            return self.struct()
        return self._bytes(_FIXED[kind])

    def _list(self) -> tuple[int, list[Any]]:
        header = self._byte()
        size, kind = header >> _HALF, header & _FOUR_BITS
        if size == _FOUR_BITS:
            size = self._varint()
        assert kind not in {_TRUE, _FALSE}
        return kind, [self._value(kind) for _ in range(size)]


def write_struct(to: bytearray, struct: Struct) -> None:
    """Write a struct behind what is there."""
    before = 0
    for number, field in struct.items():
        step = number - before
        if 0 < step <= _FOUR_BITS:
            to.append(step << _HALF | field.kind)
        else:
            to.append(field.kind)
            _write_integer(to, number)
        _write_value(to, field.kind, field.value)
        before = number
    to.append(0)


def _write_value(to: bytearray, kind: int, value: Any) -> None:
    if kind in _INTEGERS:
        _write_integer(to, value)
    elif kind == _BINARY:
        _write_varint(to, len(value))
        to += value
    elif kind == _LIST:
        _write_list(to, *value)
    elif kind == STRUCT:
        write_struct(to, value)
    else:
        to += value


def _write_list(to: bytearray, kind: int, items: Sequence[Any]) -> None:
    if len(items) < _FOUR_BITS:
        to.append(len(items) << _HALF | kind)
    else:
        to.append(_FOUR_BITS << _HALF | kind)
        _write_varint(to, len(items))
    for item in items:
        _write_value(to, kind, item)


def _write_integer(to: bytearray, value: int) -> None:
    _write_varint(to, (value << 1) ^ (value >> 63))


def _write_varint(to: bytearray, value: int) -> None:
    while value >= _MORE:
        to.append(value & ~_MORE & 0xFF | _MORE)
        value >>= 7
    to.append(value)
