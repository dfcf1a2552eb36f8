"""What expressions do to names: use them, bind them, change the objects behind them."""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from registry.code_analysis.scopes import (
    AS_VALUE,
    AT_IMPORT,
    CERTAIN,
    RUNS,
    Change,
    Place,
    Scope,
    Use,
)
from registry.code_analysis.syntax import FUNCTIONS, arguments_of, chain_of, roots_of, text_of
from registry.code_analysis.units import ANY_ATTRIBUTE, KEEPERS, LITERAL, Import

# A method or function of such a name changes what it is given, also where its result is used.
CHANGES: Final = re.compile(
    r"_*(add|append|attach|bind|clear|configure|connect|declare|del|delete|disable|discard|enable|"
    r"extend|include|insert|install|next|on|patch|pop|push|put|register|remove|replace|reset|"
    r"reverse|route|seed|send|set|shuffle|sort|subscribe|unregister|update|use|write)(_|[A-Z]|$)"
    r"|(append|extend|pop)left$|popitem$|setdefault$|(set|del)attr$|heap|insort|setlocale$"
    r"|setrecursionlimit$|basicConfig$|filterwarnings$|simplefilter$|mock|__(?!init__|new__)\w+__$"
)
_BY_NAME: Final = frozenset({"getattr", "hasattr", "attrgetter", "methodcaller"})
_IMPORTERS: Final = frozenset({"import_module", "__import__", "files"})
_MODULE: Final = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")
_SOURCE_NAMES: Final = re.compile(r"__doc__$|__code__$|co_|f_lineno$|tb_lineno$|tb_frame$")
_OPEN_NAMES: Final = frozenset({"__globals__", "__subclasses__", "f_globals", "f_back", "f_locals"})
# What may look local variables up by their names: of its caller, or of all that called it.
_LOCALS_READERS: Final = frozenset(
    {"locals", "vars", "dir", "eval", "exec", "f_locals", "query", "sql", "execute", "executemany"}
)
_PLACE_NAMES: Final = frozenset({"__name__", "__module__", "__package__", "__spec__"})
_FILE_NAMES: Final = frozenset({"__file__", "__path__", "__loader__"})


# In these, a name is only kept; in all others, code may run on its object.
_HOLDING: Final = frozenset(
    {ast.Assign, ast.AnnAssign, ast.Name, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set}
    | {ast.keyword, ast.Call, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef}
)


def _second_text(node: ast.Call) -> str | None:
    return text_of(node.args[1]) if len(node.args) > 1 else None


Visitor = Callable[[Any, Any, Scope], None]


class Expressions:
    """Walks the expressions of one unit and notes what happens to names."""

    visitors: ClassVar[Mapping[type[ast.AST], Visitor]] = {}

    def __init__(self, unit: ast.stmt) -> None:
        self.top = Scope("module", AT_IMPORT)
        # The bodies of a unit's own functions run later; in any other unit they may run at once.
        self.later = 0 if isinstance(unit, FUNCTIONS | ast.ClassDef) else AT_IMPORT
        self.imports: list[Import] = []
        self.stars: list[str] = []
        self.loads: set[tuple[str, str]] = set()
        self.hooks: list[Use] = []
        self.attributes: set[str] = set()
        self.marks: set[tuple[str, str]] = set()
        self.scopes: dict[ast.AST, Scope] = {unit: self.top}
        self.soft = False  # in a text that may be a forward reference
        self.quiet = False  # in an annotation that calls nothing
        self.held = True  # where objects are only kept: in a tuple, as a default

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Note a node and all below it."""
        held = self.held
        self.held = held and type(node) in _HOLDING
        visitor = self.visitors.get(type(node))
        if visitor is None:
            self.visit_children(node, scope)
        else:
            visitor(self, node, scope)
        self.held = held

    def visit_children(self, node: ast.AST, scope: Scope) -> None:
        """Note all below a node."""
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                for child in value:
                    if isinstance(child, ast.AST):
                        self.visit(child, scope)
            elif isinstance(value, ast.AST) and field not in {"ctx", "op"}:
                self.visit(value, scope)

    def visit_all(self, nodes: list[Any], scope: Scope) -> None:
        """Note several nodes; None stands for a default that is not there."""
        for node in nodes:
            if node is not None:
                self.visit(node, scope)

    def use(self, scope: Scope, name: str, attributes: tuple[str, ...], how: int) -> None:
        """Note that an object is used."""
        how |= (0 if self.quiet else scope.how) | (0 if self.soft else CERTAIN)
        how |= 0 if self.held else RUNS
        mangled = tuple(scope.mangled(attribute) for attribute in attributes)
        scope.uses.append(Use(scope.mangled(name), mangled, how))
        self.mark(name)
        for attribute in mangled:
            self.note_attribute(attribute)

    def note_attribute(self, name: str) -> None:
        """Note the name of an attribute."""
        self.attributes.add(name)
        self.mark(name)

    def mark(self, name: str) -> None:
        """Note what a name with a meaning of its own opens."""
        if name in _LOCALS_READERS:
            self.marks.add(("locals", f"uses {name}"))
        if name[:2] not in {"__", "co", "f_", "tb"}:
            return
        if _SOURCE_NAMES.match(name) or name in _FILE_NAMES:
            self.marks.add(("source", f"uses {name}"))
        if name in _OPEN_NAMES:
            self.marks.add(("all", f"uses {name}"))
        if name in _PLACE_NAMES:
            self.marks.add(("place", f"uses {name}"))

    def name(self, node: ast.Name, scope: Scope) -> None:
        """A name is used or bound."""
        if isinstance(node.ctx, ast.Load):
            self.use(scope, node.id, (), AS_VALUE)
        else:
            self.bind(scope, node.id)

    def bind(self, scope: Scope, name: str, *, fresh: bool = False, fixed: bool = False) -> None:
        """Note that a name is bound."""
        scope.bind(scope.mangled(name), fresh=fresh, fixed=fixed)

    def attribute(self, node: ast.Attribute, scope: Scope) -> None:
        """An attribute is read, set or deleted."""
        if not isinstance(node.ctx, ast.Load):
            self.change(scope, node.value, "attribute", node.attr)
        elif CHANGES.match(node.attr):
            self.change(scope, node.value, "handed", node.attr)
        chain = chain_of(node)
        if chain is not None:
            self.use(scope, *chain, AS_VALUE)
        else:
            self.note_attribute(scope.mangled(node.attr))
            self.visit(node.value, scope)

    def subscript(self, node: ast.Subscript, scope: Scope) -> None:
        """An item is read, set or deleted."""
        if not isinstance(node.ctx, ast.Load):
            self.change(scope, node.value, "method", "__setitem__")
        self.visit_children(node, scope)

    def change(self, scope: Scope, node: ast.AST, kind: str, detail: str) -> None:
        """Note that the object of an expression may be changed."""
        for name, attributes, through in roots_of(node):
            use = Use(scope.mangled(name), tuple(map(scope.mangled, attributes)), 0)
            shallow = through == "whole" and not attributes
            if kind in {"attribute", "method"} and through != "whole":
                kind_here = through
            else:
                kind_here = f"made {kind}" if kind == "argument" and through == "result" else kind
            scope.changes.append(Change(use, kind_here, detail, shallow))

    def call(self, node: ast.Call, scope: Scope, *, discarded: bool = False) -> None:
        """A call; one whose result is discarded is made for its effect."""
        chain = chain_of(node.func)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else chain and chain[0]
        if discarded or (called and CHANGES.match(called)):
            self.change_by_call(node, chain, scope)
        held, self.held = self.held, False
        self.callee(node, chain, called or "", scope)
        self.held = held and called in KEEPERS
        self.visit_all([*node.args, *node.keywords], scope)
        self.held = held

    def callee(
        self, node: ast.Call, chain: tuple[str, tuple[str, ...]] | None, called: str, scope: Scope
    ) -> None:
        """What is called; some functions take the name of what they give as a text."""
        first = text_of(node.args[0]) if node.args else None
        if called in _IMPORTERS and chain and first and _MODULE.fullmatch(first):
            self.import_module(first, chain, scope)
            return
        if chain is not None:
            self.use(scope, *chain, 0)
        else:
            self.visit(node.func, scope)
        if called in _BY_NAME:
            self.attribute_by_name(first or _second_text(node))
        if called in {"vars", "dir"}:
            self.attributes.add(ANY_ATTRIBUTE)

    def change_by_call(
        self, node: ast.Call, chain: tuple[str, tuple[str, ...]] | None, scope: Scope
    ) -> None:
        """A call that may change the object of its method, or its arguments."""
        if isinstance(node.func, ast.Attribute):
            self.change(scope, node.func.value, "method", node.func.attr)
            owner = scope.owner(scope.mangled(chain[0])) if chain else scope
            if owner is not None and (not chain or chain[0] not in owner.imports):
                return
        callee = ".".join((chain[0], *chain[1])) if chain else ""
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.change(scope, argument, "argument", callee)

    def attribute_by_name(self, name: str | None) -> None:
        """Note an attribute that a text names; None stands for any."""
        for part in (name or ANY_ATTRIBUTE).split("."):
            self.note_attribute(part)

    def import_module(self, module: str, chain: tuple[str, tuple[str, ...]], scope: Scope) -> None:
        """A module that a text names is imported."""
        self.use(scope, chain[0], (*chain[1], LITERAL), 0)
        self.loads.add((module, ""))
        holder = scope.child("function", scope.how)
        holder.bind("import")
        holder.imports["import"] = [Place(module, "")]
        holder.uses.append(Use("import", (), AS_VALUE | RUNS | scope.how))

    def named_expression(self, node: ast.NamedExpr, scope: Scope) -> None:
        """`:=` binds outside the comprehensions around it."""
        self.visit(node.value, scope)
        while scope.comprehension and scope.parent is not None:
            scope = scope.parent
        self.bind(scope, node.target.id)

    def comprehension(self, node: Any, scope: Scope) -> None:
        """All but the first iterable belongs to the scope inside."""
        self.visit(node.generators[0].iter, scope)
        inner = scope.child("function", scope.how, comprehension=True)
        self.scopes[node] = inner
        for index, generator in enumerate(node.generators):
            if index:
                self.visit(generator.iter, inner)
            self.visit(generator.target, inner)
            self.visit_all(generator.ifs, inner)
        for part in ("key", "value", "elt"):
            if hasattr(node, part):
                self.visit(getattr(node, part), inner)

    def lambda_(self, node: ast.Lambda, scope: Scope) -> None:
        """Defaults belong to the scope outside."""
        self.visit_all([*node.args.defaults, *node.args.kw_defaults], scope)
        self.scopes[node] = inner = scope.child("function", scope.how)
        for argument in arguments_of(node.args):
            self.bind(inner, argument.arg, fixed=True)
        self.visit(node.body, inner)

    def skip(self, node: ast.AST, scope: Scope) -> None:
        """A constant says nothing about names."""
