"""Dictionary-encoded text by its codes: millions of rows without a text for each of them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def codes_of(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """One code for each row, -1 for null, and the texts they stand for.

    Chunks may have dictionaries of their own; the codes returned share one.
    """
    column = column.unify_dictionaries()
    if not column.num_chunks:
        return np.zeros(0, np.int32), []
    codes = [_codes(chunk) for chunk in column.chunks]
    texts: list[str] = column.chunk(0).dictionary.to_pylist()
    return codes[0] if len(codes) == 1 else np.concatenate(codes), texts


def _codes(chunk: pa.DictionaryArray) -> NDArray[np.int32]:
    indices = chunk.indices
    if indices.null_count:
        indices = pc.fill_null(indices, -1)
    return np.asarray(indices.to_numpy(zero_copy_only=False), np.int32)


def ranks_of(column: pa.ChunkedArray) -> NDArray[np.int16]:
    """A number for each row that sorts as its text does; null first, with -1."""
    codes, texts = codes_of(column)
    places = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.array([places[text] for text in texts] + [-1], np.int16)[codes]


def equals(column: pa.ChunkedArray, text: str) -> NDArray[np.bool_]:
    """Whether each row is that text."""
    codes, texts = codes_of(column)
    wanted = [code for code, other in enumerate(texts) if other == text]
    if not wanted:
        return np.zeros(len(codes), np.bool_)
    return codes == wanted[0] if len(wanted) == 1 else np.isin(codes, wanted)
