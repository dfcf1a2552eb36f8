"""The demo person's exports: the same bytes everywhere, and a life that could be lived."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev

import pytest

from adapters.sources import demo
from adapters.sources.demo.life.calendar import (
    AGGREGATES_LOST,
    MEDICATION_STARTS,
    NOT_WORN,
    RAW_LOST,
    TRIP,
)
from adapters.sources.demo.life.person import person

ROOT = Path(__file__).parents[3]
ARCHIVE = "20260630_7000000001_MiFitness_fr1_data_copy.zip"
PREFIX = "20260630_7000000001_MiFitness_"
RAW, DAILY = "hlth_center_fitness_data", "hlth_center_aggregated_fitness_data"
LOG = "blood-pressure-log.csv"

# The first 32 digits of each SHA-256, made with CPython 3.11.7, 3.12.1 and 3.13.0. Whoever changes
# the demo person on purpose changes these too, and every number that is quoted of the demo.
GOLDEN = {
    "20260630_7000000001_MiFitness_fr1_data_copy.zip": "55bfff1204ed50a958d831af18111bb8",
    "zepp/SLEEP/SLEEP_1782838800001.csv": "417e213d7216db55294fa445dce7cf8c",
    "zepp/SLEEP_MINUTE/SLEEP_MINUTE_1782838800002.csv": "8a0062fab4e5164b0a71dcc5cbb0585a",
    "zepp/HEARTRATE_AUTO/HEARTRATE_AUTO_1782838800003.csv": "146cb4555dbfc2b1d078bba9a83cdc29",
    "zepp/HEARTRATE/HEARTRATE_1782838800004.csv": "b3e5ab222badc97a416a28977f7aaa5b",
    "zepp/ACTIVITY/ACTIVITY_1782838800005.csv": "4d5fe51b6bc2f3d504e2d43e1a63dbbb",
    "zepp/SPORT/SPORT_1782838800006.csv": "6af598af44ab8a0698d1dba24b617ca1",
    "zepp/USER/USER_1782838800007.csv": "928eaf8b6f288f5aea50eaab261205ec",
    "blood-pressure-log.csv": "0ea9271f95beb69f1c8620e47532867c",
    "annotations.csv": "4040d4ba8800078d0aa46aee28058c20",
}


@pytest.fixture(scope="module")
def exports():
    return demo.demo_exports()


@pytest.fixture(scope="module")
def leaves(exports):
    return demo_leaves(exports)


def demo_leaves(exports):
    found = {name: content for name, content in exports.items() if not name.endswith(".zip")}
    for name in exports.keys() - found.keys():
        with zipfile.ZipFile(io.BytesIO(exports[name])) as archive:
            found |= {f"{name}/{member}": archive.read(member) for member in archive.namelist()}
    return found


def rows_of(leaves, part):
    name = next(name for name in leaves if part in name)
    text = leaves[name].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def mi_rows(leaves, member, keys):
    """Rows of some keys whose JSON is whole."""
    for row in rows_of(leaves, f"{PREFIX}{member}"):
        if row["Key"] in keys:
            try:
                yield row, json.loads(row["Value"])
            except json.JSONDecodeError:
                continue


@pytest.fixture(scope="module")
def heart_rates(leaves):
    return [
        (value["time"], value["bpm"])
        for _, value in mi_rows(leaves, RAW, {"heart_rate"})
        if isinstance(value["bpm"], int) and value["bpm"] not in (0, 255, 283, 12)
    ]


@pytest.fixture(scope="module")
def nights(leaves):
    """Mi Fitness sessions by (bedtime, wake time), those in bed only."""
    keys = {"sleep", "watch_night_sleep", "watch_daytime_sleep"}
    return [
        value for _, value in mi_rows(leaves, RAW, keys) if value["wake_up_time"] > value["bedtime"]
    ]


@pytest.fixture(scope="module")
def pressures(leaves):
    """Day, systolic and diastolic of the plain rows of the log."""
    first = date(2025, 5, 7)
    found = []
    for row in rows_of(leaves, LOG):
        if not row["Time"]:
            continue
        plain = row["Systolic"].isdecimal() and row["Diastolic"].isdecimal()
        if (
            plain
            and row["Systolic"].isascii()
            and 40 < int(row["Diastolic"]) < int(row["Systolic"]) < 300
        ):
            day = (date.fromisoformat(row["Date"]) - first).days
            found.append((day, int(row["Systolic"]), int(row["Diastolic"])))
    return found


# --- bytes ---------------------------------------------------------------------------------------


def test_every_file_has_the_bytes_it_always_had(exports):
    assert {
        name: hashlib.sha256(content).hexdigest()[:32] for name, content in exports.items()
    } == GOLDEN


def test_neither_hash_seed_nor_time_zone_nor_heavy_imports_have_a_part_in_it(exports):
    program = (
        "import hashlib, sys\n"
        "from adapters.sources.demo import demo_exports\n"
        "files = demo_exports()\n"
        "assert not {'numpy', 'pandas', 'pyarrow', 'hamilton'} & set(sys.modules)\n"
        "print(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    here = hashlib.sha256(repr(sorted(exports.items())).encode()).hexdigest()
    assert done.stdout.strip() == here


def test_another_seed_is_another_person(exports):
    other = demo.demo_exports(seed=8)
    for part in (ARCHIVE, LOG):
        assert other[part] != exports[part]


def test_another_end_date_moves_the_person_there():
    exports = demo.demo_exports(end=date(2027, 2, 28), days=30)
    assert next(iter(exports)).startswith("20270228_")
    dates = [row["Date"] for row in rows_of(exports, LOG) if row["Date"][:2] == "20"]
    assert (min(dates), max(dates)) >= ("2027-01-30", "2027-02-01")
    assert max(dates) <= "2027-02-28"


@pytest.mark.parametrize("days", [1, 2, 61, 65, 69, 131, 160])
def test_any_length_of_life_can_be_written(days):
    exports = demo.demo_exports(days=days)
    assert any(name.startswith("zepp/") for name in exports) == (days > 130)
    assert demo.planted_rows(days=days)


def test_a_life_without_days_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        demo.demo_exports(days=0)


def test_it_is_small_and_quick(exports):
    begin = time.process_time()
    demo.demo_exports()
    assert time.process_time() - begin < 2.5  # 0.6 s on an idle core; generous for a busy one
    assert sum(map(len, exports.values())) < 10_500_000


def test_the_archive_is_named_and_dated_like_a_real_one(exports):
    with zipfile.ZipFile(io.BytesIO(exports[ARCHIVE])) as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {(2026, 6, 30, 12, 0, 0)}
        assert all(name.startswith(PREFIX) for name in archive.namelist())
        assert f"{PREFIX}{RAW}.csv" in archive.namelist()


# --- heart ---------------------------------------------------------------------------------------


def test_heart_rates_are_those_of_a_living_person(heart_rates):
    rates = [bpm for _, bpm in heart_rates]
    assert min(rates) >= 35
    assert 150 <= max(rates) <= 190
    assert 65 <= mean(rates) <= 80


def test_samples_come_every_ten_minutes_and_every_minute_of_a_run(heart_rates):
    times = sorted({moment for moment, _ in heart_rates})
    gaps = Counter(after - before for before, after in pairwise(times))
    assert gaps.most_common(1)[0][0] == 600
    assert gaps[60] > 3000


def test_the_heart_is_slow_at_night_and_quicker_at_weekends(heart_rates):
    by_hour, weekend, week = defaultdict(list), [], []
    for moment, bpm in heart_rates:
        local = datetime.fromtimestamp(moment + 7200, UTC)
        by_hour[local.hour].append(bpm)
        if 10 <= local.hour < 17 and bpm < 120:
            (weekend if local.weekday() >= 5 else week).append(bpm)
    assert mean(by_hour[4]) + 12 < mean(by_hour[15])
    assert mean(weekend) > mean(week) + 3


def test_the_resting_rate_rises_with_the_illness(leaves):
    rates = {
        (int(row["Time"]) // 86400): value["bpm"]
        for row, value in mi_rows(leaves, RAW, {"resting_heart_rate"})
    }
    first = (date(2025, 5, 7) - date(1970, 1, 1)).days
    assert all(50 <= bpm <= 80 for bpm in rates.values())
    assert all(moment % 86400 == 0 for moment in (day * 86400 for day in rates))
    ill = mean(rates[first + day] for day in range(262, 265))
    assert ill > mean(rates[first + day] for day in range(230, 250)) + 6


# --- sleep ---------------------------------------------------------------------------------------


def test_nights_last_as_long_as_nights_do(nights):
    long = [v for v in nights if v["wake_up_time"] - v["bedtime"] > 3 * 3600]
    assert len(long) > 390
    hours = [(v["wake_up_time"] - v["bedtime"]) / 3600 for v in long]
    assert min(hours) >= 4
    assert max(hours) <= 11
    assert 6.5 <= mean(hours) <= 8


def test_naps_are_short_and_not_rare(leaves, nights):
    minutes = [(v["wake_up_time"] - v["bedtime"]) // 60 for v in nights]
    assert 20 <= sum(span <= 80 for span in minutes) <= 60
    assert not [span for span in minutes if 80 < span < 240]
    untimed = [v for _, v in mi_rows(leaves, RAW, {"watch_daytime_sleep"})]
    assert 8 <= len(untimed) <= 30
    assert all(v["bedtime"] == 0 and len(v["items"]) == 3 for v in untimed)


def test_the_stages_of_a_night_fill_it_without_a_gap(nights):
    for value in nights:
        items = value["items"]
        assert items[0]["start_time"] == value["bedtime"]
        assert items[-1]["end_time"] == value["wake_up_time"]
        assert all(a["end_time"] == b["start_time"] for a, b in pairwise(items))


def test_the_duration_leaves_out_the_time_awake(nights):
    for value in nights:
        if value["sleep_deep_duration"] == 900:
            continue
        span = (value["wake_up_time"] - value["bedtime"]) // 60
        assert value["duration"] + value["sleep_awake_duration"] == span


def test_a_night_has_four_to_six_cycles(nights):
    counts = [
        sum(item["state"] == 4 for item in value["items"])
        for value in nights
        if value.get("sleep_rem_duration") and value["duration"] > 300
    ]
    assert min(counts) >= 3
    assert max(counts) <= 6
    assert 4.3 <= mean(counts) <= 5.5


def test_people_sleep_in_at_weekends(nights):
    week, weekend = [], []
    for value in nights:
        if value["duration"] < 240:
            continue
        wake = datetime.fromtimestamp(value["wake_up_time"] + value["timezone"] * 900, UTC)
        minute = wake.hour * 60 + wake.minute
        (weekend if wake.weekday() >= 5 else week).append(minute)
    assert mean(weekend) > mean(week) + 60


def test_both_bands_saw_the_same_nights_a_few_minutes_apart(leaves, nights):
    def seconds(text):
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S%z").timestamp())

    mine = {value["wake_up_time"]: value for value in nights if value["duration"] > 200}
    differences, starts = [], []
    for row in rows_of(leaves, "zepp/SLEEP/"):
        stop = seconds(row["stop"])
        near = min(mine, key=lambda wake: abs(wake - stop))
        if row["deepSleepTime"] != "0" and abs(near - stop) < 3600:
            differences.append(abs(near - stop) // 60)
            starts.append(abs(mine[near]["bedtime"] - seconds(row["start"])) // 60)
    assert len(differences) >= 75
    assert max(differences + starts) <= 7
    assert mean(differences) > 1


# --- blood pressure ------------------------------------------------------------------------------


def test_the_tablet_takes_ten_over_six_off(pressures):
    before = [p for p in pressures if p[0] < MEDICATION_STARTS]
    after = [p for p in pressures if p[0] >= MEDICATION_STARTS + 14]
    systolic_fall = mean(p[1] for p in before) - mean(p[1] for p in after)
    diastolic_fall = mean(p[2] for p in before) - mean(p[2] for p in after)
    assert 8 <= systolic_fall <= 12
    assert 4 <= diastolic_fall <= 8


def test_blood_pressure_scatters_as_it_does_at_home(pressures):
    before = [p for p in pressures if p[0] < MEDICATION_STARTS]
    assert 3.5 <= stdev(p[1] for p in before) <= 9
    assert 2 <= stdev(p[2] for p in before) <= 6
    zeros = sum(p[1] % 10 == 0 for p in pressures) / len(pressures)
    assert 0.08 <= zeros <= 0.2


def test_a_protocol_week_has_two_readings_morning_and_evening(pressures):
    counts = Counter(p[0] for p in pressures)
    assert sum(counts[day] for day in range(413, 420)) >= 22
    assert len(pressures) > 500


def test_a_note_tells_when_the_tablet_began(leaves):
    notes = [(row["Date"], row["Note"]) for row in rows_of(leaves, LOG) if row["Note"]]
    assert ("2025-10-04", "started amlodipine 5 mg after this") in notes


# --- what real exports are like ------------------------------------------------------------------


def test_the_zone_of_a_night_is_in_quarter_hours_also_on_the_trip(nights):
    assert {value["timezone"] for value in nights} == {8, 4, -16}


def test_the_latest_rate_has_a_local_time_beside_a_true_one(leaves):
    offsets = Counter(
        value["latest_hr"]["time"] - value["latest_hr"]["dbTime"]
        for _, value in mi_rows(leaves, DAILY, {"heart_rate"})
        if "latest_hr" in value
    )
    assert set(offsets) == {7200, 3600, -14400}


def test_some_nights_know_no_dreams_and_some_no_stages(nights):
    without_rem = [v for v in nights if "sleep_rem_duration" not in v]
    unstaged = [v for v in nights if v["sleep_deep_duration"] + v["sleep_light_duration"] == 0]
    assert len(without_rem) >= 25
    assert 3 <= len(unstaged) <= 6
    assert all(value["duration"] > 180 for value in unstaged)


def test_each_mi_fitness_file_lacks_days_that_the_other_has(leaves):
    first = (date(2025, 5, 7) - date(1970, 1, 1)).days
    raw = {int(r["Time"]) // 86400 - first for r, _ in mi_rows(leaves, RAW, {"resting_heart_rate"})}
    daily = {int(r["Time"]) // 86400 - first for r, _ in mi_rows(leaves, DAILY, {"heart_rate"})}
    assert set(AGGREGATES_LOST) == raw - daily
    assert set(RAW_LOST) == daily - raw
    assert not set(NOT_WORN) & (raw | daily)


def test_the_hour_of_the_clock_change_is_written_twice(leaves):
    rows = rows_of(leaves, "HEARTRATE_AUTO")
    night = Counter(r["time"] for r in rows if r["date"] == "2025-10-26")
    assert sum(night[f"02:{minute:02d}"] == 2 for minute in range(0, 60, 5)) >= 8


def test_zepp_files_begin_with_a_byte_order_mark(leaves):
    zepp = [content for name, content in leaves.items() if name.startswith("zepp/")]
    assert len(zepp) == 7
    assert all(content.startswith(b"\xef\xbb\xbf") for content in zepp)


def test_naps_break_the_quoting_of_their_row(leaves):
    text = next(content for name, content in leaves.items() if "zepp/SLEEP/" in name).decode()
    broken = [line for line in text.splitlines() if '\\"' in line]
    assert len(broken) >= 5
    assert all(len(next(csv.reader([line]))) > 8 for line in broken)


def test_the_log_is_kept_by_the_clock_on_the_wall_also_in_new_york(leaves):
    trip = {str(date(2025, 5, 7).fromordinal(date(2025, 5, 7).toordinal() + day)) for day in TRIP}
    times = [row["Time"] for row in rows_of(leaves, LOG) if row["Date"] in trip]
    assert times
    assert all("07:00" <= text <= "07:50" for text in times)


# --- what is planted -----------------------------------------------------------------------------


def test_every_planted_row_stands_where_the_book_says(leaves):
    planted = demo.planted_rows()
    names = {row.name for row in planted}
    lines = {name: leaves[name].decode("utf-8-sig").splitlines() for name in names}
    counts = {name: Counter(lines[name]) for name in names}
    for row in planted:
        line = lines[row.name][row.raw_row - 1]
        if row.check == "invalid_json":
            with pytest.raises(json.JSONDecodeError):
                json.loads(next(csv.reader([line]))[-2])
        elif row.kind == demo.DUPLICATE and row.signal != "sleep_stages":
            assert counts[row.name][line] >= 2
        else:
            assert line


def test_json_is_broken_nowhere_else(leaves):
    planted = {(p.name, p.raw_row) for p in demo.planted_damage() if p.check == "invalid_json"}
    broken = set()
    for name in leaves:
        if PREFIX not in name or "hlth_center_" not in name:
            continue
        for number, row in enumerate(csv.reader(leaves[name].decode().splitlines()), 1):
            if number > 1 and row[-2].startswith("{"):
                try:
                    json.loads(row[-2])
                except json.JSONDecodeError:
                    broken.add((name, number))
    assert broken == planted


def test_the_planted_damage_is_of_every_signal_and_many_kinds():
    damage = demo.planted_damage()
    assert {row.signal for row in damage} == {"blood_pressure", "heart_rate", "sleep"}
    assert len({row.check for row in damage}) >= 6
    assert 20 <= len(damage) <= 60


def test_the_person_never_sleeps_twice_at_once():
    slept = person(demo.DEMO_END_DATE, demo.DEMO_DAYS, demo.DEMO_SEED).sleeps
    assert all(before.end < after.start for before, after in pairwise(slept))
