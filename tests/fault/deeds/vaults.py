"""`vault`: at every moment passphrase or recovery key open it, and no key lies anywhere else."""

import io
from functools import cache, partial
from pathlib import Path

from adapters.vault import VaultError
from adapters.vault.age import encrypt, identities_in, new_identity, recipients_in
from adapters.vault.unwrapping import unwrap
from adapters.vault.vault import identity_text, state_key_of
from adapters.vault.wrapping import wrap
from tests.fault import quick_vault
from tests.fault.cutting import Deed
from tests.fault.quick_vault import QUICK
from tests.fault.worlds import ME

OLD, NEW = "an old passphrase, long", "a new passphrase, longer"
PLAIN = 9_000 * b"a line of what is secret\n"
SECRET = b"AGE-SECRET-KEY-1"
VAULT_EXISTS = WRONG_PASSPHRASE = 2
SCRIPT = Path(quick_vault.__file__)


def init(folder, _world):
    """No vault, and no home."""
    _passphrases(folder)
    return Deed(
        folder,
        lambda place: ["vault", "init", "--recovery", str(place / "keys" / "recovery.txt")],
        meanwhile=_init_meanwhile,
        done=_made,
        settings=_settings,
        comes_to_an_end=_init_ends,
        in_the_way=_key_of_nothing,
        script=SCRIPT,
    )


def change_passphrase(folder, _world):
    """A vault that the old passphrase opens."""
    _passphrases(folder)
    identity = new_identity()
    text, vault = identity_text(identity), folder / "home" / ME / "vault"
    (folder / "keys").mkdir()
    (folder / "keys" / "recovery.txt").write_text(text)
    vault.mkdir(parents=True, mode=0o700)
    (vault / "identity.age").write_bytes(wrap(text, OLD, QUICK))
    (vault / "recipients.txt").write_text(f"{identity.to_public()}\n")
    (vault / "state.key").write_text(f"{state_key_of(identity).hex()}\n")
    return Deed(
        folder,
        lambda _place: ["vault", "change-passphrase"],
        meanwhile=partial(_opens, passphrases=(OLD, NEW)),
        done=partial(_opens, passphrases=(NEW,)),
        settings=_settings,
        comes_to_an_end=_change_ends,
        script=SCRIPT,
    )


def open_file(folder, _world):
    """Something that was encrypted, and that the recovery key opens."""
    folder.mkdir()
    identity = new_identity()
    (folder / "keys").mkdir()
    (folder / "keys" / "recovery.txt").write_text(identity_text(identity))
    with (folder / "secret.age").open("wb") as target:
        encrypt(io.BytesIO(PLAIN), target, [str(identity.to_public())])
    return Deed(
        folder,
        lambda place: ["vault", "open", str(place / "secret.age"), "--output",
                       str(place / "plain")],
        meanwhile=lambda place: _torn(place / "plain") if (place / "plain").exists() else [],
        done=lambda place: _torn(place / "plain"),
        settings=lambda place: {"PDP_IDENTITY_FILE": str(place / "keys" / "recovery.txt")},
        comes_to_an_end=_open_ends,
        in_the_way=lambda place: place.glob("plain"),
    )  # fmt: skip


def _torn(path):
    if not path.exists() or path.read_bytes() != PLAIN:
        yield "what was opened is not there, or torn"


def _open_ends(deed, place):
    for path in place.glob("plain"):
        path.unlink()
    again = deed.once_more(place)
    if again.exit_code != 0:
        yield f"again: it ends with {again.exit_code}: {again.stderr}"
    yield from deed.done(place)
    yield from _leftovers(place)


def _passphrases(folder):
    folder.mkdir()
    (folder / "old").write_text(OLD)
    (folder / "new").write_text(NEW)


def _settings(place):
    return {
        "PDP_PASSPHRASE_FILE": str(place / "old"),
        "PDP_NEW_PASSPHRASE_FILE": str(place / "new"),
    }


# -- init ----------------------------------------------------------------------------------------


def _key_of_nothing(place):
    return [] if _vault(place, "identity.age").exists() else [place / "keys" / "recovery.txt"]


def _init_meanwhile(place):
    """If there is an identity, all of the vault is there, and both keys open it."""
    yield from _secrets_elsewhere(place)
    if _vault(place, "identity.age").exists():
        yield from _made(place)


def _made(place):
    recovery = place / "keys" / "recovery.txt"
    try:
        (identity,) = identities_in(recovery.read_text(), "recovery")
        recipients = recipients_in(_vault(place, "recipients.txt").read_text(), "recipients")
        state_key = _vault(place, "state.key").read_text()
    except (OSError, VaultError) as error:
        yield f"not all of it is there: {error!r}"
        return
    if recovery.stat().st_mode & 0o777 != 0o600:
        yield "the recovery key is not for its owner alone"
    own = ([str(identity.to_public())], f"{state_key_of(identity).hex()}\n")
    if (recipients, state_key) != own:
        yield "its parts are of different identities"
    if _opened(place, OLD) != identity_text(identity):
        yield "the passphrase does not open it"


def _init_ends(deed, place):
    """It is made, or was, or a recovery key of no vault lies in the way: which it says."""
    again = deed.once_more(place)
    if again.exit_code == VAULT_EXISTS and "a vault already" not in again.stderr:
        if "move it" not in again.stderr:
            yield f"again: {again.stderr}"
        (place / "keys" / "recovery.txt").unlink()
        again = deed.once_more(place)
    if again.exit_code not in (0, VAULT_EXISTS):
        yield f"again: it ends with {again.exit_code}: {again.stderr}"
    yield from deed.done(place)
    yield from _secrets_elsewhere(place)
    yield from _leftovers(place)


# -- change-passphrase ---------------------------------------------------------------------------


def _opens(place, passphrases):
    yield from _secrets_elsewhere(place)
    try:
        text = (place / "keys" / "recovery.txt").read_text()
        if not any(_opened(place, passphrase) == text for passphrase in passphrases):
            yield "no passphrase opens it"
    except OSError as error:
        yield f"not all of it is there: {error!r}"


def _change_ends(deed, place):
    """The new passphrase opens it: by now, or since before."""
    again = deed.once_more(place)
    if again.exit_code not in (0, WRONG_PASSPHRASE):
        yield f"again: it ends with {again.exit_code}: {again.stderr}"
    yield from deed.done(place)
    yield from _leftovers(place)


# -- both ----------------------------------------------------------------------------------------


def _vault(place, name):
    return place / "home" / ME / "vault" / name


def _opened(place, passphrase):
    """What a passphrase opens; None for nothing."""
    return _unwrapped(_vault(place, "identity.age").read_bytes(), passphrase)


@cache
def _unwrapped(wrapped, passphrase):
    try:
        return unwrap(wrapped, passphrase)
    except VaultError:
        return None


def _secrets_elsewhere(place):
    """A key in the clear, anywhere but in the recovery file."""
    for path in place.rglob("*"):
        if path.is_file() and path.parent.name != "keys" and SECRET in path.read_bytes():
            yield f"a key in the clear: {path.name}"


def _leftovers(place):
    return [f"{path.name} is left over" for path in place.rglob("*.tmp")]
