"""Edits of the program's own source: exactly what depends on an edit runs again."""

import os

import pytest


def edit(program, path, before, after):
    file = program.project / path
    text = file.read_text()
    assert before in text, f"{before!r} is not in {path}"
    file.write_text(text.replace(before, after))


def ran(program):
    done = program("--json")
    assert done.exit_code == 0, done.stderr
    return {node["node"] for node in done.json["nodes"] if node["action"] == "ran"}


def test_a_copy_of_the_program_reuses_the_results_of_another_folder(copied_project):
    assert ran(copied_project) == set()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("dataflows/clinical.py", "from dataclasses", "# a remark\nfrom dataclasses"),
        ("dataflows/clinical.py", "SYSTOLIC_HARD_MMHG: Final = Limits(50, 300)",
         "SYSTOLIC_HARD_MMHG: Final = Limits(\n    50,\n    300,\n)"),
        ("dataflows/clinical.py", "The lowest and the highest value", "The least and greatest"),
    ],
    ids=["a comment", "formatting", "a docstring"],
)  # fmt: skip
def test_an_edit_that_changes_nothing_reruns_nothing(copied_project, path, before, after):
    edit(copied_project, path, before, after)
    assert ran(copied_project) == set()


def test_touching_every_file_reruns_nothing(copied_project):
    for path in [*copied_project.project.rglob("*.py"), *copied_project.home.rglob("content")]:
        os.utime(path, (1, 1))
    assert ran(copied_project) == set()


def test_an_edit_of_the_adapters_reruns_nothing(copied_project):
    edit(
        copied_project,
        "adapters/running/view_files.py",
        "_STAMPS: Final",
        "_UNUSED: Final = 1\n_STAMPS: Final",
    )
    assert ran(copied_project) == set()


def test_an_edited_limit_reruns_what_depends_on_it_and_says_so(copied_project):
    edit(copied_project, "dataflows/clinical.py", "Limits(50, 300)", "Limits(50, 290)")
    nodes = {node["node"]: node for node in copied_project("--json").json["nodes"]}
    checked = nodes["blood_pressure_checked"]
    assert checked["action"] == "ran"
    assert "SYSTOLIC_HARD_MMHG changed" in checked["reason"]
    assert nodes["parsed_export"]["action"] == nodes["sleep_resolved"]["action"] == "reused"
    assert nodes["heart_rate_year_resolved"]["action"] == "reused"
