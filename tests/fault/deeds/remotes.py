"""`state push`, `pull` and `prune` with a folder as the remote, which may be a disk of its own.

The remote's head always leads to a state that is whole, and a home is what it was or what it will
be. What was told to be pushed or pulled is there for good, and what was pruned is gone for good.
"""

import shutil
from functools import cache, partial
from pathlib import Path

from adapters import AdapterError
from adapters.remote.folder import FolderBackend
from adapters.remote.remote_state import manifest_at, sealed_head
from adapters.remote.sealing import Seal
from adapters.remote.transfer import Dropped, Expected, fetch
from adapters.vault.age import identities_in, new_identity
from adapters.vault.vault import identity_text, state_key_of
from tests.conftest import Program
from tests.fault import small_put
from tests.fault.cutting import Deed
from tests.fault.deeds.exports import DAY
from tests.fault.worlds import (
    ME,
    SETTINGS,
    CommandLine,
    World,
    differences,
    logical,
    loose_modes,
    missing_files,
    published,
    violations,
)

WRAPPED = b"nobody unwraps it here\n"
DISKS = (None, "home", "remote")


def head(folder, _world):
    """An object and a head by one thread: where it is killed does not vary."""
    folder.mkdir()
    return Deed(
        folder,
        lambda place: [str(place / "remote")],
        meanwhile=_head_leads_nowhere,
        done=lambda place: [] if (place / "remote" / "head").exists() else ["there is no head"],
        script=Path(small_put.__file__),
    )


def _head_leads_nowhere(place):
    backend = FolderBackend(place / "remote")
    found = backend.head()
    if found is not None:
        try:
            contents = found.content, b"".join(backend.get(small_put.NAME))
        except AdapterError:
            contents = ()
        if contents != (small_put.HEAD, small_put.CONTENT):
            yield "the head leads to what is not there"


def first_push(folder, world):
    """The remote is not there yet."""
    return _pushing(_with_vault(folder, world))


def later_push(folder, world):
    """The remote has the first generation, and the home a second one."""
    place = _with_vault(folder, world)
    _do(place, "state", "push")
    assert CommandLine.again(place / "home") == 0
    return _pushing(place)


def repairing_push(folder, world):
    """In the remote, one object is cut short and another one is gone."""
    place = _with_vault(folder, world)
    _do(place, "state", "push")
    generation = published(place / "home").generation
    torn, gone, *_ = sorted((place / "remote" / "objects").glob("??/*"))[::9]
    torn.chmod(0o600)
    torn.write_bytes(torn.read_bytes()[:-1])
    gone.unlink()
    return Deed(
        _taken_away(place),
        lambda _place: ["state", "push", "--repair"],
        meanwhile=lambda place: missing_files(place / "home"),
        done=partial(_lacks_generation, generation=generation),
        settings=_settings,
        comes_to_an_end=_push_ends,
        disks=DISKS,
    )


def first_pull(folder, world):
    """There is neither home nor vault."""
    place = _with_two_states(folder, world)
    shutil.rmtree(place / "home")
    return _pulling(place)


def later_pull(folder, world):
    """The home has the first generation, and the remote a second one."""
    return _pulling(_with_two_states(folder, world))


def merging_pull(folder, world):
    """The same, and the home has an export of its own."""
    place = _with_two_states(folder, world)
    (place / "own.csv").write_text(DAY.format(5))
    _do(place, "import", str(place / "own.csv"))
    return _pulling(place, "--merge")


def prune(folder, world):
    """The home and the remote have two generations, and the remote what the first push made."""
    place = _with_vault(folder, world)
    _do(place, "state", "push")
    assert CommandLine.again(place / "home") == 0
    _do(place, "state", "push")
    return _pruning(place)


# -- how it is before ----------------------------------------------------------------------------


def _with_vault(folder, world):
    """A home with a generation and a vault, where it will be tried: files name the place."""
    place = folder.with_name("place")
    home = world().home(place)
    identity = new_identity()
    text, vault = identity_text(identity), home / ME / "vault"
    (place / "recovery.txt").write_text(text)
    vault.mkdir(mode=0o700)
    _private(vault / "identity.age", WRAPPED)
    _private(vault / "recipients.txt", f"{identity.to_public()}\n".encode())
    _private(vault / "state.key", f"{state_key_of(identity).hex()}\n".encode())
    return place


def _private(path, content):
    path.write_bytes(content)
    path.chmod(0o600)


def _with_two_states(folder, world):
    """What was pushed twice; the home as it was at the first time."""
    place = _with_vault(folder, world)
    _do(place, "state", "push")
    shutil.copytree(place / "home", place / "earlier")
    assert CommandLine.again(place / "home") == 0
    _do(place, "state", "push")
    shutil.rmtree(place / "home")
    (place / "earlier").rename(place / "home")
    return place


def _settings(place):
    return {
        "PDP_REMOTE": str(place / "remote"),
        "PDP_IDENTITY_FILE": str(place / "recovery.txt"),
    }


def _do(place, *arguments):
    program = Program(place / "home", **SETTINGS, **_settings(place))
    done = program.inside("--quiet", *arguments)
    assert done.exit_code == 0, done.stderr


def _taken_away(place):
    before = place.with_name("before")
    place.rename(before)
    return before


# -- push ----------------------------------------------------------------------------------------


def _pushing(place):
    generation = published(place / "home").generation
    return Deed(
        _taken_away(place),
        lambda _place: ["state", "push"],
        meanwhile=_remote_is_not_whole,
        done=partial(_lacks_generation, generation=generation),
        settings=_settings,
        comes_to_an_end=_push_ends,
        disks=DISKS,
    )


def _remote_is_not_whole(place):
    """A head that does not verify, or that leads to what is not there."""
    yield from missing_files(place / "home")
    try:
        _generation_in(place)
    except AdapterError as error:
        yield f"what the remote's head leads to is not there: {error}"


def _lacks_generation(place, generation):
    if _generation_in(place) != generation:
        yield "what was told to be pushed is not in the remote"


def _push_ends(deed, place):
    again = deed.once_more(place)
    if again.exit_code != 0:
        return [f"again: it ends with {again.exit_code}: {again.stderr}"]
    found = [*deed.meanwhile(place), *deed.done(place), *_another_home(place)]
    return [*found, *_leftovers(place)]


def _another_home(place):
    """Whoever pulls gets all of it."""
    other = Program(place / "other", **SETTINGS, **_settings(place))
    pulled = other.inside("--quiet", "state", "pull")
    if pulled.exit_code != 0:
        return [f"who pulls meets {pulled.exit_code}: {pulled.stderr}"]
    here, there = logical(place / "home"), logical(place / "other")
    return [f"who pulls has other {kind}" for kind in ("computations", "raw", "artifacts")
            if here[kind] != there[kind]]  # fmt: skip


def _generation_in(place):
    """The generation in the remote, where all of it is whole; None before the first push."""
    backend, keys = FolderBackend(place / "remote"), _keys(place)
    found, manifest = _head_in(place)
    if found is None:
        return None
    if b"".join(backend.get(found.facts.identity_name)) != WRAPPED:
        raise AdapterError("the wrapped identity is another one")
    for entry in manifest.entries:
        target = Dropped(Expected(entry.sha256, entry.size))
        fetch(backend, entry.name, keys, target, "an object")
    return manifest.generation


def _head_in(place):
    """The head in the remote, and its manifest; None before the first push."""
    backend, keys = FolderBackend(place / "remote"), _keys(place)
    seal = Seal(state_key_of(keys[0]))
    found = sealed_head(backend, seal)
    if found is None:
        return None, None
    return found, manifest_at(backend, seal, found.facts.manifest, keys)


def _keys(place):
    return identities_in((place / "recovery.txt").read_text(), "recovery")


def _leftovers(place):
    """What was half-written here; in the remote, others may be writing."""
    return [f"{path.name} is left over" for path in (place / "home").rglob("*.tmp")]


# -- prune ---------------------------------------------------------------------------------------


def _pruning(place):
    return Deed(
        _taken_away(place),
        lambda _place: ["state", "prune"],
        meanwhile=_remote_is_not_whole,
        done=_has_garbage,
        settings=_settings,
        comes_to_an_end=_push_ends,
        disks=DISKS,
    )


def _has_garbage(place):
    """Anything beside the head's manifest, the wrapped identity and what the manifest names."""
    _, manifest = _head_in(place)
    needed = {entry.name.partition("/")[2] for entry in manifest.entries}
    files = {path.name for path in (place / "remote" / "objects").glob("??/*")}
    if len(files) != len(needed) + 2 or not needed < files:
        yield f"of {len(files)} objects in the remote {len(needed) + 2} are needed"


# -- pull ----------------------------------------------------------------------------------------


def _pulling(place, *options):
    words = ["state", "pull", *options]
    before = place.with_name("before")
    shutil.copytree(place, before)
    (before / "home" / ME).mkdir(parents=True, exist_ok=True)
    world = World(
        before / "home", lambda _: [], lambda _: 0, {},
        old=published(before / "home"), new=_after(place, words), after=logical(place / "home"),
    )  # fmt: skip
    if not (before / "home" / ME / "lock").exists():
        shutil.rmtree(before / "home")
    shutil.rmtree(place)
    return Deed(
        before,
        lambda _place: words,
        meanwhile=partial(_neither_old_nor_new, world),
        done=partial(_not_pulled, world),
        settings=_settings,
        comes_to_an_end=_pull_ends,
        disks=DISKS[:2],
    )


def _after(place, words):
    _do(place, *words)
    return published(place / "home")


def _neither_old_nor_new(world, place):
    yield from violations(place / "home", world)
    if _files(place / "remote") != _files_before(world.before.parent / "remote"):
        yield "the remote was touched"


def _not_pulled(world, place):
    yield from differences(place / "home", world, but_not={"leftovers", "modes"})
    yield from (loose for loose in loose_modes(place / "home") if "incoming" not in loose)
    vault = place / "home" / ME / "vault"
    try:
        if (vault / "identity.age").read_bytes() != WRAPPED:
            yield "the vault is another one"
        if "age1" not in (vault / "recipients.txt").read_text():
            yield "the vault has no recipients"
    except OSError as error:
        yield f"the vault is not whole: {error!r}"


def _pull_ends(deed, place):
    again = deed.once_more(place)
    if again.exit_code != 0:
        return [f"again: it ends with {again.exit_code}: {again.stderr}"]
    return [f"again: {word}" for word in (*deed.done(place), *_leftovers(place))]


def _files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
            if path.is_file()}  # fmt: skip


@cache
def _files_before(folder: Path):
    return _files(folder)
