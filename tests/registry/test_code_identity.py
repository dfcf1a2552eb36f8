import ast
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry.code_identity import CodeError, CodeIndex
from registry.code_analysis.normal_form import normal_form
from registry.code_analysis.summary import summarise
from registry.code_analysis.units import Unit
from tests.registry.code_attacks import ATTACKS
from tests.registry.code_edits import EDITS, PROJECT

ROOT = Path(__file__).parents[2]
LIBRARIES = {"tables": "1.0", "arrays": "2.0", "checks": "3.0", "pandas": "3.0"}


def versions(name):
    return {f"{name}-distribution": LIBRARIES.get(name, "missing")}


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
def test_a_comment_moves_no_key_even_there(attack, tmp_path):
    if any("doc" in text or "inspect" in text or "co_" in text for text in attack.files.values()):
        return
    files = {f"{name.replace('.', '/')}.py": text for name, text in attack.files.items()}
    commented = {name: f"# a comment\n{text}\n\n# another\n" for name, text in files.items()}
    assert keys(tmp_path / "before", files) == keys(tmp_path / "after", commented)
