"""Python, numpy and pandas values come back as they were, type by type."""

import math
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.engine.codecs import UnsupportedValueError
from adapters.engine.materializer import Materializer
from registry.database import Database
from registry.store import Computation, Store

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def through(tmp_path):
    """A value as the next node would get it: encoded, committed, decoded by another process."""
    store = Store(tmp_path, Database(tmp_path / "registry.sqlite"))

    def stored(value):
        encoded = Materializer(store).codecs.encode(value, "node")
        key = uuid.uuid4().hex
        store.commit(Computation(key, "node", "", "", "code", (), 0.0, "run"), encoded)
        return Materializer(store, lazy=False).codecs.decode(encoded.artifact)

    return stored


def same(one, other):
    """Equal, of equal types, in equal order; NaN equals NaN and -0.0 is not 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(same(a, b) for a, b in pairs)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=20)
    | st.dates()
    | st.datetimes(allow_imaginary=False).map(lambda instant: instant.replace(fold=0))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
hashable = scalars.filter(
    lambda value: not (isinstance(value, float) and math.isnan(value))
) | st.tuples(st.integers(), st.text())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.sampled_from(["$table", "$float"]), inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
    ),
    max_leaves=12,
)


@QUICK
@given(values)
def test_plain_values_come_back_with_their_types_and_their_order(through, value):
    assert same(through(value), value)


def test_a_dict_that_looks_like_a_stored_table_is_a_dict(through):
    value = {"$table": "0" * 64, "size": 1, "rows": 2}
    assert through(value) == value


NUMPY = [
    *(np.dtype(name) for name in ("?", "i1", "u2", "i4", "u8", "f2", "f4", "f8")),
    *(np.dtype(name) for name in ("M8[D]", "M8[us]", "m8[s]", ">i4", ">f8", "U5")),
]


@pytest.mark.parametrize("dtype", NUMPY, ids=str)
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 2), ()], ids=str)
def test_numpy_arrays_come_back_with_type_and_shape(through, dtype, shape):
    count = math.prod(shape)
    array = np.arange(count).astype("i8" if dtype.kind in "mM" else dtype).astype(dtype)
    back = through(array.reshape(shape))
    assert back.dtype == dtype
    assert back.shape == shape
    assert np.array_equal(back, array.reshape(shape))
    assert back.flags.writeable


@pytest.mark.parametrize("dtype", NUMPY, ids=str)
def test_numpy_scalars_come_back_as_scalars_of_their_type(through, dtype):
    scalar = np.ones(1, "i8").astype(dtype)[0]
    back = through({"scalar": scalar})["scalar"]
    assert type(back) is type(scalar)
    assert back == scalar


@pytest.mark.parametrize(
    "array",
    [np.array([1j]), np.array([(1, 2)], dtype="i4,i4"), np.ma.array([1], mask=[True])],
    ids=["complex", "structured", "masked"],
)
def test_arrays_without_exact_bytes_are_refused(through, array):
    with pytest.raises(UnsupportedValueError, match=r"node: a value of type .* cannot be stored"):
        through(array)


_days = pd.date_range("2026-01-01", periods=3, freq="D")
COLUMNS = {
    "int": pd.Series([1, 2, 3]),
    "nullable int": pd.Series([1, None, 3], dtype="Int64"),
    "nullable bool": pd.Series([True, None, False], dtype="boolean"),
    "nullable float": pd.Series([1.5, None, 2.5], dtype="Float32"),
    "float with nan and -0.0": pd.Series([math.nan, -0.0, math.inf]),
    "text": pd.Series(["ä", None, ""]),
    "nullable text": pd.Series(["ä", None, ""], dtype="string"),
    "object text": pd.Series(["a", None, "b"], dtype=object),
    "objects": pd.Series([1, "a", [1, {"b": (2,)}]], dtype=object),
    "naive": pd.Series([_days[0], pd.NaT, _days[2]]),
    "zoned": pd.Series(_days.tz_localize("Europe/Berlin")),
    "nanoseconds": pd.Series(_days.as_unit("ns")),
    "durations": pd.Series(pd.to_timedelta([1, None, 3], unit="s")),
    "periods": pd.Series(pd.period_range("2026-01", periods=3, freq="M")),
    "categories unused, unsorted": pd.Series(
        pd.Categorical(["b", None, "a"], categories=["c", "b", "a"], ordered=True)
    ),
    "int categories": pd.Series(pd.Categorical([3, 1, 3])),
    "arrow": pd.Series([1, None, 3], dtype=pd.ArrowDtype(pa.int32())),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [3, 1, 0])
def test_series_of_every_type_come_back(through, name, rows):
    series = COLUMNS[name].iloc[:rows].rename(("a", 1))
    pd.testing.assert_series_equal(through(series), series, check_exact=True)


def test_a_frame_of_all_of_them_comes_back_and_may_be_changed(through):
    frame = pd.DataFrame(COLUMNS)
    back = through(frame)
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    back.loc[0, "int"] = 7
    back["new"] = 1


INDEXES = {
    "range": pd.RangeIndex(2, 8, 2, name="r"),
    "days": _days.rename("day"),
    "zoned": _days.tz_localize("Europe/Berlin"),
    "text": pd.Index(["a", "b", "a"]),
    "objects": pd.Index([1, "a", None], dtype=object),
    "categories": pd.CategoricalIndex(["a", "b", "a"], categories=["b", "a"], name="c"),
    "periods": pd.period_range("2026-01", periods=3, freq="M"),
    "several": pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("a", 2)], names=["k", None]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_every_index_comes_back_as_rows_and_as_columns(through, name):
    index = INDEXES[name]
    pd.testing.assert_index_equal(through(index), index, exact=True)
    assert getattr(through(index), "freq", None) == getattr(index, "freq", None)
    rows = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    pd.testing.assert_frame_equal(through(rows), rows)
    columns = pd.DataFrame([[1, 2.5, "x"]], columns=index)
    pd.testing.assert_frame_equal(through(columns), columns)


def test_frames_inside_of_dicts_repeated_names_attributes_and_no_columns_come_back(through):
    twice = pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"])
    twice.attrs = {"unit": "bpm"}
    bare = pd.DataFrame(index=[5, 6])
    back = through({"twice": twice, "bare": [bare]})
    pd.testing.assert_frame_equal(back["twice"], twice)
    assert back["twice"].attrs == {"unit": "bpm"}
    pd.testing.assert_frame_equal(back["bare"][0], bare)


def test_pandas_scalars_come_back(through):
    zoned = pd.Timestamp("2026-01-01 12:00", tz="Europe/Berlin")
    for value in (zoned, pd.Timestamp("2026-01-01"), pd.Timedelta("1h")):
        back = through(value)
        assert back == value
        assert (type(back), back.unit) == (type(value), value.unit)
    assert through(zoned).tz == zoned.tz
    assert through([pd.NaT, pd.NA]) == [pd.NaT, pd.NA]


_cells = st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.text(max_size=5)


@QUICK
@given(st.data())
def test_frames_of_any_size_come_back(through, data):
    rows = data.draw(st.integers(0, 6))
    kinds = data.draw(st.lists(st.sampled_from(_cells), max_size=4))
    columns = [data.draw(st.lists(kind, min_size=rows, max_size=rows)) for kind in kinds]
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(rows))
    pd.testing.assert_frame_equal(through(frame), frame, check_exact=True)


def test_an_equal_frame_has_equal_bytes_wherever_it_was_made(tmp_path):
    codecs = Materializer(Store(tmp_path, Database(tmp_path / "registry.sqlite"))).codecs
    one = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    other = pd.concat([one.iloc[:1], one.iloc[1:]])
    other.index = pd.RangeIndex(3)
    assert codecs.encode(one, "n").artifact == codecs.encode(other, "n").artifact


def test_a_subclass_of_a_frame_is_refused_rather_than_flattened(through):
    class Special(pd.DataFrame):
        pass

    with pytest.raises(UnsupportedValueError, match=r"type .*Special cannot be stored"):
        through(Special({"a": [1]}))
