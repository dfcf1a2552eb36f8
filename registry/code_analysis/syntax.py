"""Small questions about pieces of syntax."""

import ast
from collections.abc import Iterator
from typing import Final

from registry.code_analysis.scopes import Use

FUNCTIONS: Final = ast.FunctionDef | ast.AsyncFunctionDef

_MAKING: Final = (
    ast.Call | ast.BinOp | ast.Await | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
)
_FRESH_CALLS: Final = frozenset(
    {"dict", "list", "set", "bytearray", "Counter", "OrderedDict", "defaultdict", "deque"}
)


def is_constant(node: ast.AST) -> bool:
    """Whether an expression makes an object that cannot be changed."""
    if isinstance(node, ast.Tuple):
        return all(is_constant(item) for item in node.elts)
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return is_constant(node.left) and is_constant(node.right)
    return isinstance(node, ast.Constant | ast.JoinedStr)


def text_of(node: ast.AST) -> str | None:
    """The text that an expression is, or None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_fresh(node: ast.AST | None) -> bool:
    """Whether an expression makes an object that holds nothing from elsewhere."""
    if isinstance(node, ast.List | ast.Set | ast.Tuple):
        return all(is_constant(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(is_constant(item) for item in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _FRESH_CALLS
    return isinstance(
        node, ast.Constant | ast.JoinedStr | ast.ListComp | ast.DictComp | ast.SetComp
    )


def chain_of(node: ast.AST) -> tuple[str, tuple[str, ...]] | None:
    """`a.b.c` as ("a", ("b", "c")); None for what does not start at a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, tuple(reversed(attributes))) if isinstance(node, ast.Name) else None


def roots_of(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The names from which the object of an expression may come, and how.

    "whole": it is the object of that name; "inside": it is held by it; "result": code made it.
    """
    how = "whole"
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred) and chain_of(node) is None:
        node, how = node.value, "inside"
    chain = chain_of(node)
    if chain is not None:
        yield *chain, how
        return
    made = isinstance(node, _MAKING)
    for child in ast.iter_child_nodes(node):
        for name, attributes, inner in roots_of(child):
            yield name, attributes, "result" if made or inner == "result" else "inside"


def pair_up(target: ast.Tuple | ast.List, value: ast.Tuple | ast.List) -> bool:
    """Whether `a, b = c, d` binds each name to one of the values."""
    starred = any(isinstance(item, ast.Starred) for item in [*target.elts, *value.elts])
    return len(target.elts) == len(value.elts) and not starred


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """The parameters of a function, in their order but for `*` and `**`."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def rename(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Give a function another name, in its own calls of itself too.

    Returns:
        False, with nothing done, when its name means something else inside it.
    """
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = [node for node in names if node.id == function.name]
    arguments = (node.arg for node in ast.walk(function) if isinstance(node, ast.arg))
    if function.name in arguments or not all(isinstance(node.ctx, ast.Load) for node in own):
        return False
    for node in own:
        node.id = name
    function.name = name
    return True


def calls_of(body: list[ast.stmt]) -> Iterator[Use]:
    """Names called by the statements of a class themselves, outside its methods."""
    for statement in body:
        if not isinstance(statement, FUNCTIONS):
            for node in ast.walk(statement):
                chain = chain_of(node.func) if isinstance(node, ast.Call) else None
                if chain is not None:
                    yield Use(*chain, 0)
