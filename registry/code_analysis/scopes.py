"""Which names of a piece of code are global, by Python's scoping rules.

A scope collects what happens to names while the code is walked; when the walk is over, each name
is known to be local, global, or bound by an import of its own scope.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

# How a name is used; flags of `Use.how`.
AT_IMPORT: Final = 1  # the use happens while the module is imported, not when a function is called
CERTAIN: Final = 2  # the name must exist (not so in a text that may be a forward reference)
AS_VALUE: Final = 4  # the object itself is used, it is not only called
RUNS: Final = 8  # code may run on it there and then; without this it is only kept for later


class Use(NamedTuple):
    """A name with the attributes taken from it: `pa.types.is_null` is pa, (types, is_null)."""

    name: str
    attributes: tuple[str, ...]
    how: int


class Change(NamedTuple):
    """Something that may change the object that a name leads to."""

    use: Use
    kind: str  # see units.Write
    detail: str  # the attribute that is set, or the callee that takes the argument
    shallow: bool  # it changes the named object itself, not something inside it


class Place(NamedTuple):
    """Where a name leads to: an import's module ("" is the module at hand) and a dotted chain."""

    base: str
    chain: str


@dataclass
class Scope:
    """One block of code with names of its own.

    Attributes:
        kind: module, class or function; a comprehension is a function.
        how: AT_IMPORT if the block runs while the module is imported, else 0.
        bound: Names bound here.
        stale: Those among them that may hold an object that came from elsewhere.
        imports: Names bound here by an import, and where they lead to.
        outer: Names declared global.
        fixed: Names bound here that are seen from outside: parameters, functions, classes.
    """

    kind: str
    how: int
    parent: "Scope | None" = None
    class_name: str = ""
    comprehension: bool = False
    bound: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    imports: dict[str, list[Place]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    enclosing: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    children: list["Scope"] = field(default_factory=list)

    def child(self, kind: str, how: int, *, comprehension: bool = False) -> "Scope":
        """A scope inside this one."""
        scope = Scope(kind, how, self, self.class_name, comprehension)
        self.children.append(scope)
        return scope

    def mangled(self, name: str) -> str:
        """A name as the compiler stores it inside a class."""
        private = name.startswith("__") and not name.endswith("__")
        return f"_{self.class_name}{name}" if private and self.class_name else name

    def is_global(self, name: str) -> bool:
        """Whether binding a name here binds it in the module."""
        return self.kind == "module" or name in self.outer

    def bind(self, name: str, *, fresh: bool = False, fixed: bool = False) -> None:
        """Note that a name is bound here.

        Args:
            name: The name.
            fresh: To an object that nothing else holds.
            fixed: In a way that shows its spelling outside.
        """
        self.bound.add(name)
        if fixed:
            self.fixed.add(name)
        if not fresh:
            self.stale.add(name)

    def owner(self, name: str) -> "Scope | None":
        """The scope that holds a name, or None if that is the module."""
        if self.is_global(name):
            return None
        if name in self.bound and name not in self.enclosing:
            return self
        scope = self.parent
        while scope is not None and scope.kind != "module":
            if name in scope.outer:
                return None
            if scope.kind == "function" and name in scope.bound - scope.enclosing:
                return scope
            scope = scope.parent
        return None

    def own_spelling(self, name: str) -> "Scope | None":
        """The function whose own local this is, if nothing outside it can see how it is spelt."""
        name = self.mangled(name)
        owner = self.owner(name)
        if owner is None or owner.kind != "function" or name in owner.fixed:
            return None
        return owner

    def places(self, use: Use) -> Iterator[tuple[Place, int]]:
        """Where a use leads to outside this piece of code, and how it is used."""
        owner = self.owner(use.name)
        if owner is None:
            if use.name != "__class__" or self.kind == "module":
                yield Place("", ".".join((use.name, *use.attributes))), use.how
            return
        for place in owner.imports.get(use.name, ()):
            chain = ".".join(filter(None, (place.chain, *use.attributes)))
            yield Place(place.base, chain), use.how
        if owner.kind == "class":
            # Until the class binds it, the name is the global one.
            yield Place("", ".".join((use.name, *use.attributes))), use.how & ~CERTAIN

    def may_change_anything(self, change: Change) -> bool:
        """Whether a change goes by a local name that may stand for an object from elsewhere."""
        owner = self.owner(change.use.name)
        if owner is None or change.use.name in owner.imports:
            return False
        return not change.shallow or change.use.name in owner.stale

    def walk(self) -> Iterator["Scope"]:
        """This scope and all inside it."""
        yield self
        for scope in self.children:
            yield from scope.walk()
