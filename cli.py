"""Command line of the personal data pipeline: `python cli.py --help`."""

import sys

if __name__ == "__main__":
    from adapters.terminal.main import main

    sys.exit(main(sys.argv[1:]))
