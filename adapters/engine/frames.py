"""pandas and numpy values <-> one table and a small document, exactly.

Columns as long as the value go into the table, what is shorter (names, categories, levels) into the
document. Every value is put together again before it is accepted, and has to equal what was given:
index, names, types, frequencies, order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

_PLAIN_KINDS: Final = "biuf"
_LARGEST_FLOAT: Final = 8
_SCALARS: Final = (pd.Timestamp, pd.Timedelta)

Document = Callable[[object, str], Any]
Opened = Callable[[Any], Any]


class InexactError(Exception):
    """A part of a value has no exact bytes; carries the part."""

    def __init__(self, part: object) -> None:
        self.part = part
        super().__init__(type(part).__qualname__)


def taken_apart(value: Any, document: Document, opened: Opened) -> dict[str, Any]:
    """The document of a value; what is large in it is handed to `document` as one table.

    Args:
        value: The value.
        document: Gives the document of a part.
        opened: Gives the value of a document.

    Raises:
        InexactError: The value, or a part of it, cannot be given back as it is.
    """
    if isinstance(value, np.generic):
        return {"$scalar": _scalar(value, document)}
    if value is pd.NA or value is pd.NaT:
        return {"$missing": str(value)}
    if isinstance(value, _SCALARS):
        return {"$instant": _Apart(-1, document).column(pd.array([value]))}
    if type(value) is np.ndarray:
        apart = _Apart(-1, document)
        return {"$array": apart.whole(_array(value, apart))}
    if type(value) not in {pd.DataFrame, pd.Series} and not isinstance(value, pd.Index):
        raise InexactError(value)
    mark, parts = _pandas(value, apart := _Apart(len(value), document))
    whole = {mark: apart.whole(parts)}
    _check(value, _pandas_back(mark, parts, _Together(None, opened, apart.arrays)))
    return whole


def put_together(mark: str, parts: Any, opened: Opened) -> Any:
    """The value of a document."""
    match mark:
        case "$scalar":
            return _scalar_back(parts[0], parts[1], opened)
        case "$missing":
            return pd.NA if parts == str(pd.NA) else pd.NaT
        case "$instant":
            return _Together(None, opened).column(parts)[0]
        case "$array":
            return _array_back(parts, _Together(parts, opened))
        case _:
            return _pandas_back(mark, parts, _Together(parts, opened))


# -- numpy ---------------------------------------------------------------------------------------


def _scalar(value: np.generic, document: Document) -> list[Any]:
    kind = value.dtype.kind
    if kind in "mM":
        return [value.dtype.str, int(value.astype("i8"))]
    if kind in "biufU" and (kind != "f" or value.dtype.itemsize <= _LARGEST_FLOAT):
        return [value.dtype.str, document(value.item(), "")]
    raise InexactError(value)


def _scalar_back(dtype: str, parts: Any, opened: Opened) -> Any:
    if np.dtype(dtype).kind in "mM":
        return np.int64(parts).view(dtype)
    return np.dtype(dtype).type(opened(parts))


def _array(value: np.ndarray, apart: "_Apart") -> dict[str, Any]:
    flat = value.reshape(-1)
    apart.length = len(flat)
    shape = {"dtype": value.dtype.str, "shape": list(value.shape)}
    kind = value.dtype.kind
    if kind in "mM":
        native = flat.astype(flat.dtype.newbyteorder("="))
        return {**shape, "data": apart.arrow(pa.array(native.view("i8")))}
    if kind in _PLAIN_KINDS and (kind != "f" or value.dtype.itemsize <= _LARGEST_FLOAT):
        native = flat.astype(flat.dtype.newbyteorder("="))
        return {**shape, "data": apart.arrow(pa.array(native, from_pandas=False))}
    if kind in "OU":
        return {**shape, "objects": apart.objects(flat.tolist())}
    raise InexactError(value)


def _array_back(parts: Any, together: "_Together") -> np.ndarray:
    dtype = np.dtype(parts["dtype"])
    if "objects" in parts:
        flat = _object_array(together.objects(parts["objects"])).astype(dtype)
    else:
        flat = together.arrow(parts["data"]).to_numpy(zero_copy_only=False)
        flat = flat.view(dtype.newbyteorder("=")) if dtype.kind in "mM" else flat
    return np.array(flat, dtype=dtype).reshape(parts["shape"])


def _object_array(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


# -- pandas --------------------------------------------------------------------------------------


def _pandas(value: Any, apart: "_Apart") -> tuple[str, dict[str, Any]]:
    if isinstance(value, pd.Index):
        return "$index", {"index": apart.index(value)}
    parts = {"index": apart.index(value.index), "attrs": apart.document(dict(value.attrs), "attrs")}
    if isinstance(value, pd.Series):
        column = apart.column(value.array)
        return "$series", {**parts, "data": column, "name": apart.document(value.name, "name")}
    columns = [apart.column(value.iloc[:, place].array) for place in range(value.shape[1])]
    names = _Apart(-1, apart.document).index(value.columns)
    return "$frame", {**parts, "columns": names, "data": columns}


def _pandas_back(mark: str, parts: Any, together: "_Together") -> Any:
    index = together.index(parts["index"])
    if mark == "$index":
        return index
    if mark == "$series":
        name = together.opened(parts["name"])
        made: Any = _series(together.column(parts["data"]), index, name)
    else:
        columns = {
            place: _series(together.column(column), index)
            for place, column in enumerate(parts["data"])
        }
        made = pd.DataFrame(columns, index=index)
        made.columns = together.index(parts["columns"])
    made.attrs = dict(together.opened(parts["attrs"]))
    return made


def _series(array: Any, index: pd.Index, name: Any = None) -> "pd.Series[Any]":
    series: pd.Series[Any] = pd.Series(array, index=index, name=name, dtype=array.dtype, copy=False)
    return series


def _check(value: Any, back: Any) -> None:
    try:
        if isinstance(value, pd.Index):
            pd.testing.assert_index_equal(value, back, exact=True)
            return
        pd.testing.assert_index_equal(value.index, back.index, exact=True)
        if isinstance(value, pd.Series):
            _check_column(value, back)
            return
        pd.testing.assert_index_equal(value.columns, back.columns, exact=True)
        for place in range(value.shape[1]):
            _check_column(value.iloc[:, place], back.iloc[:, place])
    except (AssertionError, ValueError):
        raise InexactError(value) from None


def _check_column(value: "pd.Series[Any]", back: "pd.Series[Any]") -> None:
    if value.dtype == object and back.dtype == object:
        return  # its items have documents of their own
    pd.testing.assert_series_equal(value, back, check_exact=True, check_index=False)


@dataclass
class _Apart:
    """Takes values apart: arrays of the value's own length are gathered for one table."""

    length: int
    document: Document
    arrays: list[pa.Array] = field(default_factory=list)

    def whole(self, parts: dict[str, Any]) -> dict[str, Any]:
        """The parts, with the table that they refer to."""
        if not self.arrays:
            return parts
        names = [str(place) for place in range(len(self.arrays))]
        return {"table": self.document(pa.table(self.arrays, names=names), "table"), **parts}

    def arrow(self, array: pa.Array) -> Any:
        array = _one(array)
        if len(array) == self.length:
            self.arrays.append(array)
            return len(self.arrays) - 1
        values = [self.document(value, "") for value in array.to_pylist()]
        return {"type": str(array.type), "values": values}

    def objects(self, values: Sequence[Any]) -> list[Any]:
        return [self.document(value, f"[{place}]") for place, value in enumerate(values)]

    def column(self, array: Any) -> dict[str, Any]:
        """The document of a column's values."""
        if isinstance(array, pd.arrays.NumpyExtensionArray):
            array = array.to_numpy()
        dtype = array.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            categories = _Apart(-1, self.document).index(dtype.categories)
            codes = self.arrow(pa.array(array.codes))
            return {"codes": codes, "categories": categories, "ordered": bool(dtype.ordered)}
        if isinstance(dtype, np.dtype) and dtype.kind == "O":
            return {"objects": self.objects(array.tolist())}
        if hasattr(array, "asi8"):
            return {"instants": self.arrow(pa.array(array.asi8)), "dtype": str(dtype)}
        if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN_KINDS:
            values = pa.array(array, from_pandas=False)
            return {"numbers": self.arrow(values), "dtype": dtype.str}
        return {"extended": self.arrow(pa.array(array)), "dtype": _name_of(dtype)}

    def index(self, index: pd.Index) -> dict[str, Any]:
        """The document of an index."""
        if isinstance(index, pd.RangeIndex):
            name = self.document(index.name, "name")
            return {"range": [index.start, index.stop, index.step], "name": name}
        if isinstance(index, pd.MultiIndex):
            return {
                "levels": [_Apart(-1, self.document).index(level) for level in index.levels],
                "codes": [self.arrow(pa.array(codes)) for codes in index.codes],
                "names": [self.document(name, "name") for name in index.names],
            }
        frequency = getattr(index, "freq", None)
        return {
            "column": self.column(index.array),
            "name": self.document(index.name, "name"),
            "frequency": None if frequency is None else frequency.freqstr,
        }


class _Together:
    """Puts values together from their documents."""

    def __init__(self, parts: Any, opened: Opened, arrays: Sequence[pa.Array] = ()) -> None:
        self.opened = opened
        self.arrays = arrays
        if parts and "table" in parts:
            self.arrays = [_one(column) for column in opened(parts["table"]).columns]

    def arrow(self, document: Any) -> pa.Array:
        if isinstance(document, int):
            return self.arrays[document]
        values = [self.opened(value) for value in document["values"]]
        return pa.array(values, pa.type_for_alias(document["type"]))

    def objects(self, documents: Sequence[Any]) -> list[Any]:
        return [self.opened(document) for document in documents]

    def column(self, document: Any) -> Any:
        """A column's values."""
        if "codes" in document:
            dtype = pd.CategoricalDtype(self.index(document["categories"]), document["ordered"])
            return pd.Categorical.from_codes(self._numbers(document["codes"]), dtype=dtype)
        if "objects" in document:
            return _object_array(self.objects(document["objects"]))
        if "instants" in document:
            return _instants(self._numbers(document["instants"]), document["dtype"])
        if "numbers" in document:
            return self._numbers(document["numbers"])
        dtype = _dtype_of(document["dtype"])
        return dtype.__from_arrow__(self.arrow(document["extended"]))

    def _numbers(self, document: Any) -> np.ndarray:
        values: np.ndarray = self.arrow(document).to_numpy(zero_copy_only=False)
        return values.copy()  # what is handed out may be written to

    def index(self, document: Any) -> pd.Index:
        """An index."""
        if "range" in document:
            start, stop, step = document["range"]
            return pd.RangeIndex(start, stop, step, name=self.opened(document["name"]))
        if "levels" in document:
            levels: Any = [self.index(level) for level in document["levels"]]
            codes: Any = [self._numbers(found) for found in document["codes"]]
            names = [self.opened(name) for name in document["names"]]
            return pd.MultiIndex(levels, codes, names=names, verify_integrity=False)
        array = self.column(document["column"])
        index: Any = pd.Index(array, dtype=array.dtype, name=self.opened(document["name"]))
        if document["frequency"] is not None and not isinstance(index, pd.PeriodIndex):
            index.freq = document["frequency"]
        made: pd.Index[Any] = index
        return made


def _one(column: Any) -> pa.Array:
    """A column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 0:
        return pa.array([], column.type)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _instants(numbers: np.ndarray, dtype: str) -> Any:
    """Datetimes, durations or periods of their count of units."""
    found: Any = pd.api.types.pandas_dtype(dtype)
    if isinstance(found, pd.PeriodDtype):
        return pd.arrays.PeriodArray(numbers, dtype=found)
    if isinstance(found, pd.DatetimeTZDtype):
        naive = pd.array(numbers.view(f"M8[{found.unit}]"))
        return naive.tz_localize("UTC").tz_convert(found.tz)
    return pd.array(numbers.view(found))


def _name_of(dtype: Any) -> Any:
    if isinstance(dtype, pd.StringDtype):
        return ["string", dtype.storage, "NA" if dtype.na_value is pd.NA else "nan"]
    if not hasattr(dtype, "__from_arrow__") or _dtype_of(str(dtype)) != dtype:
        raise InexactError(dtype)
    return str(dtype)


def _dtype_of(name: Any) -> Any:
    if isinstance(name, list):
        _, storage, missing = name
        return pd.StringDtype(storage, pd.NA if missing == "NA" else np.nan)
    return pd.api.types.pandas_dtype(name)
