"""What a number is shown as in a workbook: a date, a time of day, both, or a number."""

import re
from typing import Final, Literal

Kind = Literal["date", "time", "moment"]

# Source: ECMA-376 part 1, 18.8.30, with those of East Asian languages; 71 to 81 are Thai.
_BUILT_IN: Final[dict[int, Kind]] = {
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58), "date"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), *range(45, 48), 55, 56), "time"),
    **dict.fromkeys((*range(71, 75), 81), "date"),
    **dict.fromkeys((75, 76, 78, 79, 80), "time"),
    22: "moment",
    77: "moment",
}
# Quoted and escaped letters, fillers, and what stands in brackets unless it is hours, minutes or
# seconds that run on: a colour, a condition, a language.
_NO_CODE: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_TIME: Final = re.compile(r"[hs]|am/pm|a/p|上午/下午", re.IGNORECASE)
# An m alone is a month; beside hours or seconds it is minutes.
_DATE: Final = re.compile(r"[ydeg]|m{3,}|b{2}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"general|[0#?]", re.IGNORECASE)


def kind_of(number: int, code: str | None) -> Kind | None:
    """What a number format shows; None for a number.

    Args:
        number: The format's.
        code: Its code, if the workbook defines it.
    """
    if code is None:
        return _BUILT_IN.get(number)
    plain = _NO_CODE.sub("", code.split(";")[0])
    has_time, has_date = bool(_TIME.search(plain)), bool(_DATE.search(plain))
    if not has_time and _NUMBER.search(plain):
        return None
    if has_date:
        return "moment" if has_time else "date"
    if has_time:
        return "time"
    return "date" if "m" in plain.lower() else None
