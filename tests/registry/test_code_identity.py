import ast
import hashlib
import importlib.util
import shutil
import subprocess
import symtable
import sys
from pathlib import Path

import pytest

from registry.code_analysis.normal_form import normal_form
from registry.code_analysis.scopes import CERTAIN
from registry.code_analysis.summary import summarise
from registry.code_analysis.units import Unit
from registry.code_identity import CodeError, CodeIndex
from tests.registry.code_attacks import ATTACKS, WHOLE_MODULE
from tests.registry.code_edits import EDITS, PROJECT

ROOT = Path(__file__).parents[2]
LIBRARIES = {"tables": "1.0", "arrays": "2.0", "checks": "3.0", "pandas": "3.0"}


def versions(name):
    return {f"{name}-distribution": LIBRARIES.get(name, "missing")}


def nothing_installed(name):
    return {}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def index(folder, **options):
    return CodeIndex([folder], **{"distribution_version": versions, **options})


def definitions(files):
    """Every top-level function and class, as (module, name)."""
    for name, text in files.items():
        module = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield module, node.name


def keys(folder, files, **options):
    write(folder, files)
    found = index(folder, **options)
    return {
        f"{module}:{name}": found.identity(module, name).digest
        for module, name in definitions(files)
    }


def moved(before, after):
    return {name for name in after if before.get(name) != after[name]}


def edited(files, name, old, new):
    assert old in files[name], f"{old!r} is not in {name}"
    return {**files, name: files[name].replace(old, new)}


@pytest.fixture(scope="module")
def project_keys(tmp_path_factory):
    return keys(tmp_path_factory.mktemp("project"), PROJECT)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.claim)
def test_an_edit_moves_exactly_the_keys_that_can_see_it(edit, project_keys, tmp_path):
    after = edited(PROJECT, f"flow/{edit.file.replace('.', '/')}.py", edit.old, edit.new)
    expected = {f"flow.{name}" for name in edit.moved}
    assert moved(project_keys, keys(tmp_path, after)) == expected


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.claim)
def test_an_edit_in_a_hidden_place_is_seen(attack, tmp_path):
    files = {f"{name.replace('.', '/')}.py": text for name, text in attack.files.items()}
    before = keys(tmp_path / "before", files)
    name = f"{attack.file.replace('.', '/')}.py"
    after = keys(tmp_path / "after", edited(files, name, attack.old, attack.new))
    assert moved(before, after) >= attack.moved


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.claim)
def test_only_what_is_open_takes_in_a_whole_module(attack, tmp_path):
    files = {f"{name.replace('.', '/')}.py": text for name, text in attack.files.items()}
    with_more = {name: f"{text}UNRELATED = 1\n" for name, text in files.items()}
    before, after = keys(tmp_path / "before", files), keys(tmp_path / "after", with_more)
    assert bool(moved(before, after) & attack.moved) == (attack.claim in WHOLE_MODULE)


READS_TEXT = ("__doc__", "inspect", "co_firstlineno", "_getframe", "traceback")
SAYS_NOTHING_OF_ITSELF = [
    attack for attack in ATTACKS if not any(word in str(attack.files) for word in READS_TEXT)
]


@pytest.mark.parametrize("attack", SAYS_NOTHING_OF_ITSELF, ids=lambda attack: attack.claim)
def test_a_comment_moves_no_key_even_there(attack, tmp_path):
    files = {f"{name.replace('.', '/')}.py": text for name, text in attack.files.items()}
    commented = {name: f"# a comment\n{text}\n\n# another\n" for name, text in files.items()}
    assert keys(tmp_path / "before", files) == keys(tmp_path / "after", commented)


def test_a_function_moved_to_another_module_keeps_its_key(tmp_path):
    helper = "def half(value):\n    return value / 2\n"
    rest = "def quarter(value):\n    return half(half(value))\n"
    before = keys(tmp_path / "before", {"a.py": f"{helper}\n{rest}", "b.py": ""})
    after = keys(tmp_path / "after", {"a.py": f"from b import half\n{rest}", "b.py": helper})
    assert before["a:quarter"] == after["a:quarter"]
    assert before["a:half"] == after["b:half"]


def test_functions_that_call_each_other_keep_their_keys_when_one_moves(tmp_path):
    even = "def even(n):\n    return n == 0 or odd(n - 1)\n"
    odd = "def odd(n):\n    return n != 0 and even(n - 1)\n"
    before = keys(tmp_path / "before", {"a.py": even + odd})
    after = keys(
        tmp_path / "after",
        {"a.py": f"from b import odd\n{even}", "b.py": f"from a import even\n{odd}"},
    )
    assert (before["a:even"], before["a:odd"]) == (after["a:even"], after["b:odd"])


def test_a_renamed_module_and_another_folder_move_no_key(tmp_path):
    files = {"a.py": "from b import X\ndef f():\n    return X\n", "b.py": "X = 1\n"}
    renamed = {"c.py": "from d.e import X\ndef f():\n    return X\n", "d/e.py": "X = 1\n"}
    before, after = keys(tmp_path / "one", files), keys(tmp_path / "two", renamed)
    assert before["a:f"] == after["c:f"]


@pytest.mark.parametrize("library", ["tables", "arrays", "checks"])
def test_a_library_s_version_moves_exactly_what_reaches_the_library(
    library, project_keys, tmp_path
):
    users = {
        "tables": {"flow.nodes:valid"},
        "arrays": {"flow.nodes:joined"},
        "checks": {"flow.models:Schema", "flow.nodes:checked"},
    }
    newer = keys(
        tmp_path,
        PROJECT,
        distribution_version=lambda name: {
            **versions(name),
            **({"x": "2"} if name == library else {}),
        },
    )
    assert moved(project_keys, newer) == users[library]


def test_python_s_minor_version_moves_every_key(project_keys, tmp_path):
    newer = keys(tmp_path, PROJECT, python_version="4.0")
    assert moved(project_keys, newer) == project_keys.keys()


def test_all_distributions_of_a_shared_import_name_count(tmp_path):
    write(tmp_path, {"a.py": "from google import auth\ndef f():\n    return auth\n"})
    shared = {"google-auth": "1", "google-api-core": "2"}
    found = index(tmp_path, distribution_version={"google": shared}.get).identity("a", "f")
    assert found.distributions == {
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        **shared,
    }


def test_the_installed_version_of_a_library_is_found(tmp_path):
    write(
        tmp_path,
        {"a.py": "import pytest, json, nowhere\ndef f():\n    return pytest, json, nowhere\n"},
    )
    found = CodeIndex([tmp_path]).identity("a", "f").distributions
    assert found["pytest"] == pytest.__version__
    assert found["nowhere"] == "not installed"
    assert "json" not in found


def test_what_is_reached_is_told_by_name(tmp_path):
    write(
        tmp_path,
        {
            "a.py": "from b import g\ndef f():\n    return g()\n",
            "b.py": "X = 1\nY = 2\ndef g():\n    return X\n",
        },
    )
    assert index(tmp_path).identity("a", "f").units.keys() == {"a:f", "b:X", "b:g"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(n):\n    return eval(n)\n", "a:f uses builtins.eval"),
        ("def f(n):\n    return missing(n)\n", "a:f uses missing, which a does not define"),
        (
            "import importlib\ndef g(n):\n    importlib.import_module(n)\ndef f(n):\n    g(n)\n",
            "a:g uses importlib.import_module",
        ),
        (
            "import b\ndef f(n):\n    return b.missing\n",
            "a:f uses missing, which b does not define",
        ),
        ("def f(n):\n    return f.__doc__\n", "a:f uses __doc__"),
        ("def f(n):\n    return globals()\n", "a:f uses builtins.globals"),
    ],
)
def test_what_could_not_be_told_is_said(source, reason, tmp_path):
    write(tmp_path, {"a.py": source, "b.py": "X = 1\n"})
    assert index(tmp_path).identity("a", "f").opaque == (reason,)


@pytest.mark.parametrize("attribute", ["f", "f.<locals>.inner", "C.method"])
def test_a_name_inside_a_definition_has_the_key_of_the_definition(attribute, tmp_path):
    write(tmp_path, {"a.py": "def f():\n    pass\nclass C:\n    def method(self):\n        pass\n"})
    found = index(tmp_path)
    assert found.identity("a", attribute) == found.identity("a", attribute.partition(".")[0])


def test_a_name_that_is_not_in_the_source_takes_in_its_module(tmp_path):
    write(tmp_path, {"a.py": "X = 1\ndef f():\n    pass\n"})
    found = index(tmp_path).identity("a", "<lambda>")
    assert found.units.keys() == {"a:X", "a:f"}
    assert found.opaque == ("a:<lambda> was not found in the source",)


def test_a_module_without_a_file_can_be_added_and_replaced(tmp_path):
    write(tmp_path, {"b.py": "def g():\n    return 1\n"})
    found = index(tmp_path)
    found.add_source("cell", b"from b import g\ndef f():\n    return g()\n")
    first = found.identity("cell", "f")
    assert first.units.keys() == {"cell:f", "b:g"}
    found.add_source("cell", b"from b import g\ndef f():\n    return -g()\n")
    assert found.identity("cell", "f").digest != first.digest


def test_a_cell_and_a_file_of_the_same_text_have_one_key(tmp_path):
    source = "def f():\n    return 1\n"
    from_file = keys(tmp_path, {"a.py": source})["a:f"]
    cell = CodeIndex([], distribution_version=versions)
    cell.add_source("cell", source.encode())
    assert cell.identity("cell", "f").digest == from_file


def test_every_source_file_is_listed_with_its_hash(tmp_path):
    write(
        tmp_path,
        {"a.py": "X = 1\n", "p/__init__.py": "", "p/b.py": "Y = 1\n", "not-a-module.py": ""},
    )
    expected = {
        tmp_path / name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("a.py", "p/__init__.py", "p/b.py")
    }
    assert index(tmp_path).source_files() == expected


def test_only_named_packages_are_ours(tmp_path):
    write(tmp_path, {"p/a.py": "import q.b\ndef f():\n    return q.b.X\n", "q/b.py": "X = 1\n"})
    found = index(tmp_path, packages={"p"})
    assert found.source_files().keys() == {tmp_path / "p/a.py"}
    assert found.identity("p.a", "f").distributions["q-distribution"] == "missing"


def test_refresh_sees_an_edit(tmp_path):
    write(tmp_path, {"a.py": "def f():\n    return 1\n"})
    found = index(tmp_path)
    first = found.identity("a", "f").digest
    write(tmp_path, {"a.py": "def f():\n    return 2\n"})
    assert found.identity("a", "f").digest == first
    found.refresh()
    assert found.identity("a", "f").digest != first


def test_a_module_that_is_not_ours_is_refused(tmp_path):
    with pytest.raises(CodeError, match="json"):
        index(tmp_path).identity("json", "dumps")


def test_a_file_that_is_no_python_source_is_refused_by_name(tmp_path):
    write(tmp_path, {"a.py": "X = 1\n", "b.py": "def f(:\n"})
    with pytest.raises(CodeError, match=r"^b: no Python source"):
        index(tmp_path).identity("a", "X")


def test_a_package_comes_before_a_module_of_its_name_and_a_compiled_one_before_both(tmp_path):
    use = "from b import X\ndef f():\n    return X\n"
    write(tmp_path, {"a.py": use, "b.py": "X = 1\n", "b/__init__.py": "X = 2\n"})
    assert tmp_path / "b.py" not in index(tmp_path).source_files()
    write(tmp_path, {"b/__init__.abi3.so": "machine code"})
    found = index(tmp_path).identity("a", "f")
    assert "b:statement is no Python source" in found.opaque


def test_a_compiled_module_s_bytes_count(tmp_path):
    use = {"a.py": "import b\ndef f():\n    return b.g()\n"}
    before = keys(tmp_path, use)
    (tmp_path / "b.abi3.so").write_bytes(b"\x7fELF 1")
    first = index(tmp_path).identity("a", "f").digest
    (tmp_path / "b.abi3.so").write_bytes(b"\x7fELF 2")
    assert len({before["a:f"], first, index(tmp_path).identity("a", "f").digest}) == 3


def test_nothing_of_what_is_analysed_is_imported(tmp_path):
    write(tmp_path, {"never_imported.py": "raise SystemExit\ndef f():\n    pass\n"})
    assert index(tmp_path).identity("never_imported", "f").digest
    assert "never_imported" not in sys.modules


def test_a_summary_is_plain_data():
    def is_plain(value):
        if isinstance(value, tuple):
            return all(map(is_plain, value))
        return isinstance(value, str | int)

    units = [unit for text in PROJECT.values() for unit in summarise(text.encode())]
    assert all(isinstance(unit, Unit) and is_plain(tuple(unit)) for unit in units)


def global_names_by_the_compiler(table):
    in_module = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (in_module or symbol.is_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from global_names_by_the_compiler(inner)


@pytest.mark.parametrize(
    "name", ["argparse", "ast", "calendar", "dataclasses", "enum", "inspect", "typing", "zipfile"]
)
def test_the_names_that_are_global_are_those_that_the_compiler_finds(name):
    source = Path(importlib.util.find_spec(name).origin).read_text()
    references = [r for unit in summarise(source.encode()) for r in unit.references]
    certain = {r.chain.partition(".")[0] for r in references if not r.base and r.how & CERTAIN}
    by_the_compiler = set(global_names_by_the_compiler(symtable.symtable(source, name, "exec")))
    by_the_compiler -= {*names_inlined(ast.parse(source))} - certain
    # The compiler does not count the target of `__all__ += [...]` as a use.
    assert certain - {"__all__"} == by_the_compiler - {"__class__", ".0", "__all__"}


def names_inlined(node):
    """From 3.12 on, the variables of a module's comprehensions are symbols of the module too."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.comprehension):
            yield from (one.id for one in ast.walk(inner.target) if isinstance(one, ast.Name))
        if not isinstance(inner, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from names_inlined(inner)


# One source with the grammar that parsers of Python 3.11 to 3.13 share.
GRAMMAR = Path(__file__).with_name("grammar_sample.txt")
SHARED_DIGEST = "858fecf94a614dd22be9fdf4779b3a6bc0812dc85a21345c3f7ac2a5488f3cf1"


def test_the_normal_form_is_the_same_on_every_supported_python():
    text = normal_form(ast.parse(GRAMMAR.read_text()))
    assert hashlib.sha256(text.encode()).hexdigest() == SHARED_DIGEST


def other_pythons():
    minors = (11, 12, 13)
    found = [shutil.which(f"python3.{minor}") for minor in minors]
    found += [
        next(map(str, Path.home().glob(f".pyenv/versions/3.{m}.*/bin/python3")), None)
        for m in minors
    ]
    return sorted({path for path in found if path and "shims" not in path})


@pytest.mark.parametrize("python", other_pythons())
def test_another_interpreter_and_another_hash_seed_give_the_same_keys(
    python, project_keys, tmp_path
):
    write(tmp_path, PROJECT)
    program = (
        "import sys; from pathlib import Path; from registry.code_identity import CodeIndex\n"
        "found = CodeIndex([Path(sys.argv[1])], python_version='3',\n"
        "    distribution_version=lambda name: {})\n"
        "for name in sys.argv[2:]: print(found.identity(*name.split(':')).digest)\n"
    )
    names = sorted(project_keys)
    done = subprocess.run(
        [python, "-c", program, str(tmp_path), *names],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = index(tmp_path, python_version="3", distribution_version=nothing_installed)
    assert done.stdout.split() == [here.identity(*name.split(":")).digest for name in names]


@pytest.fixture(scope="module")
def flow():
    return CodeIndex([ROOT], packages={"dataflows"})


def flow_definitions(found):
    for path in sorted(found.source_files()):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield module, node.name


def test_nothing_of_this_repository_s_flow_is_opaque(flow):
    opaque = {reason for names in flow_definitions(flow) for reason in flow.identity(*names).opaque}
    assert opaque == set()


def test_the_import_of_this_repository_s_flow_changes_nothing_of_it(flow):
    for module, name in flow_definitions(flow):
        if module.startswith("dataflows.blood_pressure"):
            reached = {label.partition(":")[0] for label in flow.identity(module, name).units}
            assert not {m for m in reached if "sleep" in m or "heart_rate" in m}
