"""The normal form of Python source: what a piece of code says, whatever it looks like.

Comments, docstrings, positions, formatting and everything that only a parser's version adds are
left out, so that Python 3.11 to 3.13 give one digest. Empty fields are skipped: a grammar that
gains a field changes no digest of code that does not use it.
"""

import ast
import hashlib
from collections.abc import Iterable
from typing import Final

# `ctx` follows from the place of a node, `kind` is the u of u"", the others are comments.
_LEFT_OUT: Final = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_STATEMENTS: Final = frozenset({"body", "orelse", "finalbody"})

_fields_of: dict[type[ast.AST], tuple[str, ...]] = {}


def digest(*parts: str) -> str:
    """SHA-256 of texts, each with its length, so that no two lists of texts give one hash."""
    content = b"".join(
        b"%d:%b" % (len(encoded), encoded) for encoded in (part.encode() for part in parts)
    )
    return hashlib.sha256(content).hexdigest()


def normal_form(node: ast.AST) -> str:
    """The text that two pieces of code share exactly when they say the same."""
    tokens: list[str] = []
    _write(node, tokens)
    return "\0".join(tokens)


def says_nothing(statement: ast.AST) -> bool:
    """Whether a statement has no effect at all: `pass`, a docstring, a constant by itself."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _write(node: ast.AST, tokens: list[str]) -> None:
    kind = type(node)
    if kind is ast.Name:
        tokens.append(node.id)  # type: ignore[attr-defined]
        return
    if kind is ast.Constant:
        tokens.append(_constant(node.value))  # type: ignore[attr-defined]
        return
    tokens.append(f"({kind.__name__}")
    if kind is ast.JoinedStr:
        _write_pieces(node.values, tokens)  # type: ignore[attr-defined]
    else:
        _write_fields(node, kind, tokens)
    tokens.append(")")


def _write_fields(node: ast.AST, kind: type[ast.AST], tokens: list[str]) -> None:
    for field in _fields_of.get(kind) or _remember_fields(kind):
        value = getattr(node, field, None)
        if value is None or value == []:
            continue
        tokens.append(f".{field}")
        if isinstance(value, ast.AST):
            _write(value, tokens)
        elif isinstance(value, list):
            _write_list(_speaking(value) if field in _STATEMENTS else value, tokens)
        else:
            tokens.append(str(value))


def _remember_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return _fields_of.setdefault(kind, tuple(f for f in kind._fields if f not in _LEFT_OUT))


def _speaking(value: object) -> Iterable[object]:
    if not isinstance(value, list):
        return [value]
    return [statement for statement in value if not says_nothing(statement)]


def _write_list(items: Iterable[object], tokens: list[str]) -> None:
    tokens.append("[")
    for item in items:
        if isinstance(item, ast.AST):
            _write(item, tokens)
        else:
            tokens.append(f"={item}")
    tokens.append("]")


def _write_pieces(values: list[ast.expr], tokens: list[str]) -> None:
    """An f-string; parsers differ in how they cut its constant parts."""
    text = ""
    for value in values:
        if isinstance(value, ast.Constant):
            text += str(value.value)
            continue
        if text:
            tokens.append(_constant(text))
        text = ""
        _write_piece(value, tokens)
    if text:
        tokens.append(_constant(text))


def _write_piece(value: ast.expr, tokens: list[str]) -> None:
    if isinstance(value, ast.FormattedValue) and isinstance(value.format_spec, ast.JoinedStr):
        tokens.append("(FormattedValue")
        _write(value.value, tokens)
        tokens.append(str(value.conversion))
        _write_pieces(value.format_spec.values, tokens)
        tokens.append(")")
    elif isinstance(value, ast.FormattedValue):
        tokens.append("(FormattedValue")
        _write(value.value, tokens)
        tokens.extend((str(value.conversion), ")"))
    else:
        _write(value, tokens)


def _constant(value: object) -> str:
    if type(value) is int:
        return f"int {value:x}"
    return f"{type(value).__name__} {value!a}"
