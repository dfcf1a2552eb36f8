"""The image as it is built and run: a stateless run over Google, and nothing secret in a layer.

Not part of the default run: `pytest -m container`, as root, with buildah and debootstrap. There is
no need of a container registry: the base image is made of the distribution's packages.
"""

import json
import mmap
import os
import re
import shutil
import signal
import socket
import subprocess
from datetime import date, time
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.conftest import PROJECT, Program
from tests.emulators.sheets import Tab

pytestmark = pytest.mark.container

SUITE = "bookworm"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
CANARY = b"canary-3d81f0c2-in-no-layer"
HEADER = ["date", "time", "systolic", "diastolic", "pulse"]
FIRST = [date(2025, 6, 28), time(7, 30), 128, 82, 61]
SECOND = [date(2025, 6, 29), time(7, 25), 126, 80, 60]
ZEPP = b"date,time,heartRate\n2025-06-28,07:30,61\n2025-06-29,07:31,63\n"


class Buildah:
    """The builder, with a store of its own."""

    def __init__(self, folder):
        self._store = ["--root", str(folder / "store"), "--runroot", str(folder / "run")]

    def __call__(self, *words, check=True):
        done = subprocess.run(
            ["buildah", *self._store, *map(str, words)],
            env={**os.environ, "STORAGE_DRIVER": "vfs"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr[-4000:]
        return done


@pytest.fixture(scope="session")
def buildah(tmp_path_factory):
    return Buildah(tmp_path_factory.mktemp("buildah"))


@pytest.fixture(scope="session")
def base(buildah, tmp_path_factory):
    """A base image of a distribution's packages."""
    root = tmp_path_factory.mktemp("base") / "root"
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
    subprocess.run(command, check=True, capture_output=True)
    container = buildah("from", "scratch").stdout.strip()
    buildah("add", "-q", container, root, "/")
    buildah("commit", "-q", "--rm", container, "localhost/base")
    shutil.rmtree(root, ignore_errors=True)
    return "localhost/base"


def pip_settings():
    """Volumes by which the build is told what this machine's pip is told."""
    volumes = {Path("/etc/ssl/certs"): "/etc/ssl/certs"}
    for path in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
        if path.is_file():
            volumes[path] = "/etc/pip.conf"
            for place in re.findall(r"(?:file://)?(/[\w./-]+)", path.read_text()):
                top = Path(*Path(place).parts[:2])
                if top.is_dir() and top.name not in {"etc", "usr"}:
                    volumes[top] = str(top)
    return [f"--volume={path}:{place}:ro" for path, place in volumes.items()]


@pytest.fixture(scope="session")
def image(buildah, base, tmp_path_factory):
    """The image, built beside an owner's secrets and data."""
    context = tmp_path_factory.mktemp("context") / "project"
    kept = shutil.ignore_patterns(".venv", ".git", "data", "__pycache__", ".*_cache")
    shutil.copytree(PROJECT, context, ignore=kept)
    for name in (".env", ".secrets/key.json", "data/me/inbox/log.csv", "deploy/.secret", "x.csv"):
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CANARY)
    buildah(
        "bud", "--isolation", "chroot", "--pull-never", "--network", "host", "--format", "docker",
        *pip_settings(), "--build-arg", f"BASE_IMAGE={base}", "-t", "localhost/pipeline",
        "-f", context / "Containerfile", context,
    )  # fmt: skip
    return "localhost/pipeline"


@pytest.fixture
def container(buildah, image, tmp_path):
    """Runs the entry point, with a folder for its data and one for secrets."""
    name = buildah("from", "--pull-never", image).stdout.strip()
    # With two volumes of ours, buildah 1.28 mounts the image's own over ours in a quarter of runs.
    buildah("config", "--volume", "/app/data-", name)
    data, secrets = tmp_path / "data", tmp_path / "secrets"
    for folder in (data, secrets):
        folder.mkdir(exist_ok=True)
        os.chown(folder, 1000, 1000)

    def run(*words, **environment):
        return buildah(
            "run", "--isolation", "chroot", "--network", "host",
            "--volume", f"{data}:/app/data", "--volume", f"{secrets}:/app/.secrets:ro",
            *(f"--env={name}={value}" for name, value in environment.items()),
            name, "--", "/app/deploy/entrypoint.sh", *words, check=False,
        )  # fmt: skip

    run.data, run.secrets = data, secrets
    yield run
    buildah("rm", name)


@pytest.fixture
def world(google, tmp_path):
    """A sheet, a Drive folder, a remote, and the settings that name them."""
    sheet = google.spreadsheet()
    sheet.tabs.append(Tab(0, "Log", [HEADER, FIRST]))
    folder = google.drive.folder("exports", role="reader")
    google.drive.put("HEARTRATE_AUTO.csv", ZEPP, folder)
    settings = {
        "PDP_GOOGLE_ENDPOINT": google.url,
        "PDP_GOOGLE_SHEET": sheet.id,
        "PDP_DRIVE_FOLDER": folder,
        "PDP_REMOTE": f"drive:{google.drive.shared_drive('state')}",
        "PDP_TIME_ZONE": "Europe/Berlin",
    }
    return sheet, settings


def keys(google, folder):
    """The files that a run needs and an image must not have."""
    (folder / "passphrase").write_text("correct horse battery staple\n")
    google.credentials(folder / "service_account.json")
    for path in folder.iterdir():
        path.chmod(0o600)
        os.chown(path, 1000, 1000)


def in_folder(folder):
    return {
        "PDP_GOOGLE_CREDENTIALS_FILE": f"{folder}/service_account.json",
        "PDP_PASSPHRASE_FILE": f"{folder}/passphrase",
    }


def test_a_stateless_run_ends_with_the_same_outputs(google, world, container, tmp_path):
    sheet, settings = world
    keys(google, container.secrets)
    here = settings | in_folder(container.secrets)
    owner = Program(tmp_path / "one" / "home", **here)
    owner.home.parent.mkdir()
    for words in (("--quiet",), ("vault", "init"), ("state", "push")):
        done = owner(*words)
        assert done.exit_code == 0, done.stderr

    sheet.tabs[0].rows.append(SECOND)
    ran = container("run", **settings, **in_folder("/app/.secrets"))
    assert ran.returncode == 0, ran.stdout + ran.stderr

    assert owner("state", "pull").exit_code == 0
    assert owner("--quiet").exit_code == 0
    outputs = owner.outputs("me")
    assert b"126,80,60" in outputs["blood_pressure_readings.csv"]
    folder = container.data / "me" / "outputs"
    assert {name: (folder / name).read_bytes() for name in outputs} == outputs

    refused = container("run", PDP_SHEET="x")
    assert refused.returncode == 2

    shutil.rmtree(container.data / "me")
    again = container("run", "--json", **settings, **in_folder("/app/.secrets"))
    assert again.returncode == 0, again.stdout + again.stderr
    told = json.loads(again.stdout)
    assert (told["status"], told["profile"]) == ("up-to-date", "me")
    assert told["nodes"]
    assert not [node for node in told["nodes"] if node["action"] == "ran"]
    assert {name: (folder / name).read_bytes() for name in outputs} == outputs


class Served:
    """The image's files as a container of their own processes, as an engine starts them."""

    def __init__(self, root, image, **environment):
        self.image, self._root = image, root
        told = [f"{name}={value}" for name, value in environment.items()]
        self._start = ["env", "-i", *image["Env"], *told]
        self._user = [f"--set{kind}id=1000" for kind in "gu"]
        self._process = None

    def run(self, *words):
        """Start the entry point as the container's first process."""
        command = [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={self._root}",
            "--mount-proc", "--wd=/app", *self._user, *self._start,
            *self.image["Entrypoint"], *words,
        ]  # fmt: skip
        self._process = subprocess.Popen(command)
        return self._process

    @property
    def first(self):
        """The container's first process, as this machine counts."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text())

    def health(self):
        """What the image's own check says: 0 for healthy."""
        command = [
            "nsenter", f"--target={self.first}", "--mount", "--pid", "--root", "--wd",
            *self._user, *self._start, *self.image["Healthcheck"]["Test"][1:],
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert "nsenter:" not in done.stderr, done.stderr
        return done.returncode

    def python(self):
        """The pipeline's process, as this machine counts."""
        return int(Path(f"/proc/{self.first}/task/{self.first}/children").read_text().split()[0])


@pytest.fixture
def served(buildah, image):
    """A container to serve in, on a port of its own."""
    name = buildah("from", "--pull-never", image).stdout.strip()
    told = json.loads(buildah("inspect", "--type", "image", image).stdout)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = buildah("mount", name).stdout.strip()
    made = Served(root, told["Docker"]["config"], PORT=port)
    yield made
    if made._process is not None:
        made._process.kill()
        made._process.wait()
    buildah("umount", name)
    buildah("rm", name)


def healthy_within(served, seconds):
    end = monotonic() + seconds
    while served.health() != 0:
        if monotonic() > end:
            return False
        sleep(0.2)
    return True


def test_the_health_check_tells_a_container_that_serves_from_one_that_does_not(served):
    assert served.image["Healthcheck"]["Test"] == ["CMD", "/app/deploy/health.sh"]
    assert served.run("run", "--quiet").wait(120) == 0
    serving = served.run("serve")
    sleep(0.2)
    assert served.health() != 0, "it does not listen yet"
    assert healthy_within(served, 60)
    os.kill(served.python(), signal.SIGSTOP)
    assert served.health() != 0, "it listens and does not answer"
    os.kill(served.python(), signal.SIGCONT)
    assert healthy_within(served, 20)
    os.kill(served.first, signal.SIGTERM)
    assert serving.wait(30) == 130


def test_nothing_secret_is_in_a_layer(buildah, image, container, google, world, tmp_path):
    keys(google, container.secrets)
    layers = tmp_path / "layers"
    buildah("push", "-q", "--disable-compression", image, f"dir:{layers}")
    secrets = [CANARY, *(path.read_bytes().strip()[:60] for path in container.secrets.iterdir())]
    for path in layers.iterdir():
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as all_:
            assert not [secret for secret in secrets if all_.find(secret) >= 0], path.name


def test_the_image_is_no_root_and_says_how_it_is(buildah, image):
    told = buildah("inspect", "--type", "image", image).stdout
    assert '"User": "1000:1000"' in told
    assert "health.sh" in told
    assert '"/app/data": {}' in told
