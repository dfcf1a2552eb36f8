"""Command line of the personal data pipeline: `python cli.py --help`."""

import gc
import sys

if __name__ == "__main__":
    # What is imported stays to the end; looking through it for garbage takes a tenth of a second.
    gc.disable()

    from registry.fast_path import answered
    from registry.streams import make_usable, say

    make_usable()
    try:
        exit_code = answered(sys.argv[1:])
        if exit_code is None:
            from adapters.running.start import main

            exit_code = main(sys.argv[1:])
    except KeyboardInterrupt:
        if "--json" in sys.argv:
            say('{"status": "failed", "error": "interrupted", "exit_code": 130}\n')
        sys.stderr.write("error: interrupted\n")
        exit_code = 130
    sys.exit(exit_code)
