"""The source of modules that are imported already: any flow's, also a notebook cell's.

Modules of ours are told apart from libraries by where they are: not in Python's own folders. What a
function reaches beyond its module is found as it is met. A module without a file (a cell run by
`%%cell_to_module`, or `hamilton.ad_hoc_utils`) has the same identities as a file with that text.

What is in memory is compared with the source, since an edited file is not what was imported.

`AdapterError`
    `UnknownSourceError`     no source can be found, or it is not what was imported
"""

import ast
import importlib.util
import inspect
import linecache
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.machinery import SOURCE_SUFFIXES
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from adapters import AdapterError
from adapters.engine.read_at_import import data_files
from registry.code_identity import CodeIdentity, CodeIndex, installed_distributions
from registry.objects import sha256_of_file

_ABSENT: Final = object()
_PACKAGE_FOLDERS: Final = {"site-packages", "dist-packages"}


class UnknownSourceError(AdapterError):
    """A module's source cannot be found, or differs from what was imported."""

    exit_code = 2

    def __init__(self, module: str, problem: str, remedy: str) -> None:
        self.module = module
        super().__init__(f"module {module}: {problem}; {remedy}")


class ImportedCode:
    """Code identities of functions in modules that are imported.

    Args:
        modules: The flow's modules. All else is found as it is reached.
    """

    def __init__(self, modules: Sequence[ModuleType]) -> None:
        self._roots: list[Path] = []
        self._packages: set[str] = set()
        self._without_file: dict[str, bytes] = {}
        self._met: set[str] = set()
        self._checked: set[str] = set()
        self._known: dict[tuple[str, str], CodeIdentity] = {}
        self._modules = tuple(modules)
        for module in modules:
            self._add(module)
        self._index = self._new_index()

    def identity(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key of a function, with what went into it.

        Raises:
            UnknownSourceError: The source of a module that is reached is unknown or another.
            CodeError: The source is no Python.
        """
        place = (module, qualified_name)
        if place not in self._known:
            self._known[place] = self._found(*place)
        for label in self._known[place].units:
            self._check(label.partition(":")[0])
        return self._known[place]

    def renewed(self) -> "ImportedCode":
        """For the next run of a long process: what is in memory will be compared again.

        Nothing is worked out again as long as the files are as they were.
        """
        files = self.source_files().items()
        if all(path.is_file() and sha256_of_file(path).sha256 == known for path, known in files):
            self._checked.clear()
            return self
        return ImportedCode(self._modules)

    def former_identity(
        self, module: str, qualified_name: str, former_name: str
    ) -> CodeIdentity | None:
        """The code key that a function had under a former name, if nothing else has changed."""
        self.identity(module, qualified_name)
        return self._index.former_identity(module, qualified_name, former_name)

    def source_files(self) -> Mapping[Path, str]:
        """Every source file of ours, with the SHA-256 of its bytes."""
        return self._index.source_files()

    def source_of(self, module: str) -> tuple[str, bytes] | None:
        """The SHA-256 and the bytes of a module's source; None if it is not one of ours."""
        return self._index.source_of(module)

    def way_to(self, module: str, qualified_name: str, unit: str) -> tuple[str, ...]:
        """How a function comes to a unit, which is named by its own digest."""
        return self._index.way_to(module, qualified_name, unit)

    def _found(self, module: str, qualified_name: str) -> CodeIdentity:
        """The code key, when all tops that it reaches have been met."""
        if self._index.source_of(module) is None and module in sys.modules:
            self._add(sys.modules[module])
            self._index = self._new_index()
        while True:
            found = self._index.identity(module, qualified_name)
            if not self._met:
                return found
            for top in sorted(self._met):
                self._add_top(top)
            self._met.clear()
            self._index = self._new_index()

    def _new_index(self) -> CodeIndex:
        index = CodeIndex(
            self._roots,
            packages=self._packages,
            distribution_version=self._distributions,
            data_files=data_files(),
        )
        for name, source in self._without_file.items():
            index.add_source(name, source)
        return index

    def _distributions(self, top: str) -> Mapping[str, str]:
        if _is_ours(top):
            self._met.add(top)
            return {}
        return installed_distributions(top)

    def _add_top(self, top: str) -> None:
        module = sys.modules.get(top)
        if module is not None:
            self._add(module)
            return
        spec = importlib.util.find_spec(top)
        assert spec is not None
        places = [Path(place).parent for place in spec.submodule_search_locations or ()]
        self._add_root(top, places or [Path(str(spec.origin)).parent])

    def _add(self, module: ModuleType) -> None:
        root = _root_of(module)
        if root is None:
            self._without_file[module.__name__] = _source_of(module)
        else:
            self._add_root(module.__name__.partition(".")[0], [root])

    def _add_root(self, top: str, roots: Sequence[Path]) -> None:
        self._packages.add(top)
        self._roots += [root for root in roots if root not in self._roots]

    def _check(self, name: str) -> None:
        module = sys.modules.get(name)
        if name in self._checked or module is None:
            return
        self._checked.add(name)
        source = self._without_file.get(name) or _source_of(module)
        differs = next(_differences(module, source), None)
        if differs is not None:
            raise UnknownSourceError(
                name,
                f"{differs} is not what its source says",
                "import it again, or restart the kernel, after an edit",
            )


def _is_ours(top: str) -> bool:
    """Whether a top-level module is neither Python's nor installed as a library."""
    places = list(_places(top))
    return bool(places) and not any(
        place.is_relative_to(library) for place in places for library in _libraries()
    )


def _places(top: str) -> Iterator[Path]:
    module = sys.modules.get(top)
    if module is not None:
        if getattr(module, "__file__", None) is not None:
            yield Path(str(module.__file__)).resolve()
        elif not hasattr(module, "__path__") and module.__spec__ is None:
            yield Path(top)
        yield from (Path(place).resolve() for place in getattr(module, "__path__", ()))
        return
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return
    if spec is not None and spec.origin not in {None, "built-in", "frozen"}:
        yield Path(str(spec.origin)).resolve()
    elif spec is not None:
        yield from (Path(place).resolve() for place in spec.submodule_search_locations or ())


def _libraries() -> set[Path]:
    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {*(paths[name] for name in names), *site.getsitepackages()}
    folders |= {place for place in sys.path if Path(place).name in _PACKAGE_FOLDERS}
    return {Path(folder).resolve() for folder in (*folders, site.getusersitepackages())}


def _root_of(module: ModuleType) -> Path | None:
    """The folder that an import of this module would start from; None if it has no such place."""
    file = getattr(module, "__file__", None)
    parts = module.__name__.split(".")
    if file is None:
        places = list(getattr(module, "__path__", ()))
        path = Path(places[0]) if places else Path()
    else:
        path = Path(file).parent if Path(file).stem == "__init__" else Path(file).with_suffix("")
    if not path.parts or list(path.parts[-len(parts) :]) != parts:
        return None
    return path.parents[len(parts) - 1]


def _source_of(module: ModuleType) -> bytes:
    """The source that a module was made from."""
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).suffix in SOURCE_SUFFIXES and Path(file).is_file():
        return Path(file).read_bytes()
    kept = linecache.cache.get(module.__name__)
    if kept is not None and len(kept) > 1:
        return "".join(kept[2]).encode()
    raise UnknownSourceError(
        module.__name__,
        "it was made at run time and its source is unknown",
        "write it to a file, or make it with %%cell_to_module or ad_hoc_utils.create_module",
    )


def _differences(module: ModuleType, source: bytes) -> Iterator[str]:
    """The names in a module whose functions or constants are not those of the source."""
    shapes, constants = _expected(source)
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            code = value.__code__
            if code.co_qualname in shapes and _shape(code) not in shapes[code.co_qualname]:
                yield name
    for name, constant in constants.items():
        value = vars(module).get(name, _ABSENT)
        if type(value) is not type(constant) or value != constant:
            yield name


@cache
def _expected(source: bytes) -> tuple[dict[str, list[object]], dict[str, object]]:
    """The functions and the plain constants that a source makes."""
    shapes = _shapes(compile(source, "source", "exec", dont_inherit=True))
    return shapes, _constants(ast.parse(source))


def _shapes(code: CodeType) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.setdefault(constant.co_qualname, []).append(_shape(constant))
            for name, shapes in _shapes(constant).items():
                found.setdefault(name, []).extend(shapes)
    return found


def _shape(code: CodeType) -> object:
    """What a code object does, wherever it stands."""
    constants = [_told(constant) for constant in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_code, names, constants, code.co_argcount, code.co_kwonlyargcount, code.co_flags


def _told(constant: object) -> object:
    """What a constant is; a set that was read from byte code may have another order."""
    if isinstance(constant, CodeType):
        return _shape(constant)
    if isinstance(constant, tuple):
        return tuple, [_told(item) for item in constant]
    if isinstance(constant, frozenset):
        return frozenset, sorted(repr(_told(item)) for item in constant)
    return type(constant), repr(constant)


def _constants(tree: ast.Module) -> dict[str, object]:
    """The plain constants of a module that are assigned once, and by nobody else."""
    moved = [
        name for found in ast.walk(tree) if isinstance(found, ast.Global) for name in found.names
    ]
    moved += [
        found.id
        for found in ast.walk(tree)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store | ast.Del)
    ]
    constants: dict[str, object] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                constants[name] = value
            case _:
                continue
    return {name: value for name, value in constants.items() if moved.count(name) == 1}
