"""How long an export of Apple Health takes to read, beside the XML parser alone.

    python tests/benchmarks/apple_health.py [RECORDS]

Writes an export of RECORDS records as the Health app would (six of ten are heart rates of a watch,
each with an entry of metadata) and reads it three ways, each in a process of its own: as the flow
does; with the strict parser for every element; and with expat and a handler that keeps what we
keep of heart rates, which knows neither tables nor damaged elements. Memory is that of the process
apart from the file, whose pages are shared and can be dropped. Exit code 1 when a limit is not
kept.
"""

import multiprocessing
import re
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from dataflows.exports import ExportFile, apple_health  # noqa: E402
from dataflows.exports.apple_health import elements  # noqa: E402
from tests.dataflows.exports import apple_health_examples as examples  # noqa: E402

MOST_SECONDS_PER_MILLION = 6
MOST_MEGABYTES = 400
CONTEXT = {"HKMetadataKeyHeartRateMotionContext": "1"}


def write(path, count):
    start = datetime(2021, 1, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        file.write(examples.HEAD)
        for number in range(count):
            moment = start + timedelta(seconds=97 * number)
            if number % 10 < 6:
                file.write(examples.heart_rate(50 + number % 70, moment, metadata=CONTEXT))
            elif number % 25:
                file.write(examples.steps(moment))
            else:
                end = moment + timedelta(minutes=20)
                file.write(examples.sleep("AsleepCore", moment, end))
        file.write(examples.END)


def as_the_flow_does(path):
    content = pa.memory_map(str(path)).read_buffer()
    apple_health.parse(ExportFile("a" * 64, content), date_order=None)


def strictly(path):
    elements._USUAL = re.compile(rb"(?!)")
    as_the_flow_does(path)


def with_expat(path):
    kept = []

    def start(name, told):
        if name == "Record" and told["type"].endswith("HeartRate"):
            place = parser.CurrentLineNumber
            kept.append((place, told["sourceName"], told["startDate"], told["value"]))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with path.open("rb") as file:
        parser.ParseFile(file)


def measured(way, path, found):
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    way(path)
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    anonymous = int(re.search(r"RssAnon:\s+(\d+)", status)[1]) // 1024
    found.put((seconds, after.ru_utime - before.ru_utime, anonymous))


def main(count):
    spawning = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.xml"
        write(path, count)
        print(f"{count:,} records, {path.stat().st_size / 1e6:,.0f} MB")
        results = {}
        for way in (as_the_flow_does, strictly, with_expat):
            found = spawning.Queue()
            process = spawning.Process(target=measured, args=(way, path, found))
            process.start()
            results[way] = found.get()
            process.join()
            seconds, busy, megabytes = results[way]
            name = way.__name__.replace("_", " ")
            print(f"{name:18} {seconds:6.2f} s ({busy:.2f} s busy), {megabytes} MB after it")
    seconds, _, megabytes = results[as_the_flow_does]
    kept = seconds * 1e6 / count <= MOST_SECONDS_PER_MILLION and megabytes <= MOST_MEGABYTES
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
