"""Whether the encrypted state can be kept where the settings say."""

import stat
from collections.abc import Iterator
from typing import Final

from adapters import AdapterError
from adapters.profile import Profile
from adapters.remote.access import Access
from adapters.remote.remote_state import sealed_head
from adapters.settings import Settings
from adapters.terminal.doctor import Finding
from adapters.vault.vault import vault_of

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def remote_findings(settings: Settings, profile: Profile) -> Iterator[Finding]:
    """The files with keys, the vault and the remote; nothing where none is named."""
    for name in ("passphrase_file", "identity_file"):
        path = getattr(settings, name)
        if path is not None:
            setting = f"PDP_{name.upper()}"
            try:
                is_private = not path.stat().st_mode & _OTHERS
            except OSError as error:
                yield Finding(setting, is_fine=False, found=f"{path}: {error.strerror}; mend it")
            else:
                words = (
                    "for its owner alone" if is_private else f"others can read it; chmod 600 {path}"
                )
                yield Finding(setting, is_private, words)
    if settings.remote is not None:
        yield _vault(profile)
        yield _remote(settings, profile)


def _vault(profile: Profile) -> Finding:
    exists = vault_of(profile).exists
    words = "`python cli.py vault init` makes one, `state pull` brings the remote's"
    return Finding("vault", exists, "there" if exists else f"none for {profile.name}; {words}")


def _remote(settings: Settings, profile: Profile) -> Finding:
    try:
        access = Access(settings, profile)
        if not access.vault.exists:
            state = "it holds a state" if access.backend.head() else "it holds nothing yet"
        else:
            found = sealed_head(access.backend, access.seal)
            state = (
                f"it is at state {found.facts.manifest.counter}" if found else "nothing there yet"
            )
    except AdapterError as error:
        return Finding("remote", is_fine=False, found=str(error))
    return Finding("remote", is_fine=True, found=f"{access.address} answers: {state}")
