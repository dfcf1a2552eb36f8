"""The demo person's blood pressure log: a sheet kept by hand, with what hands do to a sheet.

The person writes down the clock on the wall, also on the trip: people do, and the sheet has no
column for a zone. Those readings are therefore read as home time: their date and whether they are
of the morning stay right, their instant is six hours off.
"""

from typing import Final

from adapters.sources.demo.life.calendar import (
    MINUTES_OF_DAY,
    clock_text,
    date_of,
)
from adapters.sources.demo.life.draws import Draws
from adapters.sources.demo.life.person import Person
from adapters.sources.demo.life.pressure import Reading
from adapters.sources.demo.sheet import DAMAGE, DUPLICATE, Extra, Planted, Sheet

LOG_NAME: Final = "blood-pressure-log.csv"
_HEADER: Final = "Date,Time,Systolic,Diastolic,Pulse,Note"
_SIGNAL: Final = "blood_pressure"
_FULL_WIDTH: Final = str.maketrans(
    "0123456789", "".join(chr(0xFF10 + digit) for digit in range(10))
)
_HALF_PAST_TWO: Final = 150
_SLIP_OF: Final = {
    45: "times_ten",
    130: "swapped",
    215: "letter",
    290: "no_diastolic",
    400: "times_ten",
}
_COPIED: Final = (120, 333)


def log(person: Person, seed: int) -> tuple[str, bytes, list[Planted]]:
    """Name and bytes of the log, and what is planted in it."""
    sheet = Sheet(LOG_NAME, [_HEADER])
    draws = Draws(seed, "log")
    nights = _clock_change_nights(person)
    for number, reading in enumerate(person.readings):
        while nights and nights[0][0] < reading.local:
            _write_night(sheet, *nights.pop(0))
        if number % 60 == 59:  # noqa: PLR2004 - a line left blank now and then
            sheet.lines.append("" if number % 120 == 59 else ",,,,,")  # noqa: PLR2004
        _write(sheet, number, reading, draws)
    sheet.lines += _averages(person)
    return LOG_NAME, sheet.content(line_end="\r\n"), sheet.planted


def _clock_change_nights(person: Person) -> list[tuple[int, bool]]:
    """Half past two of the nights in which the clocks change, and whether it never was."""
    clock = person.clock
    changes = zip(clock.starts[1:], clock.offsets, clock.offsets[1:], strict=False)
    nights = []
    for start, before, after in changes:
        midnight = (start + before) // MINUTES_OF_DAY * MINUTES_OF_DAY
        if abs(after - before) == 60:  # noqa: PLR2004 - an hour; the trip moves it by six
            nights.append((midnight + _HALF_PAST_TWO, after > before))
    return nights


def _averages(person: Person) -> list[str]:
    """What stands under the table of a tidy person: no reading, though it looks like one."""
    count = len(person.readings)
    if not count:
        return []
    systolic = sum(reading.systolic for reading in person.readings) // count
    diastolic = sum(reading.diastolic for reading in person.readings) // count
    return [",,,,,", f"Average,,{systolic},{diastolic},,"]


def _write_night(sheet: Sheet, local: int, never_was: bool) -> None:  # noqa: FBT001
    when = f"{date_of(local // MINUTES_OF_DAY)},{clock_text(local)}"
    if never_was:
        line = f"{when},139,86,66,awake; clock of the cuff not changed yet"
        sheet.plant(Extra(line, _SIGNAL, DAMAGE, "nonexistent_local_time"))
    else:
        sheet.lines.append(f"{when},141,87,67,could not sleep")


def _write(sheet: Sheet, number: int, reading: Reading, draws: Draws) -> None:
    date = date_of(reading.local // MINUTES_OF_DAY)
    time = _time_cell(number, reading)
    pulse = "" if draws.chance(3) else str(reading.pulse)
    end = f"{pulse},{reading.note}"
    slip = _slip(number, reading)
    if slip is not None:
        pressure, check = slip
        sheet.plant(Extra(f"{date},{time},{pressure},{end}", _SIGNAL, DAMAGE, check))
        return
    sheet.lines.append(f"{date},{time},{_pressure_cells(number, reading)},{end}")
    if number in _COPIED:
        sheet.plant(Extra(sheet.lines[-1], _SIGNAL, DUPLICATE))


def _time_cell(number: int, reading: Reading) -> str:
    """The time; now and then on a twelve-hour clock."""
    if number % 89 != 21:  # noqa: PLR2004 - any row
        return clock_text(reading.local)
    hour, minute = divmod(reading.local % MINUTES_OF_DAY, 60)
    return f"{(hour + 11) % 12 + 1}:{minute:02d} {'PM' if hour >= 12 else 'AM'}"  # noqa: PLR2004


def _pressure_cells(number: int, reading: Reading) -> str:
    """Two cells; now and then both numbers in one, in kPa, or in full-width digits."""
    systolic, diastolic = str(reading.systolic), str(reading.diastolic)
    if number % 97 == 13:  # noqa: PLR2004 - any row
        return f"{systolic}/{diastolic},"
    if number % 131 == 50:  # noqa: PLR2004 - any row
        return f"{_kilopascal(reading.systolic)},{_kilopascal(reading.diastolic)}"
    if number % 211 == 100:  # noqa: PLR2004 - any row
        return f"{systolic.translate(_FULL_WIDTH)},{diastolic.translate(_FULL_WIDTH)}"
    return f"{systolic},{diastolic}"


def _kilopascal(mmhg: int) -> str:
    """A pressure in kPa with a decimal comma (1 kPa = 7.50062 mmHg)."""
    tenths = (mmhg * 1_000_000 + 375_031) // 750_062
    return f'"{tenths // 10},{tenths % 10}"'


def _slip(number: int, reading: Reading) -> tuple[str, str] | None:
    """What a slip of the hand made of the two cells, and the code it is rejected with."""
    systolic, diastolic = reading.systolic, reading.diastolic
    slips = {
        "times_ten": (f"{systolic * 10},{diastolic}", "out_of_range"),
        "swapped": (f"{diastolic},{systolic}", "swapped_columns"),
        "letter": (f"{systolic // 10}o,{diastolic}", "not_a_number"),
        "no_diastolic": (f"{systolic},", "missing_value"),
    }
    return slips.get(_SLIP_OF.get(number, ""))
