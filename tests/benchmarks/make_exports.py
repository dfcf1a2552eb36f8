"""Exports of the size that the benchmarks need, the same bytes for the same numbers and seed.

    python tests/benchmarks/make_exports.py FOLDER [--zepp-rows N] [--mi-rows N] [--extra-rows N]
                                            [--extras N] [--seed N]

- `HEARTRATE_AUTO_zepp.csv`: Zepp's minute by minute heart rates on the wall clock of Berlin.
- `MiFitness_hlth_center_fitness_data.csv`: the same in Mi Fitness' JSON inside CSV, in UTC.
- `HEARTRATE_AUTO_extra_<n>.csv`: what a later Zepp export adds: its first tenth repeats the end of
  the one before.

A few rows in a thousand are placeholders, impossible, unreadable, repeated, contradictory, in the
hour that the clocks skip, or in the future.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

TIME_ZONE: Final = "Europe/Berlin"
AS_OF_UTC: Final = "2026-07-01T00:00:00+00:00"
ZEPP: Final = "HEARTRATE_AUTO_zepp.csv"
MI_FITNESS: Final = "MiFitness_hlth_center_fitness_data.csv"
EXTRA: Final = "HEARTRATE_AUTO_extra_{}.csv"
_CHUNK: Final = 250_000
_LAST_MINUTE: Final = int(pd.Timestamp("2026-06-01", tz="UTC").timestamp()) // 60


def heart_rates(minutes: np.ndarray) -> np.ndarray:
    """A day's rhythm, a year's, some exercise, and noise that a minute has in every export."""
    hour = minutes % 1440 / 60
    day = minutes // 1440
    rhythm = 68 - 12 * np.cos((hour - 3) / 24 * 2 * np.pi) + 2 * np.sin(day / 365.25 * 2 * np.pi)
    exercise = np.where((day % 3 == 0) & (hour >= 17) & (hour < 18), 50, 0)
    noise = ((minutes * 2_654_435_761) >> 11) % 17 - 8
    return np.rint(rhythm + exercise + noise).astype(np.int64)


def rows_with_damage(minutes: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """Minutes since 1970 and heart rates as text, with the damage of a real export."""
    rates = heart_rates(minutes)
    chance = random.random(len(minutes))
    rates[chance < 0.002] = 255
    rates[(chance >= 0.002) & (chance < 0.003)] = 0
    rates[(chance >= 0.003) & (chance < 0.0035)] = 14
    rows = pd.DataFrame({"minute": minutes, "rate": rates.astype(str)})
    rows.loc[(chance >= 0.0035) & (chance < 0.0036), "rate"] = "7o"
    again = rows[(chance >= 0.004) & (chance < 0.006)]
    other = rows[(chance >= 0.006) & (chance < 0.0062)].assign(rate="71")
    future = rows.iloc[:3].assign(minute=_LAST_MINUTE + 60 * 24 * 365 + np.arange(3))
    return pd.concat([rows, again, other, future]).sort_values("minute", kind="stable")


def zepp_lines(rows: pd.DataFrame) -> list[str]:
    """Rows of `HEARTRATE_AUTO`; one a year stands in the hour that the clocks skip."""
    wall = pd.to_datetime(rows["minute"] * 60, unit="s", utc=True).dt.tz_convert(TIME_ZONE)
    times = wall.dt.strftime("%Y-%m-%d,%H:%M")
    skips = (wall.dt.month == 3) & (wall.dt.day > 24) & (wall.dt.day_of_week == 6)
    skips &= (wall.dt.hour == 3) & (wall.dt.minute == 30)
    times = times.mask(skips, times.str.replace(",03:30", ",02:30"))
    return (times + "," + rows["rate"] + "\n").to_list()


def mi_fitness_lines(rows: pd.DataFrame, random: np.random.Generator) -> list[str]:
    """Rows of `hlth_center_fitness_data.csv`; few are broken, some come from a second device."""
    seconds = rows["minute"] * 60
    text = seconds.astype(str)
    value = '"{""time"":' + text + ',""bpm"":' + rows["rate"] + ',""type"":0}"'
    chance = random.random(len(rows))
    value = value.mask(chance < 0.0001, '"{""time"":' + text + ',""bpm"":"')
    device = np.where(chance > 0.97, "huami.32093/123456789012", "default")
    key = np.where(chance > 0.999, "single_heart_rate", "heart_rate")
    updated = (seconds + 3_600).astype(str)
    lines = "1234567890," + pd.Series(device, rows.index) + "," + pd.Series(key, rows.index)
    return (lines + "," + text + "," + value + "," + updated + "\n").to_list()


def _write(path: Path, header: str, lines_of: Any, minutes: np.ndarray, seed: int) -> None:
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        for first in range(0, len(minutes), _CHUNK):
            part = minutes[first : first + _CHUNK]
            file.writelines(lines_of(rows_with_damage(part, random)))


def make_exports(
    folder: Path, *, zepp_rows: int, mi_rows: int, extra_rows: int, extras: int, seed: int = 1
) -> None:
    """Write the files that have rows into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if zepp_rows:
        minutes = np.arange(_LAST_MINUTE - zepp_rows, _LAST_MINUTE)
        _write(folder / ZEPP, "\ufeffdate,time,heartRate", zepp_lines, minutes, seed)
    if mi_rows:
        minutes = np.arange(_LAST_MINUTE - mi_rows, _LAST_MINUTE)
        random = np.random.default_rng(seed + 1)
        header = "Uid,Sid,Key,Time,Value,UpdateTime"
        _write(
            folder / MI_FITNESS, header, lambda rows: mi_fitness_lines(rows, random), minutes, seed
        )
    for number in range(extras if extra_rows else 0):
        first = _LAST_MINUTE + number * extra_rows - extra_rows // 10
        name = EXTRA.format(number + 1)
        minutes = np.arange(first, first + extra_rows)
        _write(folder / name, "date,time,heartRate", zepp_lines, minutes, seed + number)


def main() -> None:
    """Make the exports that the arguments ask for."""
    parser = argparse.ArgumentParser(description="Exports for the benchmarks.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--zepp-rows", type=int, default=5_000_000)
    parser.add_argument("--mi-rows", type=int, default=2_000_000)
    parser.add_argument("--extra-rows", type=int, default=5_000)
    parser.add_argument("--extras", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    make_exports(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
