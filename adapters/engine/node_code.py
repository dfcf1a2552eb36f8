"""The code identity of a Hamilton node: its function, and what decorators bound to it.

A decorator's text belongs to the identity of the function below it. What a text does not show is
read from the callable that Hamilton made: a value that came from the configuration, a function that
another module attached with `mutate`, what a function made inside a function has closed over.

A node that decorators made of other functions and plain values alone (a step of a pipe, an input of
a subdag, a validation) has the identity of these: the decorated function is no part of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import Any, Final, Protocol

from hamilton import version
from hamilton.node import Node

from adapters import AdapterError
from registry.code_identity import CodeIdentity
from registry.fingerprint import UnhashableValueError, fingerprint

Place = tuple[str, str]
_FRAMEWORK: Final = ("hamilton", "functools")


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
        places, values = self._parts(node)
        module, function = own = _place(_functions_of(node)[0])
        if own not in places:
            return self.identity(node)
        name, variant, rest = function.partition("__")
        renamed = f"{former}{variant}{rest}" if name == node.name else function
        identity = self._code.former_identity(module, function, renamed)
        if identity is None:
            return None
        return _joined([identity, *map(self._identity, places[1:])], values)

    def _parts(self, node: Node) -> tuple[list[Place], list[str]]:
        function = _functions_of(node)[0]
        made = _Bound.of(node.callable, self._ours)
        is_made_of_others = node.callable is not function and _place(function) not in made.places
        if is_made_of_others and not made.unknown:
            return sorted(made.places), made.values
        own = _Bound.of(function, self._ours)
        _refuse_unknown(function, own)
        places = [_place(function), *sorted((own.places | made.places) - {_place(function)})]
        if node.callable is function:
            return places, own.values
        return places, [*own.values, *made.values]

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
    """What a callable holds besides its source: plain values, and functions of ours.

    Attributes:
        ours: Top-level names of the modules that are ours.
        places: The functions and classes of ours that were found.
        values: Fingerprints of the values, in the order of their finding.
        unknown: Types of what is neither.
    """

    ours: set[str]
    places: set[Place] = field(default_factory=set)
    values: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, found: object, ours: set[str]) -> "_Bound":
        """What an object holds."""
        bound = cls(ours)
        bound._look_at(found)
        return bound

    def _look_at(self, found: object) -> None:
        if id(found) in self._seen:
            return
        if not isinstance(found, str | int | float | bool | None):
            self._seen.add(id(found))
        if isinstance(found, FunctionType):
            self._look_at_function(found)
        elif isinstance(found, partial):
            self._look_at_each(found.func, found.args, found.keywords)
        elif isinstance(found, Node):
            self._look_at(found.callable)
        elif isinstance(found, type):
            self._note(found)
        elif _top(type(found).__module__) in {*_FRAMEWORK, *self.ours}:
            self._look_at_object(found)
        else:
            self._look_at_value(found)

    def _look_at_each(self, *several: object) -> None:
        for found in several:
            self._look_at(found)

    def _look_at_function(self, function: FunctionType) -> None:
        self._note(function)
        if _top(str(function.__globals__.get("__name__"))) in _FRAMEWORK:
            self._look_at_each(*_closed_over(function), *_defaults(function))
        elif "<locals>" in function.__qualname__:
            self._look_at_each(*_closed_over(function))

    def _look_at_object(self, found: object) -> None:
        self._note(type(found))
        if not hasattr(found, "__dict__"):
            self.unknown.append(type(found).__qualname__)
        for name, value in sorted(getattr(found, "__dict__", {}).items(), key=lambda pair: pair[0]):
            self._look_at_each(name, value)

    def _look_at_value(self, value: object) -> None:
        try:
            self.values.append(fingerprint(value))
        except UnhashableValueError:
            if isinstance(value, Mapping):
                self._look_at_each(len(value), *value.keys(), *value.values())
            elif isinstance(value, Sequence):
                self._look_at_each(len(value), *value)
            else:
                self.unknown.append(type(value).__qualname__)

    def _note(self, found: Callable[..., Any] | type) -> None:
        """Note a function or class by its code, if it is ours, or else by its name."""
        top = _top(found.__module__)
        if top in self.ours:
            self.places.add((found.__module__, found.__qualname__))
            return
        self.values.append(fingerprint(f"{found.__module__}:{found.__qualname__}"))
        if top not in {*_FRAMEWORK, "builtins"}:
            self.unknown.append(found.__qualname__)


def _refuse_unknown(function: Callable[..., Any], bound: _Bound) -> None:
    """What a function was made with decides its result, so it has to be known."""
    if "<locals>" in function.__qualname__ and bound.unknown:
        raise UnsupportedFlowError(
            f"{'.'.join(_place(function))}: it was made at run time and holds a "
            f"{bound.unknown[0]}, which no source shows; define it in a module"
        )


def _closed_over(function: Callable[..., Any]) -> Iterator[object]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue


def _defaults(function: Callable[..., Any]) -> Iterator[object]:
    yield from getattr(function, "__defaults__", None) or ()
    yield from (getattr(function, "__kwdefaults__", None) or {}).values()


def _joined(identities: Sequence[CodeIdentity], values: Sequence[str]) -> CodeIdentity:
    """One identity of several functions and of the values bound to them."""
    if len(identities) == 1 and not values:
        return identities[0]
    own = ".".join(map(str, version.VERSION))
    digest = fingerprint([[known.digest for known in identities], list(values), own])
    units = {name: unit for known in identities for name, unit in known.units.items()}
    if values:
        units["values bound by decorators"] = fingerprint(list(values))
    versions = {n: v for known in identities for n, v in known.distributions.items()}
    return CodeIdentity(
        digest,
        units,
        {**versions, "hamilton": own},
        tuple(reason for known in identities for reason in known.opaque),
    )
