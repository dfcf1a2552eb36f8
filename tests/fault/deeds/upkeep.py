"""What puts a profile in order: `exclude`, `--clean`, `verify --repair`."""

import shutil
from functools import partial

from registry.objects import sha256_of_file
from tests.fault.cutting import Deed
from tests.fault.deeds.exports import leftovers
from tests.fault.worlds import (
    ME,
    CommandLine,
    logical,
    missing_files,
    published,
)

OLD = b"file,row,reason\nsecond.csv,2,an old one\n"


def exclude(folder, world):
    """One row is left out, and another one shall be."""
    corrections = world().home(folder) / ME / "corrections.csv"
    corrections.write_bytes(OLD)
    corrections.chmod(0o600)
    words = ["exclude", "first.csv", "2", "--reason", "a new one"]
    return Deed(
        folder,
        lambda _place: words,
        meanwhile=partial(_corrections_are_none_of, _with_a_row),
        done=partial(_corrections_are_none_of, _with_a_row[1:]),
        comes_to_an_end=_ends,
    )


_with_a_row = (OLD, OLD + b"%b,2,a new one\n")


def _corrections_are_none_of(known, place):
    yield from missing_files(place / "home")
    found = (place / "home" / ME / "corrections.csv").read_bytes()
    (sha256,) = (
        path.parent.name for path in (place / "home" / ME / "raw").glob("??/*/content")
        if b"2026-05-02" in path.read_bytes()
    )  # fmt: skip
    if found not in [text.replace(b"%b", sha256.encode()) for text in known]:
        yield "the corrections are neither as before nor as after"


def _ends(deed, place):
    again = deed.once_more(place)
    if again.exit_code != 0:
        yield f"again: it ends with {again.exit_code}: {again.stderr}"
    yield from deed.done(place)
    yield from leftovers(place)


# -- clean ---------------------------------------------------------------------------------------


def clean(folder, world):
    """All that can be made again goes; a plain run makes it again."""
    home = world().home(folder)
    after = folder.with_name("undisturbed")
    shutil.copytree(folder, after)
    deed = Deed(
        folder,
        lambda _place: ["--clean"],
        meanwhile=partial(_published_and_gone, published(home).generation),
        done=_still_published,
    )
    assert deed.once_more(after).exit_code == 0
    assert CommandLine.again(after / "home") == 0
    made_again = logical(after / "home")
    return Deed(
        deed.before,
        deed.command,
        deed.meanwhile,
        deed.done,
        comes_to_an_end=partial(_made_again, made_again),
    )


def _published_and_gone(generation, place):
    """Something that is published, or that cannot be made again, is not there."""
    home = place / "home"
    current = published(home).generation
    if current is not None:
        yield from missing_files(home)
        if current != generation:
            yield f"generation {current} is published"
    yield from _raw_files_not_whole(home)


def _raw_files_not_whole(home):
    found = [*(home / ME / "raw").glob("??/*/content")]
    if len(found) != 2:
        yield "an export is gone"
    for path in found:
        if sha256_of_file(path).sha256 != path.parent.name:
            yield "an export has other bytes"


def _still_published(place):
    if published(place / "home").generation is not None:
        yield "what was cleaned away is published"


def _made_again(after, deed, place):
    yield from _ends(deed, place)
    if CommandLine.again(place / "home") != 0:
        yield "a plain run does not end well"
    found = logical(place / "home")
    yield from (f"a plain run makes other {name}" for name in after if found[name] != after[name])


# -- repair --------------------------------------------------------------------------------------


def repair(folder, world):
    """A result is cut short, a view gone, a manifest torn, an origin empty."""
    profile = world().home(folder) / ME
    whole, files = logical(profile.parent), _intact(profile)
    (profile / "outputs" / "daily_metrics.csv").unlink()
    for pattern in ("objects/??/*/table.parquet", "manifests/1.json", "raw/??/*/origin.json"):
        path = min(profile.glob(pattern))
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:20])
        files.pop(path.relative_to(profile), None)
    return Deed(
        folder,
        lambda _place: ["verify", "--repair"],
        meanwhile=partial(_spoilt, files),
        done=partial(_not_as_it_was, whole),
    )


def _intact(profile):
    """What is stored by its hash."""
    found = [*profile.glob("raw/??/*/content"), *profile.glob("objects/??/*/*")]
    return {path.relative_to(profile): sha256_of_file(path).sha256 for path in found}


def _spoilt(files, place):
    """Something that was whole is not."""
    for path, sha256 in files.items():
        target = place / "home" / ME / path
        if not target.is_file() or sha256_of_file(target).sha256 != sha256:
            yield f"{path.parts[0]} lost something that was whole"


def _not_as_it_was(whole, place):
    found = logical(place / "home")
    counts = whole.keys() - {"leftovers"}
    return [f"{name} differs" for name in counts if found[name] != whole[name]]
