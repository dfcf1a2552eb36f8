"""A pull, a push or a prune, without Hamilton and without scrypt; the identity is in a file.

python small_pull.py pull|push|prune HOME REMOTE IDENTITY
"""

import sys
from pathlib import Path

from adapters.profile import Profile
from adapters.remote.contents import NOTHING, contents_of
from adapters.remote.folder import FolderBackend
from adapters.remote.memory import FOLDER, Memory
from adapters.remote.pruning import Pruner, prune
from adapters.remote.pull import Receiver, pull
from adapters.remote.push import Sender, push
from adapters.remote.sealing import Seal
from adapters.running.lock import profile_lock
from adapters.terminal.commands.command import settle
from adapters.vault.age import identities_in
from adapters.vault.vault import state_key_of


def main(action: str, home: Path, remote: Path, identity: Path) -> None:
    """Do it."""
    profile = Profile(home, "me")
    keys = identities_in(identity.read_text(), "identity")
    seal, memory = Seal(state_key_of(keys[0])), Memory.of(profile.folder, "remote")
    backend = FolderBackend(remote)
    with profile_lock(profile.folder):
        if profile.exists:
            settle(profile)
        contents = contents_of(profile) if profile.exists else NOTHING
        if action == "pull":
            pull(Receiver(backend, seal, lambda: keys, profile, memory), contents)
        elif action == "prune":
            prune(Pruner(backend, seal, lambda: keys, profile.folder / FOLDER, memory), contents)
        else:
            public = [str(keys[0].to_public())]
            push(Sender(backend, seal, public, b"wrapped", profile.folder, memory), contents)
        profile.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
