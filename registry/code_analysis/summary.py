"""What one source file says, as a summary that holds no reference to any other file.

A *unit* is a top-level statement. Its summary is plain data (texts, numbers, tuples), so it can be
kept by the file's SHA-256. What its names mean is decided later, when all files are known
(registry/code_graph.py).
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from registry.code_analysis.normal_form import digest, normal_form, says_nothing
from registry.code_analysis.scopes import AS_VALUE, AT_IMPORT, CERTAIN, Change, Place, Scope, Use

LITERAL: Final = "<literal>"  # stands for what an import function is called with
ANY_ATTRIBUTE: Final = "*"

# A method or function of such a name changes what it is given, also where its result is used.
_CHANGES: Final = re.compile(
    r"_*(add|append|attach|bind|clear|configure|connect|declare|del|delete|disable|discard|enable|"
    r"extend|include|insert|install|next|on|patch|pop|push|put|register|remove|replace|reset|"
    r"reverse|route|seed|send|set|shuffle|sort|subscribe|unregister|update|use|write)(_|[A-Z]|$)"
    r"|(append|extend|pop)left$|popitem$|setdefault$|(set|del)attr$|heap|insort|setlocale$"
    r"|setrecursionlimit$|basicConfig$|filterwarnings$|simplefilter$|mock|__(?!init__|new__)\w+__$"
)
_IMPORTERS: Final = frozenset({"import_module", "__import__", "files"})
_MODULE: Final = re.compile(r"\.*[^\W\d]\w*(\.[^\W\d]\w*)*")
_FRESH_CALLS: Final = frozenset(
    {"dict", "list", "set", "bytearray", "Counter", "OrderedDict", "defaultdict", "deque"}
)
_SOURCE_NAMES: Final = re.compile(r"__doc__$|__code__$|co_|f_lineno$|tb_lineno$|tb_frame$")
_OPEN_NAMES: Final = frozenset({"__globals__", "__subclasses__", "f_globals", "f_back", "f_locals"})
_PLACE_NAMES: Final = frozenset({"__name__", "__module__", "__package__", "__spec__"})
_FILE_NAMES: Final = frozenset({"__file__", "__path__", "__loader__"})


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

    `kind` is "attribute" (of it, `detail`, is set), "method" (one that changes it is called),
    "inside" (something that it holds is changed), "result" (what it returns is), "decorator" (its method `detail` decorates something), "argument" (it is handed to the function
    `detail`, which may change it) or "name" (the module's name itself is bound again).
    """

    base: str
    chain: str
    kind: str
    detail: str
    how: int


class Unit(NamedTuple):
    """A top-level statement.

    Attributes:
        kind: import, function, class, constant (can't be changed) or code.
        digest: Of its normal form.
        binds: Names that it binds in the module, other than by an import.
        imports: Names that it binds by an import.
        stars: Modules from which it imports everything.
        loads: Every module, or attribute of one, that it imports at any time.
        references: What it uses.
        writes: What it may change.
        hooks: Decorators, bases and metaclasses: they may run the code inside while it is defined.
        attributes: All attribute names in it.
        marks: all, module, source, place: what makes it opaque.
        runs: Whether it runs code (calls, operators) while its module is imported.
        reaches_into: When it changes objects that come from elsewhere: AT_IMPORT, "later".
    """

    kind: str
    digest: str
    binds: tuple[str, ...]
    imports: tuple[Import, ...]
    stars: tuple[str, ...]
    loads: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
    writes: tuple[Write, ...]
    hooks: tuple[Place, ...]
    attributes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    runs: bool
    reaches_into: tuple[bool, bool]


def summarise(source: bytes) -> tuple[Unit, ...]:
    """The units of a module, in their order.

    Raises:
        SyntaxError: It is no Python source.
    """
    tree = ast.parse(source)
    future = "".join(normal_form(node) for node in tree.body if _is_future(node))
    return tuple(
        _Walker(node).unit(node, future)
        for node in tree.body
        if not says_nothing(node) and not _is_future(node)
    )


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_constant(node: ast.AST) -> bool:
    """Whether an expression makes an object that cannot be changed."""
    if isinstance(node, ast.Tuple):
        return all(_is_constant(item) for item in node.elts)
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, ast.Constant | ast.JoinedStr)


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_fresh(node: ast.AST | None) -> bool:
    """Whether an expression makes an object that holds nothing from elsewhere."""
    if isinstance(node, ast.List | ast.Set | ast.Tuple):
        return all(_is_constant(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(_is_constant(item) for item in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _FRESH_CALLS
    return isinstance(
        node, ast.Constant | ast.JoinedStr | ast.ListComp | ast.DictComp | ast.SetComp
    )


def _chain(node: ast.AST) -> tuple[str, tuple[str, ...]] | None:
    """`a.b.c` as ("a", ("b", "c")); None for what does not start at a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, tuple(reversed(attributes))) if isinstance(node, ast.Name) else None


def _roots(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The names from which the object of an expression may come, and how.

    "whole": it is the object of that name; "inside": it is held by it; "result": code made it.
    """
    how = "whole"
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred) and _chain(node) is None:
        node, how = node.value, "inside"
    chain = _chain(node)
    if chain is not None:
        yield *chain, how
        return
    made = isinstance(node, ast.Call | ast.BinOp | ast.Await)
    for child in ast.iter_child_nodes(node):
        for name, attributes, inner in _roots(child):
            yield name, attributes, "result" if made or inner == "result" else "inside"


class _Walker:
    """Walks one unit and notes what happens to names."""

    def __init__(self, unit: ast.stmt) -> None:
        self.top = Scope("module", AT_IMPORT)
        # The bodies of a unit's own functions run later; in any other unit they may run at once.
        self.later = 0 if isinstance(unit, _FUNCTIONS | ast.ClassDef) else AT_IMPORT
        self.imports: list[Import] = []
        self.stars: list[str] = []
        self.loads: set[tuple[str, str]] = set()
        self.hooks: list[Use] = []
        self.attributes: set[str] = set()
        self.marks: set[tuple[str, str]] = set()
        self.runs = False
        self.soft = False  # in a text that may be a forward reference
        self.quiet = False  # in an annotation that calls nothing

    def unit(self, node: ast.stmt, future: str) -> Unit:
        """The summary of the statement."""
        self.visit(node, self.top)
        references, writes, reaches_into = self._settle()
        return Unit(
            _kind(node),
            digest(future, normal_form(node)),
            tuple(sorted(self.top.bound)),
            tuple(self.imports),
            tuple(self.stars),
            tuple(sorted(self.loads)),
            references,
            writes,
            tuple(place for use in self.hooks for place, _ in self.top.places(use)),
            tuple(sorted(self.attributes)),
            tuple(sorted(self.marks)),
            self.runs or _kind(node) == "code",
            reaches_into,
        )

    def _settle(self) -> tuple[tuple[Reference, ...], tuple[Write, ...], tuple[bool, bool]]:
        references: dict[Place, int] = {}
        writes: set[Write] = set()
        reaches_into = {AT_IMPORT: False, 0: False}
        for scope in self.top.walk():
            for use in scope.uses:
                for place, how in scope.places(use):
                    references[place] = references.get(place, 0) | how
            for change in scope.changes:
                places = list(scope.places(change.use))
                writes.update(
                    Write(*place, change.kind, change.detail, scope.how) for place, _ in places
                )
                reaches_into[scope.how] |= not places and not scope.is_own(change)
            if scope.kind != "module":
                for name in scope.bound & scope.outer:
                    writes.add(Write("", name, "name", "", scope.how))
        return (
            tuple(Reference(*place, how) for place, how in sorted(references.items())),
            tuple(sorted(writes)),
            (reaches_into[AT_IMPORT], reaches_into[0]),
        )

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Note a node and all below it."""
        visitor = _VISITORS.get(type(node))
        if visitor is None:
            self.visit_children(node, scope)
        else:
            visitor(self, node, scope)

    def visit_children(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child, scope)

    def visit_all(self, nodes: list[Any], scope: Scope) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node, scope)

    # Names

    def use(self, scope: Scope, name: str, attributes: tuple[str, ...], how: int) -> None:
        how |= (0 if self.quiet else scope.how) | (0 if self.soft else CERTAIN)
        mangled = tuple(scope.mangled(attribute) for attribute in attributes)
        scope.uses.append(Use(scope.mangled(name), mangled, how))
        self.mark(name)
        for attribute in mangled:
            self.note_attribute(attribute)

    def note_attribute(self, name: str) -> None:
        self.attributes.add(name)
        self.mark(name)

    def mark(self, name: str) -> None:
        if name[:2] not in {"__", "co", "f_", "tb"}:
            return
        if _SOURCE_NAMES.match(name) or name in _FILE_NAMES:
            self.marks.add(("source", f"uses {name}"))
        if name in _OPEN_NAMES:
            self.marks.add(("all", f"uses {name}"))
        if name in _PLACE_NAMES:
            self.marks.add(("place", f"uses {name}"))

    def name(self, node: ast.Name, scope: Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            self.use(scope, node.id, (), AS_VALUE)
        else:
            self.bind(scope, node.id)

    def bind(self, scope: Scope, name: str, *, fresh: bool = False) -> None:
        scope.bind(scope.mangled(name), fresh=fresh)

    def attribute(self, node: ast.Attribute, scope: Scope) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(scope, node.value, "attribute", node.attr)
        chain = _chain(node)
        if chain is not None:
            self.use(scope, *chain, AS_VALUE)
        else:
            self.note_attribute(scope.mangled(node.attr))
            self.visit(node.value, scope)

    def subscript(self, node: ast.Subscript, scope: Scope) -> None:
        self.runs |= bool(scope.how) and not self.soft
        if not isinstance(node.ctx, ast.Load):
            self.change(scope, node.value, "method", "__setitem__")
        self.visit_children(node, scope)

    def change(self, scope: Scope, node: ast.AST, kind: str, detail: str) -> None:
        for name, attributes, through in _roots(node):
            use = Use(scope.mangled(name), tuple(map(scope.mangled, attributes)), 0)
            shallow = through == "whole" and not attributes
            deep = through if kind in {"attribute", "method"} and through != "whole" else kind
            scope.changes.append(Change(use, deep, detail, shallow))

    # Expressions

    def call(self, node: ast.Call, scope: Scope, *, discarded: bool = False) -> None:
        self.runs |= bool(scope.how)
        chain = _chain(node.func)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else chain and chain[0]
        if discarded or (called and _CHANGES.match(called)):
            self.change_by_call(node, chain, scope)
        first = _text(node.args[0]) if node.args else None
        if called in _IMPORTERS and chain and first and _MODULE.fullmatch(first):
            self.import_module(first, chain, scope)
        elif called in {"getattr", "hasattr", "attrgetter", "methodcaller"}:
            self.visit(node.func, scope)
            self.attribute_by_name(first or _text(node.args[1]) if len(node.args) > 1 else first)
        elif chain is not None:
            self.use(scope, *chain, 0)
        else:
            self.visit(node.func, scope)
        if called in {"vars", "dir"}:
            self.attributes.add(ANY_ATTRIBUTE)
        self.visit_all([*node.args, *node.keywords], scope)

    def change_by_call(
        self, node: ast.Call, chain: tuple[str, tuple[str, ...]] | None, scope: Scope
    ) -> None:
        if isinstance(node.func, ast.Attribute):
            self.change(scope, node.func.value, "method", node.func.attr)
            owner = scope.owner(scope.mangled(chain[0])) if chain else scope
            if owner is not None and (not chain or chain[0] not in owner.imports):
                return
        callee = ".".join((chain[0], *chain[1])) if chain else ""
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.change(scope, argument, "argument", callee)

    def attribute_by_name(self, name: str | None) -> None:
        for part in (name or ANY_ATTRIBUTE).split("."):
            self.note_attribute(part)

    def import_module(self, module: str, chain: tuple[str, tuple[str, ...]], scope: Scope) -> None:
        self.use(scope, chain[0], (*chain[1], LITERAL), 0)
        self.loads.add((module, ""))
        holder = scope.child("function", scope.how)
        holder.bind("import")
        holder.imports["import"] = [Place(module, "")]
        holder.uses.append(Use("import", (), AS_VALUE | scope.how))

    def named_expression(self, node: ast.NamedExpr, scope: Scope) -> None:
        self.visit(node.value, scope)
        while scope.comprehension and scope.parent is not None:
            scope = scope.parent
        self.bind(scope, node.target.id)

    def comprehension(self, node: Any, scope: Scope) -> None:
        self.visit(node.generators[0].iter, scope)
        inner = scope.child("function", scope.how, comprehension=True)
        for index, generator in enumerate(node.generators):
            if index:
                self.visit(generator.iter, inner)
            self.visit(generator.target, inner)
            self.visit_all(generator.ifs, inner)
        for part in ("key", "value", "elt"):
            if hasattr(node, part):
                self.visit(getattr(node, part), inner)

    def lambda_(self, node: ast.Lambda, scope: Scope) -> None:
        self.visit_all([*node.args.defaults, *node.args.kw_defaults], scope)
        inner = scope.child("function", scope.how)
        for argument in _arguments(node.args):
            self.bind(inner, argument.arg)
        self.visit(node.body, inner)

    def constant(self, node: ast.Constant, scope: Scope) -> None:
        """Says nothing about names."""

    def operation(self, node: ast.AST, scope: Scope) -> None:
        self.runs |= bool(scope.how)
        self.visit_children(node, scope)

    # Statements

    def expression_statement(self, node: ast.Expr, scope: Scope) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self.call(value, scope, discarded=True)
            return
        if not isinstance(value, ast.Yield | ast.YieldFrom | ast.Constant | ast.NamedExpr):
            self.change(scope, value, "method", "__call__")
        self.visit(value, scope)

    def assign(self, node: ast.Assign, scope: Scope) -> None:
        self.visit(node.value, scope)
        for target in node.targets:
            self.assign_to(target, node.value, scope)

    def assign_to(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        both = ast.Tuple | ast.List
        if isinstance(target, both) and isinstance(value, both) and _pairs(target, value):
            for part, part_value in zip(target.elts, value.elts, strict=True):
                self.assign_to(part, part_value, scope)
        elif isinstance(target, ast.Name):
            self.bind(scope, target.id, fresh=_is_fresh(value))
        else:
            self.visit(target, scope)

    def annotated_assign(self, node: ast.AnnAssign, scope: Scope) -> None:
        self.annotation(node.annotation, scope)
        if node.value is not None:
            self.visit(node.value, scope)
            self.assign_to(node.target, node.value, scope)
        elif isinstance(node.target, ast.Name):
            if scope.kind == "function":
                self.bind(scope, node.target.id, fresh=True)
        else:
            self.visit(node.target, scope)

    def augmented_assign(self, node: ast.AugAssign, scope: Scope) -> None:
        self.runs |= bool(scope.how)
        self.visit(node.value, scope)
        if isinstance(node.target, ast.Name):
            name = scope.mangled(node.target.id)
            self.use(scope, node.target.id, (), AS_VALUE)
            self.change(scope, node.target, "method", "__iadd__")
            if scope.is_global(name) or name not in scope.bound:
                scope.bind(name)
        else:
            self.visit(node.target, scope)

    def annotation(self, node: ast.expr | None, scope: Scope) -> None:
        """An annotation; the texts in it are read as code, where they are code."""
        if node is None:
            return
        runs, quiet = self.runs, self.quiet
        self.quiet = not any(isinstance(part, ast.Call) for part in ast.walk(node))
        self.visit(node, scope)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                self.quoted(part.value, scope)
        self.runs, self.quiet = runs or (self.runs and not self.quiet), quiet

    def quoted(self, text: str, scope: Scope) -> None:
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return
        outer, self.soft = self.soft, True
        self.visit(tree.body, scope)
        self.soft = outer

    def function(self, node: Any, scope: Scope) -> None:
        self.decorate(node, scope)
        outer = self.type_parameters(node, scope)
        self.visit_all([*node.args.defaults, *node.args.kw_defaults], scope)
        for argument in _arguments(node.args):
            self.annotation(argument.annotation, outer)
        self.annotation(node.returns, outer)
        self.bind(scope, node.name)
        inner = outer.child("function", min(self.later, scope.how))
        for index, argument in enumerate(_arguments(node.args)):
            own = (
                index == 0 and scope.kind == "class" and node.name in {"__init__", "__post_init__"}
            )
            self.bind(inner, argument.arg, fresh=own)
        self.visit_all(node.body, inner)

    def decorate(self, node: Any, scope: Scope) -> None:
        for decorator in node.decorator_list:
            self.runs |= bool(scope.how)
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            for name, attributes, _ in _roots(target):
                use = Use(scope.mangled(name), attributes, 0)
                kind = "method" if _CHANGES.match((name, *attributes)[-1]) else "decorator"
                detail = attributes[-1] if attributes else ""
                changed = use._replace(attributes=attributes[:-1])
                scope.changes.append(Change(changed, kind, detail, shallow=False))
                if scope is self.top:
                    self.hooks.append(use)
            self.visit(decorator, scope)

    def type_parameters(self, node: Any, scope: Scope) -> Scope:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = scope.child("function", scope.how)
        for parameter in parameters:
            self.bind(inner, parameter.name)
            self.visit_children(parameter, inner)
        return inner

    def class_(self, node: Any, scope: Scope) -> None:
        self.runs |= bool(scope.how)
        self.decorate(node, scope)
        outer = self.type_parameters(node, scope)
        for base in [*node.bases, *node.keywords]:
            self.visit(base, outer)
            if scope is self.top:
                self.hooks.extend(Use(name, attributes, 0) for name, attributes, _ in _roots(base))
        self.bind(scope, node.name)
        inner = outer.child("class", scope.how)
        inner.class_name = node.name.lstrip("_")
        self.visit_all(node.body, inner)
        if scope.how and any(use.name in inner.bound for use in _calls(node.body)):
            self.hooks.append(Use(node.name, (), 0))

    def type_alias(self, node: Any, scope: Scope) -> None:
        self.bind(scope, node.name.id)
        self.visit(node.value, self.type_parameters(node, scope))

    def import_(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            self.loads.add((alias.name, ""))
            base = alias.name if alias.asname else alias.name.partition(".")[0]
            self.bind_import(alias.asname or base, base, "", scope)

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            self.loads.add((base, "" if alias.name == "*" else alias.name))
            if alias.name == "*":
                self.stars.append(base)
            else:
                self.bind_import(alias.asname or alias.name, base, alias.name, scope)

    def bind_import(self, name: str, base: str, attribute: str, scope: Scope) -> None:
        name = scope.mangled(name)
        if scope.is_global(name):
            self.imports.append(Import(name, base, attribute))
            return
        scope.bind(name)
        scope.imports.setdefault(name, []).append(Place(base, attribute))
        if scope.kind == "class":
            scope.uses.append(Use(name, (), AS_VALUE | CERTAIN | scope.how))

    def global_(self, node: ast.Global, scope: Scope) -> None:
        scope.outer.update(map(scope.mangled, node.names))

    def nonlocal_(self, node: ast.Nonlocal, scope: Scope) -> None:
        scope.enclosing.update(map(scope.mangled, node.names))
        holder = scope.parent
        while holder is not None:
            holder.stale.update(map(scope.mangled, node.names))
            holder = holder.parent

    def exception_handler(self, node: ast.ExceptHandler, scope: Scope) -> None:
        if node.name:
            self.bind(scope, node.name)
        self.visit_children(node, scope)

    def match_capture(self, node: Any, scope: Scope) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.bind(scope, name)
        self.visit_children(node, scope)

    def with_item(self, node: ast.withitem, scope: Scope) -> None:
        if scope.how and isinstance(node.context_expr, ast.Call):
            self.call(node.context_expr, scope, discarded=True)
        else:
            self.visit(node.context_expr, scope)
        if node.optional_vars is not None:
            self.visit(node.optional_vars, scope)


def _kind(node: ast.stmt) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, _FUNCTIONS):
        return "function"
    if isinstance(node, ast.ClassDef):
        return "class"
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = all(isinstance(target, ast.Name) for target in targets)
        if named and (node.value is None or _is_constant(node.value)):
            return "constant"
        return "data" if named else "code"
    return "code"


def _pairs(target: ast.Tuple | ast.List, value: ast.Tuple | ast.List) -> bool:
    starred = any(isinstance(item, ast.Starred) for item in [*target.elts, *value.elts])
    return len(target.elts) == len(value.elts) and not starred


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _calls(body: list[ast.stmt]) -> Iterator[Use]:
    """Names called by the statements of a class themselves, outside its methods."""
    for statement in body:
        if not isinstance(statement, _FUNCTIONS):
            for node in ast.walk(statement):
                chain = _chain(node.func) if isinstance(node, ast.Call) else None
                if chain is not None:
                    yield Use(*chain, 0)


_FUNCTIONS: Final = ast.FunctionDef | ast.AsyncFunctionDef
_VISITORS: Final[dict[type[ast.AST], Callable[[_Walker, Any, Scope], None]]] = {
    ast.Name: _Walker.name,
    ast.Attribute: _Walker.attribute,
    ast.Subscript: _Walker.subscript,
    ast.Call: _Walker.call,
    ast.Constant: _Walker.constant,
    ast.NamedExpr: _Walker.named_expression,
    ast.ListComp: _Walker.comprehension,
    ast.SetComp: _Walker.comprehension,
    ast.DictComp: _Walker.comprehension,
    ast.GeneratorExp: _Walker.comprehension,
    ast.Lambda: _Walker.lambda_,
    ast.BinOp: _Walker.operation,
    ast.Compare: _Walker.operation,
    ast.UnaryOp: _Walker.operation,
    ast.Expr: _Walker.expression_statement,
    ast.Assign: _Walker.assign,
    ast.AnnAssign: _Walker.annotated_assign,
    ast.AugAssign: _Walker.augmented_assign,
    ast.FunctionDef: _Walker.function,
    ast.AsyncFunctionDef: _Walker.function,
    ast.ClassDef: _Walker.class_,
    ast.Import: _Walker.import_,
    ast.ImportFrom: _Walker.import_from,
    ast.Global: _Walker.global_,
    ast.Nonlocal: _Walker.nonlocal_,
    ast.ExceptHandler: _Walker.exception_handler,
    ast.MatchAs: _Walker.match_capture,
    ast.MatchStar: _Walker.match_capture,
    ast.MatchMapping: _Walker.match_capture,
    ast.withitem: _Walker.with_item,
}
if hasattr(ast, "TypeAlias"):
    _VISITORS[ast.TypeAlias] = _Walker.type_alias
