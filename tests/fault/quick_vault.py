"""`python cli.py`, but that a passphrase costs little to try: all else is the product's own."""

import sys

from adapters.terminal.main import main
from adapters.vault.wrapping import wrap

QUICK = 10


if __name__ == "__main__":
    wrap.__defaults__ = (QUICK,)
    sys.exit(main(sys.argv[1:]))
