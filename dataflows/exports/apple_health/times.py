"""Apple Health's times: `2024-01-01 01:01:36 +0100`, a million at once.

The instant is certain. The offset is not that of the place where something was measured but that of
the phone when the export was made, so it is used up here and not recorded.

Source: the shape as in formats.md, section 4; the offset as a published export shows it, which
writes Amsterdam's January at +0200.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.exports import cells

_SHAPE: Final = b"0000-00-00 00:00:00 +0000"
_DIGITS: Final = np.array([place for place, sign in enumerate(_SHAPE) if sign == ord("0")])
_SIGNS: Final = np.array([place for place, sign in enumerate(_SHAPE) if sign in b"-: "])
_OFFSET_SIGN: Final = _SHAPE.index(b"+")
_NOTHING: Final = b"?" * len(_SHAPE)
_FURTHEST_OFFSET_MINUTES: Final = 14 * 60


def instants(texts: Sequence[bytes]) -> NDArray[np.int64]:
    """Times as microseconds since 1970 UTC; `cells.NO_INSTANT` where a text is none."""
    alike = [text if len(text) == len(_SHAPE) else _NOTHING for text in texts]
    signs = np.frombuffer(b"".join(alike), np.uint8).reshape(-1, len(_SHAPE))
    digits = signs[:, _DIGITS].astype(np.int16) - ord("0")
    year = digits[:, 0].astype(np.int64) * 1000 + digits[:, 1] * 100 + _pair(digits, 2)
    month, day, hour, minute, second = (_pair(digits, place) for place in (4, 6, 8, 10, 12))
    months = (year - 1970).astype("M8[Y]").astype("M8[M]") + (month - 1)
    days = months.astype("M8[D]") + (day - 1)
    offset = _pair(digits, 14) * 60 + _pair(digits, 16)
    right = (
        ((digits >= 0) & (digits <= 9)).all(axis=1)  # noqa: PLR2004  a digit
        & (signs[:, _SIGNS] == np.frombuffer(_SHAPE, np.uint8)[_SIGNS]).all(axis=1)
        & np.isin(signs[:, _OFFSET_SIGN], list(b"+-"))
        & (year > 0)
        & ((month >= 1) & (month <= 12))  # noqa: PLR2004  a month
        & ((day >= 1) & (days.astype("M8[M]") == months))
        & ((hour < 24) & (minute < 60) & (second < 60))  # noqa: PLR2004  a clock's
        & ((digits[:, 16] < 6) & (offset <= _FURTHEST_OFFSET_MINUTES))  # noqa: PLR2004
    )
    east = np.where(signs[:, _OFFSET_SIGN] == ord("-"), -offset, offset)
    seconds = ((days.astype(np.int64) * 24 + hour) * 60 + minute - east) * 60 + second
    return np.where(right, seconds * cells.SECOND, cells.NO_INSTANT)


def _pair(digits: NDArray[np.int16], place: int) -> NDArray[np.int64]:
    return digits[:, place].astype(np.int64) * 10 + digits[:, place + 1]
