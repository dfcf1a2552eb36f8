"""The dashboard by a clock that a test moves: python private_server.py PORT FILE-WITH-SECONDS

Everything else is as `python cli.py serve` has it.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.dashboard import serving
from adapters.dashboard.private.back_off import BackOff
from adapters.dashboard.private.opening import Gate
from adapters.dashboard.private.timing import Timing
from adapters.settings import Settings


def clock():
    return float(Path(sys.argv[2]).read_text())


visits = serving.visits_of(Settings.load(os.environ))
visits = replace(
    visits,
    private=replace(visits.private, gate=Gate(BackOff(clock))),
    timing=partial(Timing, clock=clock),
)
serving.serve(visits.page, "127.0.0.1", int(sys.argv[1]))
