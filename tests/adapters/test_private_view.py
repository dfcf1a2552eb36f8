"""Waits, times, addresses and headers of the private view, without a server."""

from datetime import date

import pyarrow as pa
import pytest

from adapters.dashboard.headers import HEADERS
from adapters.dashboard.private.back_off import LONGEST_SECONDS, BackOff
from adapters.dashboard.private.noting import Annotation
from adapters.dashboard.private.timing import Timing
from adapters.dashboard.private.tokens import OneTimeAddress
from adapters.dashboard.serving import is_exposed
from dataflows.exports import annotations
from dataflows.exports.export_file import ExportFile


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_each_failure_doubles_the_wait_up_to_a_limit():
    clock = Clock()
    back_off = BackOff(clock)
    waits = []
    for _ in range(11):
        back_off.failed()
        waits.append(back_off.wait_seconds())
        clock.now += waits[-1]
        assert back_off.wait_seconds() == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_SECONDS, LONGEST_SECONDS]


def test_a_note_is_read_as_it_was_written():
    note = Annotation("illness", '=1+1, "flu"', date(2026, 1, 24), date(2026, 1, 29), "a; b")
    content = note.csv()
    assert annotations.recognises(content)
    parsed = annotations.parse(ExportFile("a" * 64, pa.py_buffer(content)), date_order=None)
    (row,) = parsed["annotations"].to_pylist()
    assert (row["kind"], row["label"], row["note"]) == ("illness", '=1+1, "flu"', "a; b")
    assert (row["start_date"], row["end_date"]) == (date(2026, 1, 24), date(2026, 1, 29))


def test_a_success_or_an_hour_forgets_failures():
    clock = Clock()
    back_off = BackOff(clock)
    for _ in range(5):
        back_off.failed()
    back_off.succeeded()
    assert back_off.wait_seconds() == 0
    for _ in range(5):
        back_off.failed()
    clock.now += 3601
    back_off.failed()
    assert back_off.wait_seconds() == 1


def test_an_unlocked_view_ends_when_nobody_uses_it_and_at_the_latest_after_a_day_of_work():
    clock = Clock()
    timing = Timing(idle_seconds=60, longest_seconds=200, clock=clock)
    for _ in range(3):
        clock.now += 59
        assert not timing.is_over
        timing.used()
    clock.now += 22
    assert not timing.is_over
    clock.now += 1
    assert timing.is_over
    timing = Timing(idle_seconds=60, longest_seconds=200, clock=clock)
    clock.now += 60
    assert timing.is_over


def test_an_address_opens_once_and_the_next_one_is_told():
    told = []
    address = OneTimeAddress("http://127.0.0.1:1/", told.append)
    token = str(address).partition("?token=")[2]
    assert len(token) >= 43
    assert not address.spend("")
    assert not address.spend(token[:-1])
    assert not told
    assert address.spend(token)
    assert not address.spend(token)
    assert told == [str(address)]
    assert told[0].partition("?token=")[2] not in {"", token}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "127.0.0.1:5006"}, False),
        ({"Host": "localhost"}, False),
        ({"Host": "[::1]:5006"}, False),
        ({"Host": "health.example"}, True),
        ({"Host": "health.example:443", "X-Forwarded-Proto": "https"}, False),
        ({"Host": "health.example:80", "X-Forwarded-Proto": "http"}, True),
        ({}, False),
    ],
)
def test_a_passphrase_over_a_plain_connection_is_warned_of(headers, expected):
    assert is_exposed(headers) is expected


def test_the_policy_lets_nothing_go_elsewhere():
    rules = dict(rule.split(" ", 1) for rule in HEADERS["Content-Security-Policy"].split("; "))
    for name in ("default-src", "connect-src", "script-src", "img-src", "font-src"):
        assert not {"*", "http:", "https:", "ws:", "wss:"} & set(rules[name].split())
    assert rules["frame-ancestors"] == rules["object-src"] == "'none'"
