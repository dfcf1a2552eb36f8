"""Bad input: one clear line, the right exit code, the rest processed, nothing half-written."""

import io
import os
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import PROJECT, Program
from tests.test_command_line import OUTPUTS

GOOD_LOG = (
    b"date,time,systolic,diastolic,pulse\n2025-05-01,07:30,121,79,64\n2025-05-02,07:30,119,77,61\n"
)
SETTINGS = {"PDP_TIME_ZONE": "Europe/Berlin"}


@pytest.fixture
def owner(tmp_path):
    """The owner's profile with one good log in the inbox."""
    program = Program(tmp_path / "home", **SETTINGS)
    inbox = program.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "good.csv").write_bytes(GOOD_LOG)
    return program


def drop(program, name, content):
    path = program.home / "me" / "inbox" / name
    path.write_bytes(content)
    return path


def file_named(done, name):
    (found,) = [file for file in done.json["files"] if file["name"] == name]
    return found


def test_every_table_is_there_also_of_signals_that_nothing_tells_of(owner):
    assert owner("--quiet").exit_code == 0
    assert set(owner.outputs("me")) == OUTPUTS
    done = owner("export", "parquet", "--output", "heart_rate_samples", "heart_rate_hours")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, ""),
        ("shopping.csv", b"item,price\nmilk,1\n", "item, price"),
        ("noise.bin", os.urandom(5000), ""),
    ],
)
def test_an_unknown_file_is_reported_and_kept_and_is_no_error(owner, name, content, reason):
    drop(owner, name, content)
    done = owner("--json")
    assert done.exit_code == 0, done.stderr
    found = file_named(done, name)
    assert found["status"] == "unrecognised"
    assert reason in found["reason"]
    assert (
        owner.home / "me" / "raw" / found["sha256"][:2] / found["sha256"] / "content"
    ).read_bytes() == content
    assert done.json["books"]["blood_pressure"]["kept"] == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"date,time,systolic,pulse\n2025-05-01,07:30,121,64\n", "diastolic"),
        (b"date,time,systolic,diastolik,pulse\n2025-05-01,07:30,121,79,64\n", "diastolik"),
        (b"date,time,systolic,diastolic,pulse\n05/06/2025,07:30,121,79,64\n", "PDP_DATE_ORDER"),
    ],
    ids=["a missing column", "a renamed column", "an ambiguous date column"],
)  # fmt: skip
def test_a_recognised_file_that_cannot_be_used_is_exit_6_and_the_rest_is_published(
    owner, content, reason
):
    drop(owner, "bad.csv", content)
    done = owner("--json")
    assert done.exit_code == 6, done.stderr
    found = file_named(done, "bad.csv")
    assert found["status"] == "failed"
    assert reason in found["reason"]
    assert f"warning: bad.csv: {found['reason']}" in done.stderr
    assert done.json["status"] == "published"
    assert done.json["books"]["blood_pressure"]["kept"] == 2


def test_a_truncated_zip_is_exit_6_and_kept(owner):
    drop(owner, "cut.zip", b"PK\x03\x04" + b"\x00" * 40)
    done = owner("--json")
    assert done.exit_code == 6
    assert "cut.zip" in done.stderr
    assert done.json["books"]["blood_pressure"]["kept"] == 2


def test_a_zip_of_which_nothing_can_be_read_is_told_as_such_each_time(owner):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("log.csv", GOOD_LOG)
    drop(owner, "spoilt.zip", content.getvalue().replace(b"121", b"122"))
    for _ in range(2):
        done = owner("--json", "--full-check")
        assert done.exit_code == 6
        found = file_named(done, "spoilt.zip")
        assert (found["status"], found["reason"]) == (
            "failed",
            "none of the files in it can be used",
        )
        assert "warning: spoilt.zip/log.csv: it is damaged" in done.stderr


def test_a_row_with_broken_json_is_one_rejected_row(owner):
    header = b"Uid,Sid,Key,Time,Value,UpdateTime\n"
    value = b'"{""time"":1746084000,""bpm"":61,""type"":0}"'
    good = b"1,default,heart_rate,1746084000," + value + b",1746090000\n"
    bad = b'1,default,heart_rate,1746084060,"{""time"":17460840",1746090000\n'
    drop(owner, "hlth_center_fitness_data.csv", header + good + bad)
    done = owner("--json")
    assert done.exit_code == 0, done.stderr
    assert done.json["books"]["heart_rate"] == {
        "parsed": 2, "valid": 1, "rejected": 1, "shadowed": 0, "kept": 1,
    }  # fmt: skip
    rejected = owner.outputs("me")["rejected_rows.csv"].decode()
    assert "invalid_json" in rejected


def test_an_unreadable_file_is_reported(owner):
    drop(owner, "secret.csv", GOOD_LOG).chmod(0)
    done = as_ordinary_user(owner, "--json")
    assert done.returncode == 6, done.stderr
    assert "warning: secret.csv: it cannot be read (Permission denied)" in done.stderr
    assert "Traceback" not in done.stderr


def as_ordinary_user(program, *arguments):
    """Root reads everything, so root gives that power up first."""
    caps = "-dac_override,-dac_read_search"
    powerless = ["setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}"]
    return subprocess.run(
        [*(powerless if os.geteuid() == 0 else []), *program.command(*arguments)],
        env=program.environment, cwd=PROJECT, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip


def test_only_useless_files_are_exit_3_and_nothing_is_published(tmp_path):
    program = Program(tmp_path / "home", **SETTINGS)
    (program.home / "me" / "inbox").mkdir(parents=True)
    drop(program, "shopping.csv", b"item,price\nmilk,1\n")
    done = program("--json")
    assert (done.exit_code, done.json["status"]) == (3, "failed")
    assert not (program.home / "me" / "outputs").exists()


def test_a_home_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "home").write_text("a file")
    done = Program(tmp_path / "home")("--json")
    assert done.exit_code == 1
    assert str(tmp_path / "home") in done.stderr
    assert "Traceback" not in done.stderr


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"
"""


def in_namespace(script, folder, program, *arguments):
    command = ["unshare", "-Urm", "bash", "-c", script, "bash", str(folder)]
    return subprocess.run(
        [*command, *program.command(*arguments)],
        env=program.environment, cwd=PROJECT, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip


def test_a_read_only_home_is_one_line_and_the_old_generation_stands(owner):
    assert owner("--quiet").exit_code == 0
    before = owner.outputs("me")
    drop(owner, "more.csv", GOOD_LOG.replace(b"121", b"131"))
    done = in_namespace(READ_ONLY, owner.home, owner, "--json")
    assert done.returncode == 1, done.stderr
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
    assert owner.outputs("me") == before


FULL_DISK = """
mount -t tmpfs -o size=$SIZE tmpfs "$1" && cp -a "$FROM"/. "$1" && shift && "$@"
code=$?
cat "$OUTPUTS"/*.csv | sha256sum >&2
exit $code
"""


@pytest.mark.parametrize("spare_kilobytes", [40, 160, 640])
def test_a_full_disk_is_one_line_and_the_old_generation_stands(owner, tmp_path, spare_kilobytes):
    assert owner("--quiet").exit_code == 0
    rows = b"".join(b"2024-%02d-%02d,07:%02d,121,79,64\n" % (m, d, n) for m in range(1, 13)
                    for d in range(1, 28) for n in range(0, 60, 2))  # fmt: skip
    drop(owner, "large.csv", b"date,time,systolic,diastolic,pulse\n" + rows)
    full = tmp_path / "full"
    full.mkdir()
    kilobytes = spare_kilobytes + 4 * sum(
        1 + -(-path.lstat().st_size // 4096) for path in owner.home.rglob("*") if path.is_file()
    )
    program = Program(full, **SETTINGS, SIZE=f"{kilobytes}k", FROM=str(owner.home),
                      OUTPUTS=str(full / "me" / "outputs"))  # fmt: skip
    done = in_namespace(FULL_DISK, full, program, "--json")
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr or "disk is full" in done.stderr
    before = b"".join(
        (owner.home / "me" / "outputs" / name).read_bytes()
        for name in sorted(owner.outputs("me")) if name.endswith(".csv")
    )  # fmt: skip
    digest = subprocess.run(["sha256sum"], input=before, capture_output=True, check=True).stdout
    assert digest.decode().split()[0] in done.stderr


HOLDER = """
import sys, time
from pathlib import Path
from adapters.running.lock import profile_lock
with profile_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_waits_and_then_says_who_holds_the_profile(owner):
    holder = subprocess.Popen(
        [sys.executable, "-c",
         HOLDER, str(owner.home / "me")],
        env=owner.environment, stdout=subprocess.PIPE, cwd=PROJECT,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == b"held\n"
        done = owner("--json")
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert done.exit_code == 75
    assert f"process {holder.pid}" in done.stderr
