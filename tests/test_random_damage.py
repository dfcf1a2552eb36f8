"""Exports with damage at random go through the whole flow: nothing stops it, every row is counted.

A file that once stopped it has an example of its own in the tests of its format.
"""

import random
import time

import pytest
from hamilton import driver
from hamilton.execution.executors import SynchronousLocalTaskExecutor
from hamilton.lifecycle.api import EdgeConnectionHook

from adapters.pipeline import BOOKS, FLOW, OUTPUTS
from dataflows import records, resolution
from tests.dataflows.exports.conftest import export_file_of
from tests.dataflows.exports.whole_exports import EXPORTS
from tests.random_damage import damaged

ROUNDS, ALL_ROUNDS = 2, 150
FILES_AT_ONCE = 8
LONGEST_SECONDS = 5
ZONES = ["Europe/Berlin", "UTC", "Pacific/Kiritimati", "America/St_Johns", "Australia/Lord_Howe"]
INPUTS = {
    "as_of_utc": "2036-01-01T00:00:00Z",
    "birth_year": 1960,
    "day_windows": {"morning": "04:00-11:59", "evening": "17:00-23:59"},
    "exclusions": records.empty(resolution.EXCLUSIONS),
    "guideline": "esc_2024",
}


class AnyEdge(EdgeConnectionHook):
    """The project's own engine matches types as this does."""

    def check_edge_types_match(self, *_types, **_more):
        return True

    def validate_input(self, *_input, **_more):
        return True


@pytest.fixture(scope="module")
def flow():
    executor = SynchronousLocalTaskExecutor()
    builder = driver.Builder().with_modules(*FLOW).with_adapters(AnyEdge())
    builder = builder.enable_dynamic_execution(allow_experimental_mode=True)
    builder = builder.with_local_executor(executor).with_remote_executor(executor)
    built = builder.build()

    def results(contents, chance=None):
        files = {file.sha256: file for file in map(export_file_of, contents)}
        chance = chance or random.Random(0)
        told = {
            "export_files": [files[sha256] for sha256 in sorted(files)],
            "date_order": chance.choice([None, "DMY", "MDY", "YMD"]),
            "home_time_zone": chance.choice(ZONES),
            "home_time_zone_source": chance.choice(["assumed", "configured"]),
        }
        return built.execute([*OUTPUTS, BOOKS, "checked_exports"], inputs=INPUTS | told)

    return results


@pytest.mark.parametrize("name", EXPORTS)
def test_the_whole_export_gives_records(flow, name):
    found = flow([EXPORTS[name]])
    (export,) = found["checked_exports"]
    assert export["report"]["status"] == "parsed", export["report"]
    assert export["report"]["records"]
    assert any(book["kept"] for book in found[BOOKS].values())


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_damage_at_random_stops_nothing(flow, seed, complete):
    chance = random.Random(f"damage {seed}")
    for _ in range(ALL_ROUNDS if complete else 1):
        names = chance.sample([*EXPORTS], len(EXPORTS))
        for place in range(0, len(names), FILES_AT_ONCE):
            contents = [damaged(chance, EXPORTS[name]) for name in names[place:][:FILES_AT_ONCE]]
            hold(flow, contents, chance)


def hold(flow, contents, chance):
    """Every file has a report, whatever was done to it, and the books balance, in little time."""
    began = time.process_time()
    found = flow(contents, chance)
    assert time.process_time() - began < LONGEST_SECONDS
    reports = [export["report"] for export in found["checked_exports"]]
    assert len(reports) == len(set(contents))
    for report in reports:
        assert report["status"] in {"parsed", "failed", "unrecognised"}
        assert report["status"] == "parsed" or report["reason"]
    rejected = sum(book["rejected"] for book in found[BOOKS].values())
    assert rejected <= found["rejected_rows"].num_rows
