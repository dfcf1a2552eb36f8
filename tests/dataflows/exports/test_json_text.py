"""JSON in parts: the same elements as at once, or a clear no."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.exports.csv_text import UnusableExportError
from dataflows.exports.json_text import elements, is_json, keys_of

VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('},{[]" :a\\')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a}", max_size=2), inner),
    max_leaves=8,
)


def read(content, part_bytes):
    return [one for part in elements(pa.py_buffer(content), part_bytes) for one in part]


@given(
    st.lists(st.dictionaries(st.text("ab}", max_size=3), VALUES) | VALUES, max_size=8),
    st.integers(0, 60),
    st.sampled_from([None, 1]),
)
def test_parts_hold_the_elements_that_the_whole_file_has(told, part_bytes, indent):
    content = json.dumps(told, indent=indent).encode()
    assert read(content, part_bytes) == told
    assert read(b"\xef\xbb\xbf \n" + content + b"\n", part_bytes) == told


@given(st.lists(st.dictionaries(st.sampled_from("ab"), VALUES, min_size=1), min_size=1), st.data())
def test_a_list_that_is_cut_short_is_refused(told, data):
    content = json.dumps(told).encode()
    length = data.draw(st.integers(1, len(content) - 1))
    with pytest.raises(UnusableExportError, match="cut short"):
        read(content[:length], data.draw(st.integers(0, 60)))


@pytest.mark.parametrize("content", [b"", b"{}", b"1", b"null"])
def test_what_is_no_list_is_refused(content):
    with pytest.raises(UnusableExportError, match="no list"):
        read(content, 10)


def test_how_far_a_damaged_file_was_whole_is_told():
    content = b'[{"a":1},{"a":2},{"a":3},{"a"'
    with pytest.raises(UnusableExportError, match="after row 3"):
        read(content, 0)


def test_a_thousand_brackets_are_damage_and_no_crash():
    with pytest.raises(UnusableExportError, match="cut short"):
        read(b"[" * 100_000, 10)


def test_names_are_those_of_keys():
    assert keys_of(b'[{"a" : {"b":"c"}, "d": [ {"e') == {"a", "b", "d"}
    assert is_json(b"\xef\xbb\xbf\r\n [")
    assert not is_json(b"date,[")
