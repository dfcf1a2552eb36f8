"""The normal form of Python source: what a piece of code says, whatever it looks like.

Comments, docstrings, positions, formatting and everything that only a parser's version adds are
left out, so that Python 3.11 to 3.13 give one digest. Empty fields are skipped: a grammar that
gains a field changes no digest of code that does not use it. The local variables of functions may
be left unnamed: then a renamed one says the same.
"""

from __future__ import annotations

import _ast as ast  # the classes alone: `ast` imports regular expressions and enumerations
import hashlib

TYPE_CHECKING = False  # as in `typing`, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from registry.code_analysis.scopes import Scope

# `ctx` follows from the place of a node, `kind` is the u of u"", the others are comments.
_LEFT_OUT: Final = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_STATEMENTS: Final = frozenset({"body", "orelse", "finalbody"})
# Fields that belong to the scope which a node opens, and fields that name a variable as a text.
_INSIDE: Final = frozenset({"body", "elt", "key", "value", "generators"})
_NAME_FIELDS: Final[Mapping[type[ast.AST], str]] = {
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
    ast.Nonlocal: "names",
}

_fields_of: dict[type[ast.AST], tuple[str, ...]] = {}


def digest(*parts: str) -> str:
    """SHA-256 of texts, each with its length, so that no two lists of texts give one hash."""
    content = b"".join(
        b"%d:%b" % (len(encoded), encoded) for encoded in (part.encode() for part in parts)
    )
    return hashlib.sha256(content).hexdigest()


def normal_form(node: ast.AST, scopes: Mapping[ast.AST, Scope] | None = None) -> str:
    """The text that two pieces of code share exactly when they say the same.

    Args:
        node: The code.
        scopes: Scopes of the module, functions, classes and comprehensions in it; with them, the
            text does not tell how local variables are spelt.
    """
    writer = _Writer(scopes or {})
    writer.write(node)
    return "\0".join(writer.tokens)


def says_nothing(statement: ast.AST) -> bool:
    """Whether a statement has no effect at all: `pass`, a docstring, a constant by itself."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


class _Writer:
    """Writes tokens, each name with the scope that it stands in."""

    def __init__(self, scopes: Mapping[ast.AST, Scope]) -> None:
        self.tokens: list[str] = []
        self._scopes = scopes
        self._scope: Scope | None = None
        self._locals: dict[tuple[int, str], str] = {}

    def write(self, node: ast.AST) -> None:
        kind = type(node)
        if kind is ast.Name:
            self.tokens.append(self._name(node.id))  # type: ignore[attr-defined]
        elif kind is ast.Constant:
            self.tokens.append(_constant(node.value))  # type: ignore[attr-defined]
        elif kind is ast.JoinedStr:
            self.tokens.append("(JoinedStr")
            self._pieces(node.values)  # type: ignore[attr-defined]
            self.tokens.append(")")
        else:
            self.tokens.append(f"({kind.__name__}")
            self._fields(node, kind)
            self.tokens.append(")")

    def _name(self, name: str) -> str:
        owner = self._scope.own_spelling(name) if self._scope is not None else None
        if owner is None:
            return name
        place = (id(owner), name)
        return self._locals.setdefault(place, f"local {len(self._locals)}")

    def _fields(self, node: ast.AST, kind: type[ast.AST]) -> None:
        names = _NAME_FIELDS.get(kind, "")
        for field in _fields_of.get(kind) or _remember_fields(kind):
            value = getattr(node, field, None)
            if value is None or value == []:
                continue
            self.tokens.append(f".{field}")
            if field == names:
                self._bound_names(value)
            else:
                self._in_scope(node, field, value)

    def _bound_names(self, value: str | list[str]) -> None:
        listed = isinstance(value, list)
        names = [self._name(name) for name in ([value] if isinstance(value, str) else value)]
        self.tokens += ["[", *(f"={name}" for name in names), "]"] if listed else names

    def _in_scope(self, node: ast.AST, field: str, value: object) -> None:
        outer, inner = self._scope, self._scopes.get(node)
        if inner is not None and field in _INSIDE:
            self._scope = inner
        if field == "generators" and inner is not None and isinstance(value, list):
            self._generators(value, outer)
        else:
            self._value(field, value)
        self._scope = outer

    def _generators(self, generators: list[ast.comprehension], outer: Scope | None) -> None:
        """All but the first iterable belongs to the scope inside."""
        inner = self._scope
        self.tokens.append("[")
        for index, generator in enumerate(generators):
            self.tokens.append("(comprehension")
            for field in generator._fields:
                value = getattr(generator, field)
                if value == []:
                    continue
                self.tokens.append(f".{field}")
                self._scope = outer if field == "iter" and index == 0 else inner
                self._value(field, value)
                self._scope = inner
            self.tokens.append(")")
        self.tokens.append("]")

    def _value(self, field: str, value: object) -> None:
        if isinstance(value, ast.AST):
            self.write(value)
        elif isinstance(value, list):
            self._list(_speaking(value) if field in _STATEMENTS else value)
        else:
            self.tokens.append(str(value))

    def _list(self, items: Iterable[object]) -> None:
        self.tokens.append("[")
        for item in items:
            if isinstance(item, ast.AST):
                self.write(item)
            else:
                self.tokens.append(f"={item}")
        self.tokens.append("]")

    def _pieces(self, values: list[ast.expr]) -> None:
        """An f-string; parsers differ in how they cut its constant parts."""
        text = ""
        for value in values:
            if isinstance(value, ast.Constant):
                text += str(value.value)
                continue
            if text:
                self.tokens.append(_constant(text))
            text = ""
            self._piece(value)
        if text:
            self.tokens.append(_constant(text))

    def _piece(self, value: ast.expr) -> None:
        if not isinstance(value, ast.FormattedValue):
            self.write(value)
            return
        self.tokens.append("(FormattedValue")
        self.write(value.value)
        self.tokens.append(str(value.conversion))
        if isinstance(value.format_spec, ast.JoinedStr):
            self._pieces(value.format_spec.values)
        self.tokens.append(")")


def _remember_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return _fields_of.setdefault(kind, tuple(f for f in kind._fields if f not in _LEFT_OUT))


def _speaking(value: object) -> Iterable[object]:
    if not isinstance(value, list):
        return [value]
    return [statement for statement in value if not says_nothing(statement)]


def _constant(value: object) -> str:
    if type(value) is int:
        return f"int {value:x}"
    return f"{type(value).__name__} {value!a}"
