"""The program's settings: one frozen value, from defaults < `.env` < environment.

Every name begins with `PDP_`; `.env.example` describes them. A name that nobody knows is an error,
because a misspelt one would silently change nothing. What changes a number (the home zone, the
guideline) is handed to the dataflow as an input; what only says where stays here.

    SettingsError   a name or a value that cannot be used (exit code 2)
"""

import contextlib
import dataclasses
import difflib
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters import AdapterError
from adapters.google.addresses import folder_id, loopback_address, ranges, spreadsheet_id
from dataflows.day_windows import EVENING, MORNING, Window, window_of
from dataflows.guidelines import DEFAULT_GUIDELINE, GUIDELINES

PREFIX: Final = "PDP_"
DATE_ORDERS: Final = ("YMD", "DMY", "MDY")
_PROFILE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
BIRTH_YEARS: Final = range(1900, 2100)
AS_OF_YEARS: Final = range(2000, 2100)
_ASSIGNMENT: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_DOUBLE_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_SINGLE_QUOTED: Final = re.compile(r"'([^']*)'\s*(?:#.*)?")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


class SettingsError(AdapterError):
    """A setting that cannot be used: which one, where it stands, and what to do.

    Args:
        name: The setting, or the line of the file.
        place: Where it was found.
        problem: What is wrong, and what to do about it.
    """

    exit_code = 2

    def __init__(self, name: str, place: str, problem: str) -> None:
        super().__init__(f"{name} ({place}): {problem}")
        self.name = name
        self.place = place


@dataclass(frozen=True)
class Settings:
    """What the program was told; every field has a `PDP_` name of the same spelling."""

    home: Path = Path("data")
    profile: str | None = None
    time_zone: str | None = None
    date_order: str | None = None
    guideline: str = DEFAULT_GUIDELINE
    morning: Window = MORNING
    evening: Window = EVENING
    birth_year: int | None = None
    name: str = ""
    zip_password_file: Path | None = None
    as_of: datetime | None = None
    remote: str | None = None
    passphrase_file: Path | None = None
    new_passphrase_file: Path | None = None
    identity_file: Path | None = None
    recipients_file: Path | None = None
    google_credentials_file: Path | None = None
    google_sheet: str | None = None
    google_sheet_range: tuple[str, ...] = ()
    drive_folder: str | None = None
    google_endpoint: str | None = None

    @property
    def remote_sources(self) -> tuple[str, ...]:
        """What is asked over the network at each run; empty where there is no such source."""
        sheet = (self.google_sheet, *self.google_sheet_range) if self.google_sheet else ()
        return (*sheet, self.drive_folder) if self.drive_folder else sheet

    @classmethod
    def load(cls, environment: Mapping[str, str], dotenv_path: Path | None = None) -> "Settings":
        """The settings of an environment and of a `.env` file, which need not exist.

        An empty value stands for the default.

        Raises:
            SettingsError: An unknown `PDP_` name, a bad value, or a line nobody can read.
        """
        found = {key: (value, str(dotenv_path)) for key, value in _dotenv(dotenv_path).items()}
        found |= {key: (value, "environment") for key, value in environment.items()}
        ours = {key: found[key] for key in sorted(found) if key.upper().startswith(PREFIX)}
        for name, (_, place) in ours.items():
            _refuse_unknown(name, place)
        home = environment.get("HOME", "")
        settings = cls(
            **{
                _field_of(name): _read(name, value, place, home)
                for name, (value, place) in ours.items()
                if value
            }
        )
        settings._refuse_mixed_windows(ours)
        return settings

    def _refuse_mixed_windows(self, given: Mapping[str, tuple[str, str]]) -> None:
        if self.morning.last < self.evening.first:
            return
        name = "PDP_EVENING" if given.get("PDP_EVENING", ("",))[0] else "PDP_MORNING"
        raise SettingsError(
            name,
            given[name][1],
            f"the evening, {self.evening}, does not begin after the morning, {self.morning}, "
            "ends; set PDP_MORNING and PDP_EVENING so that it does",
        )


def setting_names() -> list[str]:
    """Every name that may be set."""
    return [PREFIX + field.name.upper() for field in dataclasses.fields(Settings)]


def is_time_zone(name: str) -> bool:
    """Whether this is the name of an IANA time zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


def machine_time_zone(environment: Mapping[str, str], etc: Path = Path("/etc")) -> str:
    """The IANA name of the machine's zone: TZ, else the system's setting, else UTC."""
    return next(filter(is_time_zone, _machine_candidates(environment, etc)), "UTC")


def _machine_candidates(environment: Mapping[str, str], etc: Path) -> Iterator[str]:
    yield _below_zoneinfo(environment.get("TZ", "").removeprefix(":"))
    with contextlib.suppress(OSError):
        yield _below_zoneinfo(str((etc / "localtime").readlink()))
    with contextlib.suppress(OSError, ValueError):
        yield (etc / "timezone").read_text("utf-8").strip()


def _below_zoneinfo(path: str) -> str:
    name = path.rpartition("zoneinfo/")[2]
    return name.removeprefix("posix/").removeprefix("right/")


def _field_of(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _refuse_unknown(name: str, place: str) -> None:
    known = setting_names()
    if name in known:
        return
    near = difflib.get_close_matches(name.upper(), known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"the names are {', '.join(known)}"
    raise SettingsError(name, place, f"no such setting; {advice}")


def _read(name: str, value: str, place: str, home: str) -> Any:
    try:
        return _READERS[_field_of(name)](value, home)
    except ValueError as error:
        raise SettingsError(name, place, str(error)) from None


def _path(value: str, home: str) -> Path:
    if "\0" in value:
        raise ValueError("not a path; give the path of a file or folder")
    if home and (value == "~" or value.startswith("~/")):
        value = home + value[1:]
    return Path(value)


def _profile(value: str, _home: str) -> str:
    if not _PROFILE.fullmatch(value):
        raise ValueError(
            f"{value!r} is no name for a profile; use lower-case letters, digits, '-' and '_'"
        )
    return value


def _time_zone(value: str, _home: str) -> str:
    if is_time_zone(value):
        return value
    names = {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
    near = difflib.get_close_matches(value.lower(), names, n=1)
    advice = f"did you mean {names[near[0]]}?" if near else "give a name such as Europe/Berlin"
    raise ValueError(f"{value!r} is no IANA time zone; {advice}")


def _date_order(value: str, _home: str) -> str:
    if value.upper() not in DATE_ORDERS:
        raise ValueError(f"{value!r} is no order of dates; use one of {', '.join(DATE_ORDERS)}")
    return value.upper()


def _guideline(value: str, _home: str) -> str:
    if value in GUIDELINES:
        return value
    near = difflib.get_close_matches(value.lower(), GUIDELINES, n=1)
    advice = f"did you mean {near[0]}?" if near else f"use one of {', '.join(GUIDELINES)}"
    raise ValueError(f"{value!r} is no guideline; {advice}")


def _window(value: str, _home: str) -> Window:
    return window_of(value)


def _birth_year(value: str, _home: str) -> int:
    if re.fullmatch(r"[0-9]{4}", value) and int(value) in BIRTH_YEARS:
        return int(value)
    raise ValueError("this is no year of birth; give its four digits, such as 1960")


def _instant(value: str, _home: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is not None and instant.astimezone(UTC).year in AS_OF_YEARS:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{value!r} is no instant from 2000 to 2099; give date, time and offset, such as "
        "2025-06-30T12:00:00Z"
    )


def _remote(value: str, home: str) -> str:
    scheme, mark, _ = value.partition(":")
    if not mark or "/" in scheme:
        return str(_path(value, home))
    if "@" in value.partition("?")[0]:
        raise ValueError("no name or password belongs here; see .env.example for where they do")
    return value


def _name(value: str, _home: str) -> str:
    return value


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "home": _path,
    "profile": _profile,
    "time_zone": _time_zone,
    "date_order": _date_order,
    "guideline": _guideline,
    "morning": _window,
    "evening": _window,
    "birth_year": _birth_year,
    "name": _name,
    "zip_password_file": _path,
    "as_of": _instant,
    "remote": _remote,
    "passphrase_file": _path,
    "new_passphrase_file": _path,
    "identity_file": _path,
    "recipients_file": _path,
    "google_credentials_file": _path,
    "google_sheet": lambda value, _home: spreadsheet_id(value),
    "google_sheet_range": lambda value, _home: ranges(value),
    "drive_folder": lambda value, _home: folder_id(value),
    "google_endpoint": lambda value, _home: loopback_address(value),
}


def _dotenv(path: Path | None) -> dict[str, str]:
    """The assignments of a `.env` file. A line that is none is refused, and never shown."""
    if path is None:
        return {}
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsError(path.name, str(path), f"cannot be read ({what}); mend it") from None
    values = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            name, value = _assignment(text, number, path)
            values[name] = value
    return values


def _assignment(text: str, number: int, path: Path) -> tuple[str, str]:
    match = _ASSIGNMENT.fullmatch(text)
    value = _unquoted(match[2]) if match else None
    if match is None or value is None:
        raise SettingsError(
            f"line {number}", str(path), "not NAME=VALUE; mend it, or begin it with # to ignore it"
        )
    return match[1], value


def _unquoted(text: str) -> str | None:
    if text.startswith('"'):
        match = _DOUBLE_QUOTED.fullmatch(text)
        return match and re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), match[1])
    if text.startswith("'"):
        match = _SINGLE_QUOTED.fullmatch(text)
        return match and match[1]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
