"""What statements do to names."""

import ast
from typing import Any, Final

from registry.code_analysis.expressions import CHANGES, Expressions, Visitor
from registry.code_analysis.scopes import AS_VALUE, CERTAIN, Change, Place, Scope, Use
from registry.code_analysis.syntax import (
    arguments_of,
    calls_of,
    is_fresh,
    pair_up,
    roots_of,
    text_of,
)
from registry.code_analysis.units import Import

_MAKERS: Final = frozenset({"__init__", "__post_init__"})  # they fill an object that is new


class Statements(Expressions):
    """Walks the statements of one unit and notes what happens to names."""

    def expression_statement(self, node: ast.Expr, scope: Scope) -> None:
        """An expression by itself stands there for its effect."""
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call):
            self.call(value, scope, discarded=True)
            return
        if not isinstance(value, ast.Yield | ast.YieldFrom | ast.Constant | ast.NamedExpr):
            self.change(scope, value, "method", "__call__")
        self.visit(value, scope)

    def assign(self, node: ast.Assign, scope: Scope) -> None:
        """`a = b = value`."""
        self.visit(node.value, scope)
        for target in node.targets:
            self.assign_to(target, node.value, scope)

    def assign_to(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        """One target of an assignment."""
        both = ast.Tuple | ast.List
        if isinstance(target, both) and isinstance(value, both) and pair_up(target, value):
            for part, part_value in zip(target.elts, value.elts, strict=True):
                self.assign_to(part, part_value, scope)
        elif isinstance(target, ast.Name):
            self.bind(scope, target.id, fresh=is_fresh(value))
        else:
            self.visit(target, scope)

    def annotated_assign(self, node: ast.AnnAssign, scope: Scope) -> None:
        """`a: type = value`, or a declaration without a value."""
        self.annotation(node.annotation, scope)
        if node.value is not None:
            self.visit(node.value, scope)
            self.assign_to(node.target, node.value, scope)
        elif isinstance(node.target, ast.Name):
            if scope.kind == "function" and node.simple:
                self.bind(scope, node.target.id, fresh=True)
        else:
            self.visit(node.target, scope)

    def augmented_assign(self, node: ast.AugAssign, scope: Scope) -> None:
        """`a += value` may change the object or bind the name again."""
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
        outer, parts = self.quiet, list(ast.walk(node))
        self.quiet = not any(isinstance(part, ast.Call) for part in parts)
        self.visit(node, scope)
        for text in filter(None, map(text_of, parts)):
            self.quoted(text, scope)
        self.quiet = outer

    def quoted(self, text: str, scope: Scope) -> None:
        """Note the names in a text, if it is code."""
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return
        outer, self.soft = self.soft, True
        self.visit(tree.body, scope)
        self.soft = outer

    def function(self, node: Any, scope: Scope) -> None:
        """A function: the bodies of functions run later."""
        self.decorate(node, scope)
        outer = self.type_parameters(node, scope)
        self.visit_all([*node.args.defaults, *node.args.kw_defaults], scope)
        for argument in arguments_of(node.args):
            self.annotation(argument.annotation, outer)
        self.annotation(node.returns, outer)
        self.bind(scope, node.name, fixed=True)
        self.scopes[node] = inner = outer.child("function", min(self.later, scope.how))
        for index, argument in enumerate(arguments_of(node.args)):
            is_new = index == 0 and scope.kind == "class" and node.name in _MAKERS
            self.bind(inner, argument.arg, fresh=is_new, fixed=True)
        self.visit_all(node.body, inner)

    def decorate(self, node: Any, scope: Scope) -> None:
        """A decorator sees what it decorates, and may keep it."""
        for decorator in node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            for name, attributes, _ in roots_of(target):
                use = Use(scope.mangled(name), attributes, 0)
                kind = "method" if CHANGES.match((name, *attributes)[-1]) else "handed"
                detail = attributes[-1] if attributes else ""
                changed = use._replace(attributes=attributes[:-1])
                scope.changes.append(Change(changed, kind, detail, shallow=False))
                if scope.how:
                    self.hooks.append(use)
            self.visit_run(decorator, scope)

    def visit_run(self, node: ast.AST, scope: Scope) -> None:
        """Note an expression whose object runs at once."""
        held, self.held = self.held, False
        self.visit(node, scope)
        self.held = held

    def type_parameters(self, node: Any, scope: Scope) -> Scope:
        """The scope of `[T]`, where there is one."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        inner = scope.child("function", scope.how)
        for parameter in parameters:
            self.bind(inner, parameter.name, fixed=True)
            self.visit_children(parameter, inner)
        return inner

    def class_(self, node: Any, scope: Scope) -> None:
        """A class: its body runs at once."""
        self.decorate(node, scope)
        outer = self.type_parameters(node, scope)
        for base in [*node.bases, *node.keywords]:
            self.visit_run(base, outer)
            if scope.how:
                self.hooks.extend(
                    Use(name, attributes, 0) for name, attributes, _ in roots_of(base)
                )
        self.bind(scope, node.name, fixed=True)
        self.scopes[node] = inner = outer.child("class", scope.how)
        inner.class_name = node.name.lstrip("_")
        self.visit_all(node.body, inner)
        if scope.how and any(use.name in inner.bound for use in calls_of(node.body)):
            self.hooks.append(Use(node.name, (), 0))

    def type_alias(self, node: Any, scope: Scope) -> None:
        """`type A[T] = value`."""
        self.bind(scope, node.name.id, fixed=True)
        self.visit(node.value, self.type_parameters(node, scope))

    def import_(self, node: ast.Import, scope: Scope) -> None:
        """`import a.b as c`."""
        for alias in node.names:
            self.loads.add((alias.name, ""))
            base = alias.name if alias.asname else alias.name.partition(".")[0]
            self.bind_import(alias.asname or base, base, "", scope)

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        """`from a import b as c`."""
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            self.loads.add((base, "" if alias.name == "*" else alias.name))
            if alias.name == "*":
                self.stars.append(base)
            else:
                self.bind_import(alias.asname or alias.name, base, alias.name, scope)

    def bind_import(self, name: str, base: str, attribute: str, scope: Scope) -> None:
        """Note a name that an import binds."""
        name = scope.mangled(name)
        if scope.is_global(name):
            self.imports.append(Import(name, base, attribute))
            return
        scope.bind(name, fixed=True)
        scope.imports.setdefault(name, []).append(Place(base, attribute))
        if scope.kind == "class":
            scope.uses.append(Use(name, (), AS_VALUE | CERTAIN | scope.how))

    def global_(self, node: ast.Global, scope: Scope) -> None:
        """`global a`."""
        scope.outer.update(map(scope.mangled, node.names))

    def nonlocal_(self, node: ast.Nonlocal, scope: Scope) -> None:
        """`nonlocal a`: its holder may get an object from anywhere."""
        scope.enclosing.update(map(scope.mangled, node.names))
        holder = scope.parent
        while holder is not None:
            holder.stale.update(map(scope.mangled, node.names))
            holder = holder.parent

    def exception_handler(self, node: ast.ExceptHandler, scope: Scope) -> None:
        """`except E as a`."""
        if node.name:
            self.bind(scope, node.name)
        self.visit_children(node, scope)

    def match_capture(self, node: Any, scope: Scope) -> None:
        """`case [a, *b, {**c}]`."""
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.bind(scope, name)
        self.visit_children(node, scope)

    def with_item(self, node: ast.withitem, scope: Scope) -> None:
        """`with a as b`: entering may change things."""
        if scope.how and isinstance(node.context_expr, ast.Call):
            self.call(node.context_expr, scope, discarded=True)
        else:
            self.visit(node.context_expr, scope)
        if node.optional_vars is not None:
            self.visit(node.optional_vars, scope)


_VISITORS: dict[type[ast.AST], Visitor] = {
    ast.Name: Expressions.name,
    ast.Attribute: Expressions.attribute,
    ast.Subscript: Expressions.subscript,
    ast.Call: Expressions.call,
    ast.Constant: Expressions.skip,
    ast.NamedExpr: Expressions.named_expression,
    ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension,
    ast.DictComp: Expressions.comprehension,
    ast.GeneratorExp: Expressions.comprehension,
    ast.Lambda: Expressions.lambda_,
    ast.Expr: Statements.expression_statement,
    ast.Assign: Statements.assign,
    ast.AnnAssign: Statements.annotated_assign,
    ast.AugAssign: Statements.augmented_assign,
    ast.FunctionDef: Statements.function,
    ast.AsyncFunctionDef: Statements.function,
    ast.ClassDef: Statements.class_,
    ast.Import: Statements.import_,
    ast.ImportFrom: Statements.import_from,
    ast.Global: Statements.global_,
    ast.Nonlocal: Statements.nonlocal_,
    ast.ExceptHandler: Statements.exception_handler,
    ast.MatchAs: Statements.match_capture,
    ast.MatchStar: Statements.match_capture,
    ast.MatchMapping: Statements.match_capture,
    ast.withitem: Statements.with_item,
}
if hasattr(ast, "TypeAlias"):  # since Python 3.12
    _VISITORS[ast.TypeAlias] = Statements.type_alias
Statements.visitors = _VISITORS
