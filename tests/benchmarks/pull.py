"""Pull of a large profile against a bare ranged download of the same bytes.

    python tests/benchmarks/pull.py [--megabytes 1000] [--remote folder | s3 | drive | gs]

A home with raw files of that size is pushed; then an empty home pulls it, in a process of its own
whose peak memory is read from the system. Before that, another process downloads the same objects
range by range, once to drop them and once to keep them as files, flushed. Wanted: at least 0.8 of
the bare throughput, below 150 MB. The server runs on loopback, in a process of its own, so nothing
hides what decrypting costs.
"""

import argparse
import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))
WORKERS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--remote", choices=("folder", "s3", "drive", "gs"), default="drive")
    parser.add_argument("--bare-into", help="for its own processes")
    options = parser.parse_args()
    if options.bare_into is not None:
        return bare_download(options.bare_into)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.megabytes, options.remote)
    return None


def measure(folder, megabytes, kind):
    environment = {**os.environ, "PDP_PASSPHRASE_FILE": str(folder / "passphrase")}
    (folder / "passphrase").write_text("a passphrase for a benchmark")
    if kind == "s3":
        environment |= start_s3()
        environment["PDP_REMOTE"] = "s3://bucket/health"
    elif kind == "folder":
        environment["PDP_REMOTE"] = str(folder / "remote")
    else:
        environment |= start_google(kind)
    program(folder, environment, "a", "vault", "init", "--recovery", str(folder / "key"))
    environment["PDP_IDENTITY_FILE"] = str(folder / "key")
    make_exports(folder / "exports", megabytes)
    program(folder, environment, "a", "import", str(folder / "exports"))
    pushed = timed(folder, environment, "a", "state", "push")
    timed_bare(environment, "")
    load = os.getloadavg()[0]
    bare, kept = timed_bare(environment, ""), timed_bare(environment, str(folder / "kept"))
    pulled = timed(folder, environment, "b", "state", "pull")
    report = {
        "megabytes": megabytes,
        "remote": kind,
        "load_before": round(load, 2),
        "push_seconds": pushed[0],
        "push_peak_mb": pushed[1],
        "bare_seconds": bare[0],
        "bare_peak_mb": bare[1],
        "bare_cpu_seconds": bare[2],
        "bare_to_disk_seconds": kept[0],
        "bare_to_disk_cpu_seconds": kept[2],
        "pull_seconds": pulled[0],
        "pull_peak_mb": pulled[1],
        "pull_cpu_seconds": pulled[2],
        "ratio": round(bare[0] / pulled[0], 2),
        "ratio_to_disk": round(kept[0] / pulled[0], 2),
    }
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


def make_exports(folder, megabytes):
    """Files of ten megabytes, as vendors' archives are: nothing in them compresses."""
    folder.mkdir()
    for number in range(megabytes // 10):
        (folder / f"export-{number}.bin").write_bytes(os.urandom(10_000_000))


def start_s3():
    code = (
        "import time; from moto.server import ThreadedMotoServer as S; "
        "s = S(ip_address='127.0.0.1', port=0, verbose=False); s.start(); "
        "print(*s.get_host_and_port(), flush=True); time.sleep(1e6)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    host, port = server.stdout.readline().split()
    keys = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    os.environ.update(keys)
    atexit.register(server.kill)
    import boto3

    boto3.client("s3").create_bucket(Bucket="bucket")
    return keys


def start_google(kind):
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators.google_server", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT,
    )  # fmt: skip
    atexit.register(server.kill)
    told = "".join(server.stdout.readline() for _ in range(4))
    found = re.findall(r"(PDP_\w+)=(\S+)", told)
    keys = {name: value for name, value in found if name != "PDP_REMOTE"}
    places = [value for name, value in found if name == "PDP_REMOTE"]
    return keys | {"PDP_REMOTE": next(place for place in places if place.startswith(kind))}


def program(folder, environment, home, *arguments):
    command = [sys.executable, str(PROJECT / "cli.py"), "--home", str(folder / home), "--quiet"]
    subprocess.run([*command, *arguments], env=environment, cwd=folder, check=True)


def timed(folder, environment, home, *arguments):
    command = [sys.executable, str(PROJECT / "cli.py"), "--home", str(folder / home), "--quiet"]
    return waited([*command, *arguments], environment, folder)


def timed_bare(environment, into):
    return waited([sys.executable, __file__, "--bare-into", into], environment, PROJECT)


def waited(command, environment, folder):
    """Seconds, peak memory in megabytes, and seconds of a core, of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    seconds, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    return round(seconds, 2), usage.ru_maxrss // 1024, round(cpu, 2)


def bare_download(into):
    from concurrent.futures import ThreadPoolExecutor

    from adapters.remote.backend import OBJECTS
    from adapters.remote.opening import backend_of
    from adapters.settings import Settings

    backend = backend_of(Settings.load(os.environ))

    def download(stored):
        if not into:
            return sum(map(len, backend.get(stored.name)))
        path = Path(into) / stored.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(backend.get(stored.name))
            file.flush()
            os.fsync(file.fileno())
        return stored.size

    with ThreadPoolExecutor(WORKERS) as pool:
        sum(pool.map(download, backend.list(OBJECTS)))


if __name__ == "__main__":
    main()
