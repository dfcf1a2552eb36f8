"""Kinds of change that may happen between two runs, each with its way back.

`says` is whether the medium path has to answer wherever the whole program would do nothing; the
others are left to the whole program. A change that makes it do something must stop both.
"""

import contextlib
import os
import shutil
import sqlite3
import sys
from dataclasses import dataclass

from tests.snapshot_world import MORE_READINGS, READINGS

CODE = "dataflows/clinical.py"


@dataclass(frozen=True)
class Change:
    """A named change of a world; as a context, it lasts as long as the block."""

    name: str
    doing: object
    says: bool

    def __call__(self, world):
        return contextlib.contextmanager(self.doing)(world)


CHANGES = []


def change(name, *, says=False):
    """Put a generator function on the list: what comes after its `yield` is the way back."""

    def register(doing):
        CHANGES.append(Change(name, doing, says))
        return doing

    return register


@contextlib.contextmanager
def other_bytes(path, content, *, keeps_time=False):
    """A file with another content, and afterwards with its own again; both are new files."""
    before = path.read_bytes() if path.exists() else None
    found = path.stat() if before is not None else None
    mode = found.st_mode if found else 0o600
    write(path, content, mode)
    if keeps_time:
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    yield
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, before, mode)


def write(path, content, mode):
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def replaced(path, before, after):
    content = path.read_bytes()
    assert before in content, path
    return content.replace(before, after, 1)


def edited(path, before, after, **options):
    return other_bytes(path, replaced(path, before, after), **options)


@contextlib.contextmanager
def set_name(world, name, value):
    before = world.environment.get(name)
    world.environment[name] = value
    yield
    if before is None:
        del world.environment[name]
    else:
        world.environment[name] = before


# -- our code ------------------------------------------------------------------------------------


@change("a source file is edited; its size and its time of change stay")
def _(world):
    with edited(world.project / CODE, b"Limits(50, 300)", b"Limits(50, 290)", keeps_time=True):
        yield


@change("a source file is touched", says=True)
def _(world):
    (world.project / CODE).touch()
    yield


@change("a comment is written into the flow", says=True)
def _(world):
    with edited(world.project / CODE, b"from dataclasses", b"# a remark\nfrom dataclasses"):
        yield


@change("the flow is reformatted", says=True)
def _(world):
    with edited(world.project / CODE, b"Limits(50, 300)", b"Limits(\n    50,\n    300,\n)"):
        yield


@change("a docstring of the flow says something else", says=True)
def _(world):
    with edited(world.project / CODE, b"The lowest and the highest value", b"The two ends"):
        yield


@change("the flow is no Python any more")
def _(world):
    with edited(world.project / CODE, b"from dataclasses", b"from from dataclasses"):
        yield


@change("an adapter is edited")
def _(world):
    with edited(world.project / "adapters/running/views.py", b'"needed"', b'"all_valid"'):
        yield


@change("an adapter gets a comment", says=True)
def _(world):
    with edited(
        world.project / "adapters/running/views.py", b'"needed"', b'"needed"  # a remark\n'
    ):
        yield


@change("the schema is edited")
def _(world):
    with edited(world.project / "registry/schema.sql", b"-- The registry", b"-- A registry"):
        yield


@change("a data file beside the flow is edited")
def _(world):
    path = world.project / "dataflows" / "codes.json"
    path.write_bytes(b"{}")
    world.slow()
    with other_bytes(path, b"[]"):
        yield
    path.unlink()


@change("cli.py is edited")
def _(world):
    with edited(world.project / "cli.py", b"gc.disable()", b"gc.enable()"):
        yield


@change("cli.py is a link to an equal file", says=True)
def _(world):
    path, real = world.project / "cli.py", world.folder / "real_cli.py"
    path.rename(real)
    path.symlink_to(real)
    yield
    path.unlink()
    real.rename(path)


@change("what a linked source file leads to is edited")
def _(world):
    path, real = world.project / CODE, world.folder / "real.py"
    path.rename(real)
    path.symlink_to(real)
    world.settle()
    with edited(real, b"Limits(50, 300)", b"Limits(50, 290)", keeps_time=True):
        yield
    path.unlink()
    real.rename(path)


@change("a module shadows one of the standard library")
def _(world):
    with other_bytes(world.project / "zipfile.py", b""):
        yield


@change("a package appears beside ours")
def _(world):
    (world.project / "pandera").mkdir()
    (world.project / "pandera" / "__init__.py").touch()
    yield
    shutil.rmtree(world.project / "pandera")


@change("a module appears within the flow")
def _(world):
    with other_bytes(world.project / "dataflows" / "more.py", b"LIMIT = 3\n"):
        yield


@change("a module of ours is gone")
def _(world):
    path = world.project / "adapters" / "standalone.py"
    content = path.read_bytes()
    path.unlink()
    yield
    path.write_bytes(content)


@change("a folder for compiled code appears", says=True)
def _(world):
    folder = world.project / "registry" / "__pycache__"
    had_one = folder.exists()
    folder.mkdir(exist_ok=True)
    (folder / "x.pyc").touch()
    yield
    (folder / "x.pyc").unlink()
    if not had_one:
        folder.rmdir()


@change("other things lie beside the program", says=True)
def _(world):
    with other_bytes(world.project / "notes.txt", b"buy a new cuff"):
        yield


# -- Python and what is installed ----------------------------------------------------------------


@change("a distribution is installed")
def _(world):
    folder = world.site / "other-2.0.dist-info"
    folder.mkdir()
    yield
    folder.rmdir()


@change("a distribution has another version")
def _(world):
    before, after = (world.site / f"thing-{version}.dist-info" for version in ("1.0", "1.1"))
    before.rename(after)
    yield
    after.rename(before)


@change("a path file appears in the site's folder")
def _(world):
    with other_bytes(world.site / "more.pth", b"/nowhere\n"):
        yield


@change("a path file says something else")
def _(world):
    with other_bytes(world.site / "thing.pth", b"/nowhere\n"):
        yield


@change("Python is another build")
def _(world):
    before = sys.version
    world.patch.setattr(sys, "version", before.replace("3.", "3.0", 1))
    yield
    world.patch.setattr(sys, "version", before)


@change("Python is another program")
def _(world):
    before = sys.executable
    world.patch.setattr(sys, "executable", "/usr/bin/env")
    yield
    world.patch.setattr(sys, "executable", before)


@change("warnings are errors")
def _(world):
    world.patch.setattr(sys, "warnoptions", ["error"])
    yield
    world.patch.setattr(sys, "warnoptions", [])


@change("the import path begins elsewhere")
def _(world):
    before = list(sys.path)
    sys.path.insert(0, str(world.folder))
    yield
    sys.path[:] = before


@change("the import path has another order")
def _(world):
    sys.path.append(sys.path.pop(1))
    yield
    sys.path.insert(1, sys.path.pop())


# -- settings ------------------------------------------------------------------------------------


@change("PDP_DATE_ORDER is set")
def _(world):
    with set_name(world, "PDP_DATE_ORDER", "DMY"):
        yield


@change("PDP_GUIDELINE is set")
def _(world):
    with set_name(world, "PDP_GUIDELINE", "nice"):
        yield


@change("PDP_GUIDELINE says the default", says=True)
def _(world):
    with set_name(world, "PDP_GUIDELINE", "esc_2024"):
        yield


@change("PDP_EVENING is set")
def _(world):
    with set_name(world, "PDP_EVENING", "18:00-23:59"):
        yield


@change("PDP_BIRTH_YEAR is set")
def _(world):
    with set_name(world, "PDP_BIRTH_YEAR", "1960"):
        yield


@change("PDP_TIME_ZONE is set")
def _(world):
    with set_name(world, "PDP_TIME_ZONE", "Asia/Tokyo"):
        yield


@change("PDP_AS_OF is set")
def _(world):
    with set_name(world, "PDP_AS_OF", "2025-06-03T00:00:00Z"):
        yield


@change("a setting is misspelt")
def _(world):
    with set_name(world, "PDP_TIMEZONE", "Asia/Tokyo"):
        yield


@change("an unknown setting in small letters")
def _(world):
    with set_name(world, "pdp_home", "elsewhere"):
        yield


@change("a setting is set to nothing", says=True)
def _(world):
    with set_name(world, "PDP_DATE_ORDER", ""):
        yield


@change("TZ names another zone")
def _(world):
    with set_name(world, "TZ", "Asia/Tokyo"):
        yield


@change("TZ names the same zone", says=True)
def _(world):
    with set_name(world, "TZ", "Etc/UTC"):
        yield


@change("HOME is another folder", says=True)
def _(world):
    with set_name(world, "HOME", "/nowhere"):
        yield


@change("Python's hash seed is set")
def _(world):
    with set_name(world, "PYTHONHASHSEED", "1"):
        yield


@change("a variable of Hamilton's is set")
def _(world):
    with set_name(world, "HAMILTON_TELEMETRY_ENABLED", "false"):
        yield


@change("an unread variable is set", says=True)
def _(world):
    with set_name(world, "EDITOR", "ed"):
        yield


@change(".env appears, and says nothing", says=True)
def _(world):
    with other_bytes(world.folder / ".env", b""):
        yield


@change(".env appears with a zone")
def _(world):
    with other_bytes(world.folder / ".env", b"PDP_TIME_ZONE=Asia/Tokyo\n"):
        yield


@change(".env appears with another home")
def _(world):
    arguments, world.arguments = world.arguments, []
    with other_bytes(world.folder / ".env", b"PDP_HOME=elsewhere\n"):
        yield
    world.arguments = arguments


@change("the machine's zone is another link", says=True)
def _(world):
    before = world.zone.readlink()
    world.zone.unlink()
    world.zone.symlink_to("/usr/share/zoneinfo/GMT")
    yield
    world.zone.unlink()
    world.zone.symlink_to(before)


@change("the run begins in another folder", says=True)
def _(world):
    world.patch.chdir(world.site)
    yield
    world.patch.chdir(world.folder)


@change("the home is written in another way", says=True)
def _(world):
    arguments, world.arguments = world.arguments, ["--home", "home"]
    yield
    world.arguments = arguments


@change("the profile is named", says=True)
def _(world):
    arguments = world.arguments
    world.arguments = [*arguments, "--profile", "me"]
    yield
    world.arguments = arguments


@change("another profile is named")
def _(world):
    arguments = world.arguments
    world.arguments = [*arguments, "--profile", "you"]
    yield
    world.arguments = arguments


@change("home and profile change places")
def _(world):
    arguments = world.arguments
    world.arguments = ["--profile", "home", "--home", "me"]
    yield
    world.arguments = arguments


# -- what comes in -------------------------------------------------------------------------------


@change("a file comes into a folder of the inbox")
def _(world):
    with other_bytes(world.inbox / "log" / "more.csv", MORE_READINGS.encode()):
        yield


@change("a file of the inbox is touched", says=True)
def _(world):
    (world.inbox / "log" / "readings.csv").touch()
    yield


@change("a file of the inbox is copied over itself", says=True)
def _(world):
    with other_bytes(world.inbox / "log" / "readings.csv", READINGS.encode()):
        yield


@change("a file of the inbox is edited")
def _(world):
    edited_text = READINGS.replace("121", "131").encode()
    with other_bytes(world.inbox / "log" / "readings.csv", edited_text):
        yield


@change("a hidden file comes into the inbox", says=True)
def _(world):
    with other_bytes(world.inbox / ".DS_Store", b"x"):
        yield


@change("an empty folder comes into the inbox", says=True)
def _(world):
    (world.inbox / "new").mkdir()
    yield
    (world.inbox / "new").rmdir()


@change("the inbox is emptied", says=True)
def _(world):
    shutil.move(world.inbox / "log", world.folder / "away")
    yield
    shutil.move(world.folder / "away", world.inbox / "log")


@change("a file of the inbox is a link")
def _(world):
    path = world.inbox / "log" / "readings.csv"
    path.rename(world.folder / "linked.csv")
    path.symlink_to(world.folder / "linked.csv")
    yield
    path.unlink()
    (world.folder / "linked.csv").rename(path)


@change("corrections.csv appears, and is empty", says=True)
def _(world):
    with other_bytes(world.profile / "corrections.csv", b""):
        yield


@change("a row is excluded")
def _(world):
    text = b"file,row,reason\nreadings.csv,2,wrong cuff\n"
    with other_bytes(world.profile / "corrections.csv", text):
        yield


# -- what was made -------------------------------------------------------------------------------


@change("an object may be written to", says=True)
def _(world):
    path = world.objects()[0]
    path.chmod(0o600)
    yield
    path.chmod(0o400)


@change("an object is touched", says=True)
def _(world):
    world.objects()[1].touch()
    yield


@change("an object is cut short")
def _(world):
    path = world.objects()[2]
    path.chmod(0o600)
    os.truncate(path, 1)
    yield


@change("an object is gone")
def _(world):
    world.objects()[3].unlink()
    yield


@change("an object that no output needs is gone")
def _(world):
    next(world.profile.glob("objects/??/*/value.json")).unlink()
    yield


@change("a raw file is gone")
def _(world):
    next(world.profile.glob("raw/??/*/content")).unlink()
    yield


@change("a view is edited")
def _(world):
    with other_bytes(world.profile / "outputs" / "daily_metrics.csv", b"spoilt"):
        yield


@change("a view is touched", says=True)
def _(world):
    (world.profile / "outputs" / "daily_metrics.csv").touch()
    yield


@change("a view is gone")
def _(world):
    (world.profile / "outputs" / "daily_metrics.csv").unlink()
    yield


@change("the head names another generation")
def _(world):
    with other_bytes(world.profile / "head", b"99\n"):
        yield


@change("the registry is a copy of itself", says=True)
def _(world):
    path = world.profile / "registry.sqlite"
    with other_bytes(path, path.read_bytes()):
        yield


@change("the registry has another note")
def _(world):
    registry = sqlite3.connect(world.profile / "registry.sqlite")
    registry.execute("INSERT OR REPLACE INTO note VALUES ('unpacked/x', '{}')")
    registry.commit()
    registry.close()
    yield


@change("something is noted in the registry that nothing rests on", says=True)
def _(world):
    registry = sqlite3.connect(world.profile / "registry.sqlite")
    registry.execute("INSERT OR REPLACE INTO setting VALUES ('a remark', 'x')")
    registry.commit()
    registry.close()
    yield


@change("the profile is a copy in a new folder", says=True)
def _(world):
    shutil.copytree(world.home, world.folder / "copy", symlinks=True)
    shutil.rmtree(world.home)
    (world.folder / "copy").rename(world.home)
    yield


@change("the home has moved", says=True)
def _(world):
    home, arguments = world.home, world.arguments
    world.home = world.home.rename(world.folder / "moved")
    world.profile, world.inbox = world.home / "me", world.home / "me" / "inbox"
    world.arguments = ["--home", str(world.home)]
    yield
    world.home = world.home.rename(home)
    world.profile, world.inbox = world.home / "me", world.home / "me" / "inbox"
    world.arguments = arguments
