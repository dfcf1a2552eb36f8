"""How a local variable is spelt is no part of a function's identity; which variable it is, is."""

# ruff: noqa: E501 - a program stands on one line, so that a table stays a table

import ast
import importlib.util
import symtable
from pathlib import Path

import pytest

from registry.code_analysis.summary import summarise

MODULES = ["calendar", "csv", "textwrap", "zipfile"]


def source_of(name):
    return Path(importlib.util.find_spec(name).origin).read_text()


def digests(source):
    return [unit.digest for unit in summarise(source.encode())]


def spellings(source):
    return [unit.spelling for unit in summarise(source.encode())]


def plain_functions(table):
    """Functions without scopes inside, as (name, line) with the locals that are not parameters."""
    for inner in table.get_children():
        if inner.get_type() == "function" and not inner.get_children():
            found = {
                symbol.get_name()
                for symbol in inner.get_symbols()
                if symbol.is_local() and not (symbol.is_parameter() or symbol.is_imported())
            }
            yield (inner.get_name(), inner.get_lineno()), found
        yield from plain_functions(inner)


def own_names(tree, locals_by_function):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            names = locals_by_function.get((node.name, line), set())
            yield from ((part, names) for statement in node.body for part in ast.walk(statement))


@pytest.mark.parametrize("name", MODULES)
def test_renaming_every_local_of_a_library_moves_no_digest(name):
    source = source_of(name)
    found = dict(plain_functions(symtable.symtable(source, name, "exec")))
    tree = ast.parse(source)
    renamed = 0
    for node, names in own_names(tree, found):
        if isinstance(node, ast.Name) and node.id in names:
            node.id, renamed = f"{node.id}_renamed", renamed + 1
        if isinstance(node, ast.ExceptHandler) and node.name in names:
            node.name = f"{node.name}_renamed"
    assert renamed > 50
    after = ast.unparse(tree)
    assert digests(after) == digests(source)
    assert spellings(after) != spellings(source)


@pytest.mark.parametrize("name", ["textwrap", "csv"])
def test_any_one_use_of_a_local_that_means_something_else_moves_its_digest(name, complete):
    source = source_of(name)
    before = digests(source)
    found = dict(plain_functions(symtable.symtable(source, name, "exec")))
    tree = ast.parse(source)
    uses = [n for n, names in own_names(tree, found) if isinstance(n, ast.Name) and n.id in names]
    assert len(uses) > 50
    for use in uses if complete else uses[::8]:
        kept, use.id = use.id, "elsewhere"
        assert digests(ast.unparse(tree)) != before, kept
        use.id = kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(v):\n    a = v\n    return lambda: a", "def f(v):\n    b = v\n    return lambda: b"),
        (
            "def f(v):\n    a = v\n    def g():\n        nonlocal a\n        a += 1\n    return g",
            "def f(v):\n    b = v\n    def g():\n        nonlocal b\n        b += 1\n    return g",
        ),
        ("def f(v):\n    return [a for a in v]", "def f(v):\n    return [b for b in v]"),
        ("def f(v):\n    return {a: c for a, c in v}", "def f(v):\n    return {b: d for b, d in v}"),
        (
            "def f(v):\n    return [c for a in v for c in a if c]",
            "def f(v):\n    return [d for b in v for d in b if d]",
        ),
        ("def f(v):\n    a = v\n    return [a for a in a]", "def f(v):\n    b = v\n    return [c for c in b]"),
        ("def f(v):\n    return (a := v) + a", "def f(v):\n    return (b := v) + b"),
        ("def f(v):\n    return any((a := x) for x in v), a", "def f(v):\n    return any((b := y) for y in v), b"),
        (
            "def f(v):\n    try:\n        v()\n    except E as a:\n        return a",
            "def f(v):\n    try:\n        v()\n    except E as b:\n        return b",
        ),
        (
            "def f(v):\n    match v:\n        case {'x': a, **c}:\n            return a, c\n        case [e, *g] as h:\n            return e, g, h",
            "def f(v):\n    match v:\n        case {'x': b, **d}:\n            return b, d\n        case [k, *l] as m:\n            return k, l, m",
        ),
        ("def f(v):\n    with v as a:\n        del a", "def f(v):\n    with v as b:\n        del b"),
        ("def f(v):\n    for a, (c, *e) in v:\n        yield a, c, e", "def f(v):\n    for b, (d, *g) in v:\n        yield b, d, g"),
        ("class C:\n    def f(self):\n        __a = 1\n        return __a", "class C:\n    def f(self):\n        __b = 1\n        return __b"),
        ("X = [a for a in (1, 2)]", "X = [b for b in (1, 2)]"),
        ("async def f(v):\n    async for a in v:\n        await a", "async def f(v):\n    async for b in v:\n        await b"),
    ],
)  # fmt: skip
def test_a_renamed_local_moves_no_digest(before, after):
    assert digests(before) == digests(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a):\n    return a", "def f(b):\n    return b"),
        ("f = lambda a: a", "f = lambda b: b"),
        ("def f():\n    def g():\n        pass\n    return g", "def f():\n    def h():\n        pass\n    return h"),
        ("def f():\n    class A:\n        pass\n    return A", "def f():\n    class B:\n        pass\n    return B"),
        ("def f():\n    import a\n    return a", "def f():\n    import b\n    return b"),
        ("class C:\n    a = 1", "class C:\n    b = 1"),
        ("def f():\n    global a\n    a = 1", "def f():\n    global b\n    b = 1"),
        ("def f(v):\n    a = v\n    class C:\n        a = a", "def f(v):\n    b = v\n    class C:\n        a = b"),
    ],
)  # fmt: skip
def test_a_name_that_can_be_seen_from_outside_moves_the_digest(before, after):
    assert digests(before) != digests(after)
