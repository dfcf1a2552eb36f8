"""What one would write without a pipeline: heart rates of an export to daily metrics, in pandas.

    python tests/benchmarks/baseline.py EXPORT... --output FOLDER [--time-zone NAME] [--as-of TIME]

An export is a CSV file, or a folder that holds such files: Zepp's `HEARTRATE_AUTO` or Mi Fitness'
`hlth_center_fitness_data`. It writes daily_metrics.csv, heart_rate_samples.parquet,
rejected_rows.csv and shadowed_rows.csv. There is no hashing, no registry and no history: every
start reads everything anew.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = [
    "local_date", "systolic_mean_mmhg", "diastolic_mean_mmhg", "pulse_mean_bpm",
    "blood_pressure_reading_count", "mean_arterial_pressure_mmhg", "pulse_pressure_mmhg",
    "heart_rate_mean_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm", "heart_rate_sample_count",
    "heart_rate_basis", "resting_heart_rate_bpm", "resting_heart_rate_method",
    "sleep_asleep_minutes", "sleep_deep_minutes", "sleep_light_minutes", "sleep_rem_minutes",
    "sleep_awake_minutes", "sleep_in_bed_minutes", "sleep_efficiency_ratio", "nap_asleep_minutes",
]  # fmt: skip
REASONS = {
    "invalid_json": "the value is not a JSON object with a heart rate",
    "not_a_time": "the date or the time cannot be read",
    "nonexistent_local_time": "the clocks skipped this local time",
    "not_a_number": "the heart rate is not a number",
    "out_of_range": "the heart rate is outside 20 to 250, or the time before 2000",
    "future_time": "the time is in the future",
}
SENTINELS = [0, -1, 254, 255]
EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
KINDS = {"heart_rate": "sample", "single_heart_rate": "manual"}


def read_zepp(path: Path, zone: str) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, engine="pyarrow")
    wall = pd.to_datetime(
        rows["date"] + " " + rows["time"], format="%Y-%m-%d %H:%M", errors="coerce"
    )
    first_of_two = np.ones(len(rows), dtype=bool)
    utc = wall.dt.tz_localize(zone, ambiguous=first_of_two, nonexistent="NaT").dt.tz_convert("UTC")
    bpm = numbers_of(rows["heartRate"])
    checks = {
        "not_a_time": wall.isna(),
        "nonexistent_local_time": utc.isna() & wall.notna(),
        "not_a_number": bpm.isna() & rows["heartRate"].notna() & (rows["heartRate"] != "null"),
    }
    return table(path, "zepp", utc, wall, bpm, checks, value=rows["heartRate"])


def read_mi_fitness(path: Path, zone: str) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype={"Value": str}, engine="pyarrow")
    rows = rows[rows["Key"].isin(list(KINDS))]
    told = rows["Value"].str.extract(
        r'^\{"time": ?\d+, ?"bpm": ?(\d+)(?:, ?"type": ?\d)?\}$', expand=False
    )
    bpm = numbers_of(told)
    for row in bpm.index[bpm.isna()]:
        bpm[row] = parse_json(rows.at[row, "Value"])
    utc = pd.to_datetime(rows["Time"], unit="s", utc=True)
    wall = utc.dt.tz_convert(zone).dt.tz_localize(None)
    more = {
        "device": rows["Sid"].astype("category"),
        "kind": rows["Key"].map(KINDS).astype("category"),
        "updated": rows["UpdateTime"],
    }
    checks = {"invalid_json": bpm.isna()}
    return table(path, "mi_fitness", utc, wall, bpm, checks, value=rows["Value"], **more)


def numbers_of(texts: pd.Series) -> pd.Series:
    """A heart rate has few values: each is converted once."""
    texts = texts.astype("category")
    numbers = pd.to_numeric(texts.cat.categories, errors="coerce").astype("float64").to_numpy()
    return pd.Series(np.append(numbers, np.nan)[texts.cat.codes], texts.index)


def parse_json(text: str) -> float:
    try:
        return float(json.loads(text)["bpm"])
    except (ValueError, TypeError, KeyError):
        return np.nan


def table(path, source, utc, wall, bpm, checks, **columns) -> pd.DataFrame:
    offset = (wall - utc.dt.tz_localize(None)).dt.total_seconds() / 60
    check = np.select(list(checks.values()), list(checks), default="")
    constants = {"source": source, "raw_file": path.name, "kind": "sample"}
    constants = {name: constant(value, utc.index) for name, value in constants.items()}
    frame = pd.DataFrame(
        {
            **constants,
            "start_utc": utc,
            "utc_offset_minutes": offset.fillna(0).astype("int16"),
            "local_date": wall.dt.floor("D"),
            "raw_row": (utc.index + 2).astype("int32"),
            "heart_rate_bpm": bpm,
            "check": pd.Categorical(check),
            **columns,
        }
    )
    return frame[~frame["heart_rate_bpm"].isin(SENTINELS) & ~missing(frame)]


def constant(value: str, index: pd.Index) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(np.zeros(len(index), "int8"), [value]), index)


def missing(frame: pd.DataFrame) -> pd.Series:
    return frame["heart_rate_bpm"].isna() & (frame["check"] == "")


def validate(rows: pd.DataFrame, as_of: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    outside = ~rows["heart_rate_bpm"].between(20, 250) | (rows["start_utc"] < EARLIEST)
    future = rows["start_utc"] > as_of + pd.Timedelta(hours=24)
    check = rows["check"].astype(str).to_numpy(dtype=object, copy=True)
    check[(check == "") & outside] = "out_of_range"
    check[(check == "") & future] = "future_time"
    bad = check != ""
    rejected = rows.loc[bad, ["source", "raw_file", "raw_row", "value"]].assign(
        signal="heart_rate", column="heart_rate_bpm", check=check[bad]
    )
    rejected["reason"] = rejected["check"].map(REASONS)
    return rows[~bad].drop(columns=["check", "value"]), rejected


def deduplicate(samples: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not samples["start_utc"].is_monotonic_increasing:
        samples = samples.sort_values("start_utc", kind="stable")
    tied = samples[samples.duplicated(["source", "start_utc"], keep=False)]
    tied = tied.assign(
        other=tied.get("device", "default") != "default",
        sample=tied["kind"] != "manual",
        older=-tied.get("updated", 0),
    )
    order = ["source", "start_utc", "other", "older", "sample", "heart_rate_bpm", "raw_file"]
    tied = tied.sort_values([*order, "raw_row"])
    names = ["heart_rate_bpm", "older", "sample", "other", "raw_file", "raw_row"]
    winners = tied.groupby(["source", "start_utc"], observed=True)[names].transform("first")
    losers = tied.duplicated(["source", "start_utc"])
    differs = {name: tied[name] != winners[name] for name in names}
    rules = np.select(
        [
            tied.duplicated(["source", "start_utc", "heart_rate_bpm", "sample", "other"]),
            differs["other"],
            differs["older"],
            differs["sample"],
        ],
        ["same_reading", "same_instant_other_device", "later_issue", "manual_measurement"],
        "conflicting_values",
    )
    shadowed = tied[["source", "raw_file", "raw_row"]].assign(
        signal="heart_rate",
        kept_raw_file=winners["raw_file"],
        kept_raw_row=winners["raw_row"],
        rule=rules,
    )
    return samples.drop(index=tied.index[losers]), shadowed[losers]


def daily_metrics(samples: pd.DataFrame) -> pd.DataFrame:
    days = samples.groupby("local_date")["heart_rate_bpm"].agg(["mean", "min", "max", "count"])
    days.columns = [
        "heart_rate_mean_bpm", "heart_rate_min_bpm", "heart_rate_max_bpm",
        "heart_rate_sample_count",
    ]  # fmt: skip
    days["heart_rate_basis"] = "samples"
    days["resting_heart_rate_bpm"] = resting(samples)
    days["resting_heart_rate_method"] = np.where(
        days["resting_heart_rate_bpm"].notna(), "lowest_30_minute_mean", None
    )
    return days.reset_index().reindex(columns=COLUMNS)


def resting(samples: pd.DataFrame) -> pd.Series:
    """Lowest mean of the 30 minutes before a sample, of its day; 3 samples over 20 minutes."""
    seconds = samples["start_utc"].astype("int64").to_numpy() // 1_000_000
    first_of_day = np.flatnonzero(~samples["local_date"].duplicated())
    day_start = np.repeat(first_of_day, np.diff(np.append(first_of_day, len(samples))))
    first = np.maximum(np.searchsorted(seconds, seconds - 1_800, side="right"), day_start)
    sums = np.concatenate(([0.0], np.cumsum(samples["heart_rate_bpm"].to_numpy())))
    count = np.arange(1, len(samples) + 1) - first
    means = pd.Series((sums[1:] - sums[first]) / count, samples.index)
    means = means.where((count >= 3) & (seconds - seconds[first] >= 1_200))
    lowest = means.groupby(samples["local_date"]).min()
    return lowest.where(lowest.between(25, 130))


def write(output: Path, samples, rejected, shadowed, days, zone: str) -> None:
    output.mkdir(parents=True, exist_ok=True)
    days.to_csv(output / "daily_metrics.csv", index=False, date_format="%Y-%m-%d")
    rejected.to_csv(output / "rejected_rows.csv", index=False)
    shadowed.to_csv(output / "shadowed_rows.csv", index=False)
    samples = samples.assign(
        time_zone=constant(zone, samples.index),
        time_zone_source=constant("configured", samples.index),
        local_date=samples["local_date"].astype("date32[day][pyarrow]"),
    )
    samples.drop(columns="updated", errors="ignore").to_parquet(
        output / "heart_rate_samples.parquet", index=False
    )


def files_of(paths: list[Path]) -> list[Path]:
    return [
        file
        for path in paths
        for file in (sorted(path.rglob("*.csv")) if path.is_dir() else [path])
    ]


def read(path: Path, zone: str) -> pd.DataFrame | None:
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    if "heartRate" in header and "date" in header:
        return read_zepp(path, zone)
    return read_mi_fitness(path, zone) if "Sid,Key,Time,Value" in header else None


def main() -> None:
    parser = argparse.ArgumentParser(description="Heart rates to daily metrics.")
    parser.add_argument("exports", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--time-zone", default="Europe/Berlin")
    parser.add_argument("--as-of", type=pd.Timestamp, default=pd.Timestamp.now("UTC"))
    given = parser.parse_args()
    read_files = [read(path, given.time_zone) for path in files_of(given.exports)]
    rows = pd.concat([frame for frame in read_files if frame is not None], ignore_index=True)
    del read_files
    valid, rejected = validate(rows, given.as_of)
    del rows
    samples, shadowed = deduplicate(valid)
    write(given.output, samples, rejected, shadowed, daily_metrics(samples), given.time_zone)
    print(f"{len(samples)} kept, {len(rejected)} rejected, {len(shadowed)} shadowed")


if __name__ == "__main__":
    main()
