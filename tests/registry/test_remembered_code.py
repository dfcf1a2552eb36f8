"""What is remembered of code is used only while nothing it rests on has moved."""

import json

import pytest

from registry.code_identity import CodeIndex
from registry.remembered_code import FILE_NAME, RememberedCode


@pytest.fixture
def project(tmp_path):
    (tmp_path / "flow.py").write_text("LIMIT = 1\n\n\ndef node():\n    return LIMIT\n")
    return tmp_path


def remembered(project):
    return RememberedCode(CodeIndex([project]), project, project / "memory")


def plant(project, digest):
    """Change what is remembered, to see whether it is used."""
    path = project / "memory" / FILE_NAME
    document = json.loads(path.read_bytes())
    document["identities"]["flow:node"]["digest"] = digest
    path.write_text(json.dumps(document))


def test_the_answer_is_that_of_the_index(project):
    code = remembered(project)
    assert code.identity("flow", "node") == CodeIndex([project]).identity("flow", "node")
    assert code.source_files() == CodeIndex([project]).source_files()


def test_a_second_process_uses_what_the_first_one_worked_out(project):
    first = remembered(project)
    first.identity("flow", "node")
    first.keep()
    plant(project, "planted")
    assert remembered(project).identity("flow", "node").digest == "planted"


def test_an_edit_of_any_source_file_forgets_everything(project):
    first = remembered(project)
    first.identity("flow", "node")
    first.keep()
    plant(project, "planted")
    (project / "flow.py").write_text("LIMIT = 2\n\n\ndef node():\n    return LIMIT\n")
    now = remembered(project).identity("flow", "node")
    assert now == CodeIndex([project]).identity("flow", "node")


def test_another_installed_distribution_forgets_everything(project, tmp_path, monkeypatch):
    first = remembered(project)
    first.identity("flow", "node")
    first.keep()
    plant(project, "planted")
    (tmp_path / "site" / "new-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert remembered(project).identity("flow", "node").digest != "planted"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"basis": 1}', b"\xff"])
def test_a_spoilt_memory_is_no_memory(project, content):
    first = remembered(project)
    expected = first.identity("flow", "node")
    first.keep()
    (project / "memory" / FILE_NAME).write_bytes(content)
    assert remembered(project).identity("flow", "node") == expected


def test_where_nothing_can_be_kept_everything_is_worked_out(project):
    (project / "memory").write_text("a file, not a folder")
    code = remembered(project)
    code.identity("flow", "node")
    code.keep()
    assert remembered(project).identity("flow", "node") == code.identity("flow", "node")
