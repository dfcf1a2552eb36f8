"""One encoding a value, and never the same for two."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.fingerprint import (
    UnhashableValueError,
    canonical_bytes,
    computation_key,
    fingerprint,
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def typed(value):
    """A value with its types, to compare what `==` holds for equal."""
    if isinstance(value, dict):
        return ("dict", frozenset((key, typed(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", *map(typed, value))
    return (type(value).__name__, repr(value))


@given(plain, plain)
def test_two_values_share_an_encoding_only_if_they_are_the_same(one, other):
    assert (canonical_bytes(one) == canonical_bytes(other)) == (typed(one) == typed(other))


@pytest.mark.parametrize("values", [(1, 1.0, True, "1", b"1", [1], {"1": 1})])
def test_values_that_python_holds_for_equal_differ(values):
    assert len({fingerprint(value) for value in values}) == len(values)


def test_neighbours_do_not_run_together():
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    assert fingerprint([["a"], "b"]) != fingerprint(["a", ["b"]])


def test_the_order_of_a_dict_is_irrelevant_and_that_of_a_list_is_not():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


def test_one_instant_in_two_zones_is_one_value_and_a_wall_time_another():
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=5)))
    assert fingerprint(noon) == fingerprint(there)
    assert fingerprint(noon) != fingerprint(noon.replace(tzinfo=None))
    assert fingerprint(date(2025, 1, 1)) != fingerprint(datetime(2025, 1, 1))  # noqa: DTZ001


def test_the_encoding_is_the_one_that_older_registries_were_written_with():
    value = {"zone": "Europe/Berlin", "days": [1, 2.5, None, True], "raw": b"\x00"}
    assert fingerprint(value) == "88c75225190e9b6642af4e33eccc4d7b9210b376a193f000ed2f18525353e8f0"


def test_a_value_without_a_canonical_form_is_refused_without_being_shown():
    class Reading:
        def __repr__(self):
            return "canary"

    with pytest.raises(UnhashableValueError, match="Reading") as failure:
        fingerprint({"reading": [Reading()]})
    assert "canary" not in str(failure.value)


def test_every_part_of_a_key_counts():
    parts = {
        "node": "n",
        "codec_version": "1",
        "code": "c",
        "configuration": {"zone": "z"},
        "data": {"table": "t", "tables": ["a", "b"]},
    }
    keys = {computation_key(**parts)}
    for name, other in [
        ("node", "m"),
        ("codec_version", "2"),
        ("code", "d"),
        ("configuration", {"zone": "y"}),
        ("data", {"table": "t", "tables": ["b", "a"]}),
        ("data", {"table": "t", "tables": ["a"]}),
    ]:
        keys.add(computation_key(**{**parts, name: other}))
    assert len(keys) == 7


names = st.text(st.characters(codec="utf-8"), max_size=12)
hashes = st.text("0123456789abcdef", min_size=4, max_size=4)


@given(
    node=names,
    code=hashes,
    configuration=st.dictionaries(names, hashes, max_size=4),
    data=st.dictionaries(names, hashes | st.lists(hashes), max_size=4),
)
def test_a_key_is_the_fingerprint_of_its_parts_as_a_mapping(node, code, configuration, data):
    parts = {"scheme": "1", "node": node, "codec": "1", "code": code}
    assert computation_key(
        node=node, codec_version="1", code=code, configuration=configuration, data=data
    ) == fingerprint({**parts, "configuration": configuration, "data": data})


def test_keys_are_those_that_older_registries_were_written_with():
    key = computation_key(
        node="daily_metrics",
        codec_version="1",
        code="c0de",
        configuration={"zone": fingerprint("Europe/Berlin"), "as_of": fingerprint(None)},
        data={"table": "parquet:ab", "years": ["json:cd", "json:ef"]},
    )
    assert key == "d5fdb4b266a2ecd64085abfd60733d81e0cf9bb49e374d0cf324f2a3ee3cb25e"
