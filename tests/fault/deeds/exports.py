"""`import` and `exclude`: an export is stored whole or not, and what was told is there for good."""

import shutil
import zipfile
from functools import partial

from registry.objects import sha256_of_file
from tests.conftest import LOG, Program
from tests.fault.cutting import Deed
from tests.fault.worlds import ME, SETTINGS, logical, missing_files

DAY = LOG + "2026-05-{0:02d},08:00,12{0},81,61,\n"


def first_import(folder, _world):
    """A file, and an archive of two, into a home that is not there yet."""
    _dropped(folder)
    return _import(folder)


def later_import(folder, _world):
    """The same into a home that holds one of them, and something else."""
    _dropped(folder)
    program = Program(folder / "home", **SETTINGS)
    inbox = folder / "home" / ME / "inbox"
    inbox.mkdir(parents=True, mode=0o700)
    (inbox / "second.csv").write_text(DAY.format(2))
    (folder / "first.csv").write_text(DAY.format(1))
    for file in ("first.csv", "home/me/inbox/second.csv"):
        assert program.inside("import", str(folder / file)).exit_code == 0
    return _import(folder)


def _dropped(folder):
    drop = folder / "drop"
    drop.mkdir(parents=True)
    (drop / "third.csv").write_text(DAY.format(3))
    with zipfile.ZipFile(drop / "archive.zip", "w") as archive:
        for number in (2, 4):
            archive.writestr(f"{number}.csv", DAY.format(number))


def _import(folder):
    after = shutil.copytree(folder, folder.with_name("undisturbed"))
    assert Program(after / "home", **SETTINGS).inside(*_drop(after)).exit_code == 0
    return Deed(
        folder,
        _drop,
        meanwhile=partial(not_whole, folder),
        done=partial(differences, logical(after / "home")),
        comes_to_an_end=_ends,
    )


def _drop(place):
    return ["import", str(place / "drop")]


def _ends(deed, place):
    again = deed.once_more(place)
    if again.exit_code != 0:
        return [f"again: it ends with {again.exit_code}: {again.stderr}"]
    return [f"again: {word}" for word in (*deed.done(place), *leftovers(place))]


def not_whole(before, place):
    """An export stored in part, one that is registered and not there, a changed original."""
    home = place / "home"
    yield from missing_files(home)
    for path in (home / ME / "raw").glob("??/*/content"):
        if sha256_of_file(path).sha256 != path.parent.name:
            yield "an export is stored in part"
    for inner in ("drop", "home/me/inbox"):
        for path in (before / inner).glob("*"):
            if (place / inner / path.name).read_bytes() != path.read_bytes():
                yield "an original was touched"


def differences(after, place):
    """In what a home is not as an undisturbed import leaves it, but for what the next removes."""
    found = logical(place / "home")
    counts = after.keys() - {"leftovers"}
    return [f"{name} differs" for name in counts if found[name] != after[name]]


def leftovers(place):
    """What a killed writer left."""
    return [f"{path.name} is left over" for path in place.rglob("*.tmp")]
