"""Annotations of several files, each once."""

from datetime import date
from itertools import permutations

import pyarrow as pa
import pytest

from dataflows import annotations, records
from dataflows.contracts import ContractError
from dataflows.resolution import EXCLUSIONS

START, END, LATER = date(2025, 10, 4), date(2025, 11, 1), date(2025, 12, 1)


def row(number=2, *, kind="medication", label="ramipril", start=START, end=None, note=None,
        sha256="a"):  # fmt: skip
    return {
        "source": "annotations",
        "raw_sha256": sha256 * 64,
        "raw_row": number,
        "kind": kind,
        "label": label,
        "start_date": start,
        "end_date": end,
        "note": note,
    }


def checked(*rows):
    table = records.table_from_rows(records.PARSED["annotations"], rows)
    return annotations.annotations_checked(table)


def resolved(*files, exclusions=None):
    valid = [checked(*rows)["valid"] for rows in files]
    wishes = EXCLUSIONS.empty_table() if exclusions is None else exclusions
    return annotations.annotations_resolved(valid, wishes)


def kept(result):
    names = ("label", "start_date", "end_date", "note", "flags")
    return [tuple(row[name] for name in names) for row in result["annotations"].to_pylist()]


def shadowed(result):
    names = ("raw_sha256", "raw_row", "kept_raw_sha256", "kept_raw_row", "rule")
    found = result["annotations_shadowed"].to_pylist()
    return [tuple(str(row[name])[:1] if "sha" in name else row[name] for name in names)
            for row in found]  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "column", "check"),
    [
        (row(end=date(2025, 10, 3)), "end_date", "ends_before_start"),
        (row(start=date(25, 10, 4)), "start_date", "out_of_range"),
        (row(end=date(9999, 12, 31)), "end_date", "out_of_range"),
    ],
)
def test_what_cannot_be_true_is_rejected(bad, column, check):
    found = checked(bad, row(3, end=START), row(4, start=date(1900, 1, 1)))
    assert [(r["raw_row"], r["column"], r["check"]) for r in found["rejected"].to_pylist()] == [
        (2, column, check)
    ]
    assert found["valid"]["raw_row"].to_pylist() == [3, 4]


def test_a_file_without_annotations_gives_the_same_columns():
    none = annotations.annotations_checked(records.PARSED["annotations"].empty_table())
    assert none["valid"].schema == checked(row())["valid"].schema
    assert resolved()["annotations"].schema == records.ANNOTATIONS


def test_annotations_stand_in_the_order_of_their_start_and_have_a_name():
    result = resolved([row(start=LATER), row(3, kind="illness", label="flu")])
    assert result["annotations"]["annotation"].to_pylist() == [
        "2025-10-04 illness flu",
        "2025-12-01 medication ramipril",
    ]


def test_a_file_that_was_imported_again_adds_nothing():
    result = resolved([row()], [row(label="Ramipril", sha256="b"), row(3, label="flu")])
    assert [label for label, *_ in kept(result)] == ["flu", "ramipril"]
    assert shadowed(result) == [("b", 2, "a", 2, "same_annotation")]


def test_an_end_that_was_added_later_stands_before_none():
    result = resolved([row()], [row(end=END, sha256="b")])
    assert kept(result) == [("ramipril", START, END, None, None)]
    assert shadowed(result) == [("a", 2, "b", 2, "same_annotation")]


def test_a_note_stands_before_none():
    result = resolved([row(end=END)], [row(end=END, note="stopped", sha256="b")])
    assert kept(result) == [("ramipril", START, END, "stopped", None)]


def test_two_ends_are_a_conflict_which_the_later_one_wins_flagged():
    result = resolved([row(end=END), row(3)], [row(end=LATER, sha256="b")])
    assert kept(result) == [("ramipril", START, LATER, None, "conflicting_values")]
    assert shadowed(result) == [
        ("a", 2, "b", 2, "conflicting_values"),
        ("a", 3, "b", 2, "same_annotation"),
    ]


@pytest.mark.parametrize("other", [{"kind": "note"}, {"label": "ramipril 5"}, {"start": END}])
def test_another_kind_label_or_start_is_another_annotation(other):
    assert len(kept(resolved([row(), row(3, **other)]))) == 2


def test_the_order_of_files_and_rows_does_not_matter():
    rows = [row(), row(3, end=END), row(4, note="x"), row(5, label="flu", sha256="b")]
    results = [resolved(list(order)) for order in permutations(rows)]
    assert all(kept(result) == kept(results[0]) for result in results)


def test_an_excluded_row_is_withdrawn_and_the_other_stands():
    wish = pa.Table.from_pylist(
        [{"raw_sha256": "b" * 64, "raw_row": 2, "reason": "wrong drug"}], EXCLUSIONS
    )
    result = resolved([row()], [row(end=END, sha256="b")], exclusions=wish)
    assert kept(result) == [("ramipril", START, None, None, None)]
    (gone,) = result["annotations_withdrawn"].to_pylist()
    assert (gone["check"], gone["reason"]) == ("excluded_by_owner", "wrong drug")


def test_a_kind_that_no_parser_gives_is_an_error_of_the_program():
    with pytest.raises(ContractError, match=r"annotations_checked.kind"):
        checked(row(kind="surgery"))
