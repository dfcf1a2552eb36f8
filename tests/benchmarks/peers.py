"""Other tools that the benchmarks run beside this project, in an environment of their own."""

import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Peer(NamedTuple):
    """A tool.

    Attributes:
        title: Its name in a table.
        requirement: What pip installs.
    """

    title: str
    requirement: str


PEERS = {
    "hamilton": Peer("Hamilton `with_cache`", "apache-hamilton==1.90.0"),
    "joblib": Peer("joblib.Memory", "joblib==1.6.0"),
    "redun": Peer("redun", "redun==0.44.1"),
    "doit": Peer("doit", "doit==0.37.0"),
    "dvc": Peer("DVC", "dvc==3.67.1"),
    "snakemake": Peer("Snakemake", "snakemake==9.27.1"),
}


def environment(folder: Path, names: Iterable[str] = PEERS, more: Iterable[str] = ()) -> Path:
    """The interpreter of an environment below a folder that has these tools; made if missing."""
    place = folder / "peers"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    wanted = [*(PEERS[name].requirement for name in names), *more]
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *wanted], check=True, stdout=sys.stderr
    )
    return python
