"""Whether this machine can run the pipeline: one line a check, with what to do about it."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from adapters.profile import Profile
from adapters.settings import Settings, machine_time_zone
from registry import RegistryError
from registry.objects import WriteError, make_folder, write_pending

_OLDEST_PYTHON: Final = (3, 11)
_OLDEST_SQLITE: Final = (3, 35)
_LEAST_FREE_BYTES: Final = 1 << 30
_PACKAGES: Final = (
    "apache-hamilton",
    "pandas",
    "pandera",
    "pyarrow",
    "duckdb",
    "rich",
    "pyzipper",
    "pyrage",
)


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is fine, and what was found."""

    check: str
    is_fine: bool
    found: str


def examine(settings: Settings, profile: Profile) -> list[Finding]:
    """Every check, in order."""
    return list(_findings(settings, profile))


def _findings(settings: Settings, profile: Profile) -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= _OLDEST_PYTHON, f"{python} (3.11 or newer)")
    yield Finding("SQLite", sqlite3.sqlite_version_info >= _OLDEST_SQLITE, sqlite3.sqlite_version)
    yield from map(_package, _PACKAGES)
    yield _home(profile)
    yield _free_space(profile)
    yield _registry(profile)
    yield _time_zone(settings)
    yield _password_file(settings)
    yield from _google(settings)
    yield from _remote(settings, profile)


def _google(settings: Settings) -> Iterator[Finding]:
    from adapters.terminal.google_doctor import google_findings  # noqa: PLC0415 - it imports ours

    yield from google_findings(settings)


def _remote(settings: Settings, profile: Profile) -> Iterator[Finding]:
    from adapters.terminal.remote_doctor import remote_findings  # noqa: PLC0415 - it imports ours

    yield from remote_findings(settings, profile)


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))  # noqa: FBT003 - the field says what it is
    except PackageNotFoundError:
        return Finding(name, False, "missing; install the project again")  # noqa: FBT003


def _home(profile: Profile) -> Finding:
    try:
        make_folder(profile.folder)
        write_pending(profile.folder, [b"probe"], mode=0o600).discard()
    except (OSError, WriteError) as error:
        return Finding("home", is_fine=False, found=f"{error}; name another with PDP_HOME")
    return Finding("home", is_fine=True, found=f"{profile.folder} can be written durably")


def _existing(path: Path) -> Path:
    return path if path.exists() or path == path.parent else _existing(path.parent)


def _free_space(profile: Profile) -> Finding:
    free = shutil.disk_usage(_existing(profile.folder.absolute())).free
    return Finding("free space", free >= _LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB")


def _registry(profile: Profile) -> Finding:
    if not profile.exists:
        return Finding("registry", is_fine=True, found="none yet; the first run makes it")
    try:
        rows = profile.database.rows("PRAGMA quick_check")
    except RegistryError as error:
        return Finding("registry", is_fine=False, found=str(error))
    verdict = "; ".join(str(row[0]) for row in rows)
    return Finding("registry", verdict == "ok", verdict)


def _time_zone(settings: Settings) -> Finding:
    if settings.time_zone:
        return Finding("home zone", is_fine=True, found=f"{settings.time_zone} (configured)")
    zone = machine_time_zone(os.environ)
    return Finding(
        "home zone", is_fine=True, found=f"{zone} (the machine's; set PDP_TIME_ZONE if it is wrong)"
    )


def _password_file(settings: Settings) -> Finding:
    path = settings.zip_password_file
    if path is None:
        return Finding("zip passwords", is_fine=True, found="none (PDP_ZIP_PASSWORD_FILE is unset)")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Finding("zip passwords", is_fine=False, found=f"{path}: {error.strerror}")
    if mode & 0o077:
        return Finding(
            "zip passwords", is_fine=False, found=f"{path} is readable by others: chmod 600 it"
        )
    return Finding("zip passwords", is_fine=True, found=str(path))
