"""What one source file says, as a summary that holds no reference to any other file.

A *unit* is a top-level statement. Its summary is plain data, so it can be kept by the file's
SHA-256. What its names mean is decided later, when all files are known (names.py, graph.py).
"""

import ast
import copy
import hashlib
from collections.abc import Collection

from registry.code_analysis.labels import is_label, labeller_names
from registry.code_analysis.normal_form import digest, normal_form, says_nothing
from registry.code_analysis.scopes import Place, Scope
from registry.code_analysis.statements import Statements
from registry.code_analysis.syntax import FUNCTIONS, is_constant, rename
from registry.code_analysis.units import Reference, Unit, Write


def summarise(source: bytes) -> tuple[Unit, ...]:
    """The units of a module, in their order.

    Raises:
        SyntaxError: It is no Python source.
    """
    return _units(ast.parse(source))


def statements(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a module that are units, in their order."""
    return [node for node in tree.body if not says_nothing(node) and not _is_future(node)]


def summarise_renamed(source: bytes, name: str, former: str) -> tuple[Unit, ...] | None:
    """The units of a module as they were when one of its functions had another name.

    Returns:
        None when the function also uses its name for something else.
    """
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, FUNCTIONS) and node.name == name and not rename(node, former):
            return None
    return _units(tree)


def _units(tree: ast.Module) -> tuple[Unit, ...]:
    future = "".join(normal_form(node) for node in tree.body if _is_future(node))
    labellers = labeller_names(tree)
    return tuple(_unit(node, future, labellers) for node in statements(tree))


def compiled(content: bytes) -> Unit:
    """The one unit of a module that has no source: it may do anything."""
    mark = ("all", "is no Python source")
    nothing: tuple[()] = ()
    return Unit(
        "code",
        hashlib.sha256(content).hexdigest(),
        spelling="",
        binds=nothing,
        imports=nothing,
        stars=nothing,
        loads=nothing,
        references=nothing,
        writes=nothing,
        hooks=nothing,
        attributes=nothing,
        marks=(mark,),
        changes_at_import=False,
        changes_later=False,
    )


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _unit(node: ast.stmt, future: str, labellers: Collection[str]) -> Unit:
    unit = _plain_unit(node, future)
    if not isinstance(node, FUNCTIONS):
        return unit
    labels = [found for found in node.decorator_list if is_label(found, labellers)]
    if not labels:
        return unit
    bare = copy.copy(node)
    bare.decorator_list = [found for found in node.decorator_list if found not in labels]
    chains = tuple(ast.unparse(found.func) for found in labels if isinstance(found, ast.Call))
    return unit._replace(labels=chains, unlabelled=(_plain_unit(bare, future),))


def _plain_unit(node: ast.stmt, future: str) -> Unit:
    walker = Statements(node)
    walker.visit(node, walker.top)
    scopes = list(walker.top.walk())
    return Unit(
        kind=_kind(node),
        digest=digest(future, normal_form(node, walker.scopes)),
        spelling=digest(future, normal_form(node)),
        binds=tuple(sorted(walker.top.bound)),
        imports=tuple(walker.imports),
        stars=tuple(walker.stars),
        loads=tuple(sorted(walker.loads)),
        references=_references(scopes),
        writes=tuple(sorted(write for scope in scopes for write in _writes(scope))),
        hooks=tuple(place for use in walker.hooks for place, _ in walker.top.places(use)),
        attributes=tuple(sorted(walker.attributes)),
        marks=tuple(sorted(walker.marks)),
        changes_at_import=any(scope.how and _changes_others(scope) for scope in scopes),
        changes_later=any(not scope.how and _changes_others(scope) for scope in scopes),
    )


def _references(scopes: list[Scope]) -> tuple[Reference, ...]:
    references: dict[Place, int] = {}
    for scope in scopes:
        for use in scope.uses:
            for place, how in scope.places(use):
                references[place] = references.get(place, 0) | how
    return tuple(Reference(*place, how) for place, how in sorted(references.items()))


def _writes(scope: Scope) -> set[Write]:
    writes = {
        Write(*place, change.kind, change.detail, scope.how)
        for change in scope.changes
        for place, _ in scope.places(change.use)
    }
    if scope.kind != "module":
        writes |= {Write("", name, "name", "", scope.how) for name in scope.bound & scope.outer}
    return writes


def _changes_others(scope: Scope) -> bool:
    return any(scope.may_change_anything(change) for change in scope.changes)


def _kind(node: ast.stmt) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, FUNCTIONS):
        return "function"
    if isinstance(node, ast.ClassDef):
        return "class"
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = all(isinstance(target, ast.Name) for target in targets)
        if named and (node.value is None or is_constant(node.value)):
            return "constant"
        return "data" if named else "code"
    return "code"
