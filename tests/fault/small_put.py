"""An object and the head that leads to it, put into a folder remote by one thread.

python small_put.py ... REMOTE
"""

import io
import sys
from pathlib import Path

from adapters import AdapterError
from adapters.remote.folder import FolderBackend

NAME = f"objects/{'a' * 64}"
CONTENT, HEAD = b"an object", b"a head that leads to it"


def main(remote: Path) -> None:
    """Do it, unless it was done."""
    backend = FolderBackend(remote)
    backend.put_if_absent(NAME, io.BytesIO(CONTENT))
    found = backend.head()
    if found is None or found.content != HEAD:
        backend.swap_head(HEAD, found)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[-1]))
    except AdapterError as error:
        sys.exit(str(error))
