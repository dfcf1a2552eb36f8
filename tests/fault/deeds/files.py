"""`export`: a file for others is whole or not there, and takes no other file's place unasked."""

from functools import partial

from tests.conftest import Program
from tests.fault.cutting import Deed
from tests.fault.worlds import SETTINGS

IN_THE_WAY = 2
MINE = b"a file of mine\n"


def export_of(*words):
    """An export into a folder that is not there yet."""
    return partial(_export, words, overwrites=False)


def export_over(*words):
    """An export that may replace what is there."""
    return partial(_export, words, overwrites=True)


def _export(words, folder, world, *, overwrites):
    folder.mkdir()
    world().home(folder)
    given = ["export", *words, "--out"]
    files = _made(folder, given)
    if overwrites:
        (folder / "out").mkdir(mode=0o700)
        for name in files:
            (folder / "out" / name).write_bytes(MINE)
    more = ["--overwrite"] if overwrites else []
    return Deed(
        folder,
        lambda place: [*given, f"{place / 'out'}/", *more],
        meanwhile=partial(_neither, files, {MINE} if overwrites else set()),
        done=partial(_lacking, files),
        comes_to_an_end=_ends,
        in_the_way=lambda place: (place / "out").glob("*.me-g*"),
    )


def _made(folder, given):
    """The files of an undisturbed export."""
    out = folder.with_name("undisturbed")
    done = Program(folder / "home", **SETTINGS).inside(*given, f"{out}/")
    assert done.exit_code == 0, done.stderr
    return {path.name: path.read_bytes() for path in out.iterdir()}


def _neither(files, before, place):
    """Something that is neither as before nor as it should be."""
    for name, content in files.items():
        path = place / "out" / name
        if path.exists() and path.read_bytes() not in {content, *before}:
            yield f"{name} is torn"
        elif before and not path.exists():
            yield f"{name} is gone"


def _lacking(files, place):
    for name, content in files.items():
        path = place / "out" / name
        if not path.exists() or path.read_bytes() != content:
            yield f"{name} is not there"
        elif path.stat().st_mode & 0o077:
            yield f"{name} is not for its owner alone"


def _ends(deed, place):
    """It is there, by now or since before; then it says so."""
    again = deed.once_more(place)
    if again.exit_code == IN_THE_WAY and "is there already" in again.stderr:
        for path in (place / "out").glob("*.me-g*"):
            path.unlink()
        again = deed.once_more(place)
    if again.exit_code != 0:
        yield f"again: it ends with {again.exit_code}: {again.stderr}"
    yield from deed.done(place)
    yield from (f"{path.name} is left over" for path in place.rglob("*.tmp"))
