"""A profile of any number of years with a heart rate each minute, for the dashboard's benchmark."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from make_exports import make_exports

MINUTES_A_DAY: Final = 1440
_PROJECT: Final = Path(__file__).resolve().parents[2]
_END: Final = pd.Timestamp("2026-06-01")


def make_profile(home: Path, name: str, days: int) -> Path:
    """Import and run exports of so many days; nothing is done when they are published already."""
    folder = home / name
    if not (folder / "head").is_file():
        exports = home / f"{name}-exports"
        make_exports(exports, zepp_rows=days * MINUTES_A_DAY, mi_rows=0, extra_rows=0, extras=0)
        (exports / "blood-pressure-log.csv").write_text(_log(days), "utf-8")
        (exports / "SLEEP_zepp.csv").write_text(_nights(days), "utf-8")
        for arguments in (["import", str(exports)], ["run", "--quiet"]):
            command = [sys.executable, "cli.py", "--home", str(home), "--profile", name]
            subprocess.run([*command, *arguments], cwd=_PROJECT, check=True, timeout=1200)
    return folder


def _log(days: int) -> str:
    """Two readings each morning and each evening, with a gap each tenth day."""
    random = np.random.default_rng(1)
    lines = ["date,time,systolic,diastolic,pulse"]
    for day in pd.date_range(end=_END, periods=days):
        if day.day % 10 == 0:
            continue
        for clock, plus in (("07:10", 4), ("07:12", 2), ("20:40", 0), ("20:42", -1)):
            systolic = round(131 + plus + random.normal(0, 6))
            lines.append(f"{day:%Y-%m-%d},{clock},{systolic},{systolic - 50},66")
    return "\n".join(lines) + "\n"


def _nights(days: int) -> str:
    """A night before each day, in Zepp's minutes."""
    random = np.random.default_rng(2)
    lines = ["date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime"]
    for day in pd.date_range(end=_END, periods=days):
        deep, light, rem, awake = (
            int(random.integers(low, high))
            for low, high in ((70, 110), (220, 280), (70, 110), (3, 25))
        )
        start = day - pd.Timedelta(minutes=60 + int(random.integers(0, 60)))
        stop = start + pd.Timedelta(minutes=deep + light + rem + awake)
        lines.append(
            f"{day:%Y-%m-%d},{deep},{light},{awake},{start:%Y-%m-%d %H:%M:%S}+0000,"
            f"{stop:%Y-%m-%d %H:%M:%S}+0000,{rem}"
        )
    return "\n".join(lines) + "\n"
