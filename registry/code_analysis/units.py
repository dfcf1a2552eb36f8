"""What a summary of a file is made of: plain texts, numbers and tuples."""

from typing import Final, NamedTuple

from registry.code_analysis.scopes import AT_IMPORT, Place

LITERAL: Final = "<literal>"  # stands for what an import function is called with
ANY_ATTRIBUTE: Final = "*"
# Functions (of `dataclasses`, `functools`) that keep what they are given and run nothing of it.
KEEPERS: Final = frozenset({"field", "partial"})


class Import(NamedTuple):
    """A name that an import binds in the module: the module `base`, or `attribute` of it."""

    name: str
    base: str
    attribute: str


class Reference(NamedTuple):
    """A use of something outside the unit."""

    base: str
    chain: str
    how: int


class Write(NamedTuple):
    """Something outside the unit that the unit may change.

    `kind` is one of
        attribute: its attribute `detail` is set;
        method: its method `detail` is called, which may change it;
        inside: something that it holds is changed;
        result: something that it returns, or that is made of it, is changed;
        handed: its method `detail` is handed on, or decorates something;
        argument: it is handed to the function `detail`, which may change it;
        made argument: something that is made of it is;
        name: the module's name is bound again.
    """

    base: str
    chain: str
    kind: str
    detail: str
    how: int


class Unit(NamedTuple):
    """A top-level statement.

    Attributes:
        kind: import, function, class, constant (an object that can't be changed), data or code.
        digest: Of its normal form, however local variables are spelt.
        spelling: Of its normal form with the names of local variables.
        binds: Names that it binds in the module, other than by an import.
        imports: Names that it binds in the module by an import.
        stars: Modules from which it imports everything.
        loads: Every module, or attribute of one, that it imports at any time.
        references: What it uses.
        writes: What it may change.
        hooks: Decorators, bases and metaclasses: they may run the code inside at once.
        attributes: All attribute names in it.
        marks: What opens it ("all", "source", "place", "locals"), and the reason.
        changes_at_import: Whether its own import changes objects that come from elsewhere.
        changes_later: Whether its functions do.
        labels: Decorators by which it is labelled, if they turn out to be Hamilton's.
        unlabelled: The unit without them, if there are any.
    """

    kind: str
    digest: str
    spelling: str
    binds: tuple[str, ...]
    imports: tuple[Import, ...]
    stars: tuple[str, ...]
    loads: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
    writes: tuple[Write, ...]
    hooks: tuple[Place, ...]
    attributes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    changes_at_import: bool
    changes_later: bool
    labels: tuple[str, ...] = ()
    unlabelled: "tuple[Unit, ...]" = ()

    @property
    def runs(self) -> bool:
        """Whether something of ours may run, be read or be changed when its module is imported."""
        return any(reference.how & AT_IMPORT for reference in self.references) or any(
            write.how & AT_IMPORT for write in self.writes
        )
