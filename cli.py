"""Command line of the personal data pipeline: `python cli.py --help`."""

import gc
import sys

if __name__ == "__main__":
    # What is imported stays to the end; looking through it for garbage takes a tenth of a second.
    gc.disable()

    from adapters.terminal.main import main

    sys.exit(main(sys.argv[1:]))
