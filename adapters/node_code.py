"""The code identity of a Hamilton node: its function, and what decorators bound to it.

A decorator's text belongs to the identity of the function below it. What a text does not show is
read from the callable that Hamilton made: a value that came from the configuration, a function that
another module attached with `mutate`, what a function made inside a function has closed over.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Protocol

from hamilton.node import Node

from adapters import AdapterError
from registry.code_identity import CodeIdentity
from registry.fingerprint import UnhashableValueError, fingerprint

Place = tuple[str, str]
_FRAMEWORK: Final = ("hamilton", "functools", "builtins")


class Identities(Protocol):
    """Tells the code identity of a function."""

    def identity(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key of a function."""

    def former_identity(
        self, module: str, qualified_name: str, former_name: str
    ) -> CodeIdentity | None:
        """The code key that a function had under a former name."""


class UnsupportedFlowError(AdapterError):
    """The flow has a shape that cannot be materialized."""

    exit_code = 2


class NodeCode:
    """Code identities of the nodes of one graph.

    Args:
        nodes: All that the graph computes.
        code: Tells the identity of a function.
    """

    def __init__(self, nodes: Sequence[Node], code: Identities) -> None:
        self._code = code
        self._known: dict[Place, CodeIdentity] = {}
        self._ours = {_top(_functions_of(node)[0].__module__) for node in nodes}

    def identity(self, node: Node) -> CodeIdentity:
        """The code identity of a node.

        Raises:
            UnsupportedFlowError: It cannot be told from the source.
        """
        places, values = self._parts(node)
        return _joined([self._identity(place) for place in places], values)

    def former_identity(self, node: Node, former: str) -> CodeIdentity | None:
        """The code identity that a node had under a former name; None if it cannot be told."""
        (own, *others), values = self._parts(node)
        module, function = own
        name, variant, rest = function.partition("__")
        renamed = f"{former}{variant}{rest}" if name == node.name else function
        identity = self._code.former_identity(module, function, renamed)
        if identity is None:
            return None
        return _joined([identity, *map(self._identity, others)], values)

    def _parts(self, node: Node) -> tuple[list[Place], list[str]]:
        function = _functions_of(node)[0]
        found = _Bound(self._ours)
        found.look_at(function)
        found.look_at(node.callable)
        return [_place(function), *sorted(found.places - {_place(function)})], list(found.values)

    def _identity(self, place: Place) -> CodeIdentity:
        if place not in self._known:
            self._known[place] = self._code.identity(*place)
        return self._known[place]


def _functions_of(node: Node) -> tuple[Callable[..., Any], ...]:
    """The functions behind a node; of a node in a subdag, its own comes first."""
    functions = node.originating_functions
    if not functions:
        raise UnsupportedFlowError(
            f"{node.name}: no function of ours stands behind this node; "
            "write a function that returns its value"
        )
    return functions


def _place(function: Callable[..., Any]) -> Place:
    return function.__module__, function.__qualname__


def _top(module: str) -> str:
    return module.partition(".")[0]


@dataclass
class _Bound:
    """What a callable holds besides its source: plain values, and functions of ours."""

    ours: set[str]
    places: set[Place] = field(default_factory=set)
    values: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def look_at(self, found: object) -> None:
        """Collect from an object that a node's callable holds."""
        if id(found) in self._seen:
            return
        if not isinstance(found, str | int | float | bool | None):
            self._seen.add(id(found))
        if inspect.isfunction(found):
            self._look_at_function(found)
        elif isinstance(found, partial):
            self._look_at_each(found.func, found.args, found.keywords)
        elif isinstance(found, Node):
            self.look_at(found.callable)
        elif isinstance(found, type):
            self._note_place(found)
        elif _is_of_the_framework(type(found)) or _top(type(found).__module__) in self.ours:
            self._note_place(type(found))
            self._look_at_each(*(value for _, value in sorted(_attributes(found))))
        else:
            self._look_at_value(found)

    def _look_at_each(self, *several: object) -> None:
        for found in several:
            self.look_at(found)

    def _look_at_function(self, function: Callable[..., Any]) -> None:
        is_ours = not _is_of_the_framework(function)
        if is_ours:
            self._note_place(function)
        if not is_ours:
            self._look_at_each(*_closed_over(function), *_defaults(function))
        elif "<locals>" in function.__qualname__:
            for value in _closed_over(function):
                self._look_at_closed_over(value, function)

    def _look_at_closed_over(self, value: object, function: Callable[..., Any]) -> None:
        """What a function of ours was made with decides its result, so it has to be known."""
        before = len(self.values), len(self.places)
        if not self._look_at_value(value):
            self.look_at(value)
            if before == (len(self.values), len(self.places)):
                raise UnsupportedFlowError(
                    f"{'.'.join(_place(function))}: it was made at run time and holds a "
                    f"{type(value).__qualname__}, which no source shows; define it in a module"
                )

    def _note_place(self, found: Callable[..., Any] | type) -> None:
        if _top(found.__module__) in self.ours:
            self.places.add((found.__module__, found.__qualname__))

    def _look_at_value(self, value: object) -> bool:
        try:
            self.values.append(fingerprint(value))
        except UnhashableValueError:
            if isinstance(value, Mapping):
                self._look_at_each(*value.keys(), *value.values())
            elif isinstance(value, Sequence):
                self._look_at_each(*value)
            return isinstance(value, Mapping | Sequence)
        return True


def _is_of_the_framework(found: Callable[..., Any] | type) -> bool:
    return _top(found.__module__) in _FRAMEWORK and not _is_plain(found)


def _is_plain(found: object) -> bool:
    return isinstance(found, type) and found.__module__ == "builtins"


def _closed_over(function: Callable[..., Any]) -> Iterator[object]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue


def _defaults(function: Callable[..., Any]) -> Iterator[object]:
    yield from getattr(function, "__defaults__", None) or ()
    yield from (getattr(function, "__kwdefaults__", None) or {}).values()


def _attributes(found: object) -> list[tuple[str, object]]:
    return [(str(name), value) for name, value in getattr(found, "__dict__", {}).items()]


def _joined(identities: Sequence[CodeIdentity], values: Sequence[str]) -> CodeIdentity:
    """One identity of several functions and of the values bound to them."""
    if len(identities) == 1 and not values:
        return identities[0]
    digest = fingerprint([[known.digest for known in identities], list(values)])
    units = {name: own for known in identities for name, own in known.units.items()}
    if values:
        units["values bound by decorators"] = fingerprint(list(values))
    return replace(
        identities[0],
        digest=digest,
        units=units,
        distributions={n: v for known in identities for n, v in known.distributions.items()},
        opaque=tuple(reason for known in identities for reason in known.opaque),
    )
