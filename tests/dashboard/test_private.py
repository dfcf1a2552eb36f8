"""The private view in a real browser: nothing before the passphrase, nothing after the lock."""

import socket
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.dashboard.drawing import AXIS_WIDTH
from adapters.dashboard.private.timing import IDLE_SECONDS
from tests.conftest import Program
from tests.dashboard.conftest import WIDTHS, environment, program, served
from tests.dashboard.visiting import PHONE

CANARY = "canary-quetzal-2741"
PASSPHRASE = "correct horse battery staple"
HEADLINE = "newest day 30 Oct 2026"
FIELD = "input[type=password]"
A_WATCH_ESTIMATES = (
    "com.samsung.shealth.blood_pressure,6110005,3\n"
    "start_time,systolic,diastolic,pulse,time_offset,pkg_name\n"
    "2026-10-15 12:00:00.000,151.0,92.0,70.0,UTC+0000,com.samsung.android.shealthmonitor,\n"
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    """Somebody's home with a vault, pushed to a folder."""
    home = tmp_path_factory.mktemp("owner")
    rows = ["date,time,systolic,diastolic,pulse"]
    for day in range(60):
        rows += [f"{date(2026, 9, 1) + timedelta(days=day)},{at},{131 + day % 9},{81 + day % 4},63"
                 for at in ("07:00", "19:00")]  # fmt: skip
    (home / "log.csv").write_text("\n".join(rows) + "\n")
    (home / "notes.csv").write_text(
        f"kind,label,start,end,note\nmedication,{CANARY},2026-10-01,,\n"
    )
    (home / "watch.csv").write_text(A_WATCH_ESTIMATES)
    secret = home / "passphrase"
    secret.write_text(PASSPHRASE)
    settings = {
        "PDP_REMOTE": str(home / "remote"),
        "PDP_PASSPHRASE_FILE": str(secret),
        "PDP_TIME_ZONE": "UTC",
    }
    program(home, "import", *(str(home / f"{name}.csv") for name in ("log", "notes", "watch")))
    program(home, **settings)
    program(home, "vault", "init", "--recovery", str(home / "recovery.txt"), **settings)
    program(home, "state", "push", **settings)
    return home


class Clock:
    """The server's clock for locks and waits; it stands still until it is moved."""

    def __init__(self, path):
        self.path, self.seconds = path, 0
        self.move(1_000)

    def move(self, seconds):
        self.seconds += seconds
        self.path.write_text(str(self.seconds))


@dataclass
class Host:
    url: str
    home: Path
    log: Path
    clock: Clock


@pytest.fixture(scope="module")
def host(owner, tmp_path_factory):
    """A server elsewhere that knows the remote alone."""
    home, beside = tmp_path_factory.mktemp("host"), tmp_path_factory.mktemp("beside")
    log, clock = beside / "log.txt", Clock(beside / "clock.txt")
    command = [sys.executable, Path(__file__).with_name("private_server.py"), "{port}", clock.path]
    with served(command, environment(home, PDP_REMOTE=str(owner / "remote")), log) as url:
        yield Host(url, home, log, clock)


def unlock(visit, passphrase=PASSPHRASE):
    field = visit.page.locator(FIELD)
    field.fill(passphrase)
    field.press("Enter")


def test_nothing_private_arrives_before_the_passphrase_nor_after_the_lock(host, visit):
    one = visit(host.url)
    one.page.wait_for_timeout(1_000)
    assert "synthetic" in one.headline
    assert not one.received(CANARY.encode())
    assert CANARY not in one.page.content()

    unlock(one)
    one.wait_for_headline(HEADLINE)
    assert one.received(CANARY.encode())
    assert CANARY in one.page.content()
    assert not one.page.locator(FIELD).is_visible()

    with one.page.expect_navigation():
        one.page.get_by_role("button", name="Lock", exact=True).click()
    one.frames.clear()
    one.ready()
    one.page.wait_for_timeout(1_000)
    assert "synthetic" in one.headline
    assert CANARY not in one.page.content()
    assert not one.received(CANARY.encode())

    assert one.hosts == {urlsplit(host.url).netloc}
    kept = [path.read_bytes() for path in (host.log, *host.home.rglob("*")) if path.is_file()]
    for secret in (CANARY.encode(), PASSPHRASE.encode()):
        assert not any(secret in content for content in kept)


@WIDTHS
def test_what_the_remote_holds_is_told_down_to_the_file_and_a_note_is_a_file_to_import(
    host, owner, visit, size
):
    one = visit(host.url, size)
    one.open_controls()
    one.page.locator(FIELD).fill(PASSPHRASE)
    one.press_button("Unlock")
    one.wait_for_headline(HEADLINE)
    one.choose("30 days")
    one.until_text("#range", "30 days")
    assert CANARY in one.text("#events")
    assert one.page.get_by_text("Nothing in the data tells of sleep.").is_visible()
    assert not one.page.locator("[data-chart=sleep]").is_visible()
    assert "Asleep" not in one.text("#cards")

    assert "1 without a cuff left out" in one.text("#cards")
    assert "estimated without a cuff: in no average" in one.text("#pressure")
    width = one.page.locator("[data-chart=systolic]").bounding_box()["width"]
    noon_of_the_fifteenth = (AXIS_WIDTH + (width - AXIS_WIDTH - 12) * 14.5 / 30) / width
    one.press_point("systolic", noon_of_the_fifteenth)
    one.until_text("#readout", "systolic without a cuff 151")
    one.until_text("#origin", "watch.csv")
    assert "estimated without a cuff" in one.text("#origin")
    one.press_button("Close")

    one.press(one.page.get_by_role("tab", name="Run history"))
    one.until_text("#detail", "why it ran")

    one.page.wait_for_timeout(400)  # sooner it would be a double click
    one.press_point("systolic", 0.2)
    one.until_text("#origin", "log.csv")
    one.press(one.page.get_by_text("Every node between"))
    assert "parsed_export" in one.text("#origin")
    one.press_button("Close")

    name, content = one.downloaded(one.page.get_by_role("button", name="Days of the range"))
    assert name == "me-daily_metrics-2026-10-01-2026-10-30.csv"
    assert b"2026-10-30" in content

    one.page.get_by_label("What", exact=True).fill("new cuff, =1+1")
    one.page.get_by_label("Since").fill("2026-10-02")
    name, content = one.downloaded(one.page.get_by_role("button", name="Save the note as a file"))
    one.page.get_by_text("It is not in your data yet").wait_for()
    assert one.page.get_by_text(f"python cli.py import {name}").is_visible()
    assert content == b'kind,label,start,end,note\nmedication,"new cuff, =1+1",2026-10-02,,\n'
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    kept = [path.read_bytes() for path in (host.log, *host.home.rglob("*")) if path.is_file()]
    assert not any(b"new cuff" in each for each in kept)
    assert not [*(owner / "me" / "inbox").glob("*")]

    with one.page.expect_navigation():
        one.press_button("Lock")
    one.ready()
    assert "synthetic" in one.headline
    assert one.page.locator("[data-chart=sleep] canvas").first.is_visible()


@WIDTHS
def test_a_second_tab_and_a_reload_hold_nothing(host, visit, size):
    one = visit(host.url, size)
    one.open_controls()
    unlock(one)
    one.wait_for_headline(HEADLINE)
    other = visit(host.url, size, context=one.page.context)
    assert "synthetic" in other.headline
    assert not other.received(CANARY.encode())
    one.frames.clear()
    one.page.reload()
    one.ready()
    assert "synthetic" in one.headline
    assert not one.received(CANARY.encode())


def test_a_view_that_nobody_uses_locks_itself_and_one_that_is_used_does_not(host, visit):
    one, narrow = visit(host.url), visit(host.url, PHONE)
    narrow.open_controls()
    for each in (one, narrow):
        unlock(each)
        each.wait_for_headline(HEADLINE)
    narrow.page.wait_for_timeout(1_500)  # what its layout tells the server counts as use
    host.clock.move(IDLE_SECONDS - 1)
    one.page.get_by_role("button", name="30 days").click()
    one.page.wait_for_function("document.getElementById('range').innerText.includes('30 days')")
    with narrow.page.expect_navigation():
        host.clock.move(IDLE_SECONDS - 1)
    narrow.ready()
    one.page.wait_for_timeout(1_500)
    assert HEADLINE in one.headline
    with one.page.expect_navigation():
        host.clock.move(2)
    one.ready()
    for each in (one, narrow):
        assert "synthetic" in each.headline
        assert CANARY not in each.page.content()


def test_failed_attempts_make_the_next_one_wait_whoever_makes_it(host, visit):
    one, other = visit(host.url), visit(host.url, PHONE)
    other.open_controls()
    unlock(one, "wrong")
    one.page.get_by_text("does not open the vault").wait_for()
    unlock(one, "wrong again")
    one.page.get_by_text("try again in 1 s").wait_for()
    host.clock.move(1)
    unlock(one, "still wrong")
    one.page.get_by_text("does not open the vault").wait_for()
    unlock(other)
    other.page.get_by_text("try again in 2 s").wait_for()
    host.clock.move(2)
    unlock(other)
    other.wait_for_headline(HEADLINE)
    assert "synthetic" in one.headline
    told = host.log.read_text()
    assert "wrong" not in told
    assert "a login failed; 2 in a row" in told


def test_on_ones_own_machine_an_address_opens_the_private_view_once(owner, visit, tmp_path):
    log = tmp_path / "log.txt"
    command = [sys.executable, "cli.py", "serve", "--private", "--port", "{port}"]
    with served(command, environment(owner), log) as url:
        addresses = [line for line in log.read_text().splitlines() if "?token=" in line]
        without = visit(url)
        assert "synthetic" in without.headline
        assert without.page.get_by_text("This address opens nothing").is_visible()
        one = visit(addresses[-1])
        assert HEADLINE in one.headline
        assert one.page.get_by_text("Nothing in the data tells of heart rate.").is_visible()
        assert CANARY in one.page.content()
        again = visit(addresses[-1])
        assert "synthetic" in again.headline
        assert not again.received(CANARY.encode())
        new = [line for line in log.read_text().splitlines() if "?token=" in line]
        assert len(new) == len(addresses) + 1
        another = visit(new[-1], PHONE)
        assert HEADLINE in another.headline

        another.open_controls()
        for each in (one, another):
            each.page.get_by_label("What", exact=True).fill("new cuff, =1+1")
            each.press_button("Note it")
            each.page.get_by_text("Say what it was, and since when.").wait_for()
            each.page.get_by_label("Since").fill("28.2.2026")
            each.press_button("Note it")
            each.page.get_by_text("Write a date as year-month-day").wait_for()
        for generation, each in enumerate((another, one), 2):
            each.page.get_by_label("Since").fill(f"2026-10-0{generation}")
            each.press_button("Note it")
            one.wait_for_headline(f"generation {generation}")
            another.wait_for_headline(f"generation {generation}")
        kept = [*(owner / "me" / "inbox").glob("annotation-*.csv")]
        assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
        noted = (owner / "me" / "outputs" / "annotations.csv").read_text()
        assert noted.count('"new cuff, =1+1",2026-10-0') == len(kept) == 2


def test_the_private_view_without_a_passphrase_stays_on_this_machine(owner):
    refused = Program(owner)("serve", "--private", "--address", "0.0.0.0")
    assert refused.exit_code == 2
    assert "127.0.0.1" in refused.stderr


@pytest.mark.parametrize("why", ["listens there", "cannot assign"])
def test_an_address_that_is_not_to_be_had_is_refused_before_anything_is_made(tmp_path, why):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        address = "127.0.0.1" if why == "listens there" else "203.0.113.1"
        serve = Program(tmp_path / "data")
        refused = serve("serve", "--port", str(port), "--address", address)
    assert refused.exit_code == 2
    assert f"{address}:{port} is not to be had" in refused.stderr
    assert why in refused.stderr.lower()
    assert not (tmp_path / "data").exists()
