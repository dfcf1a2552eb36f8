"""The program where the fast path does not know the answer: the medium path, then the whole."""

from adapters.running.medium_path import answered


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    exit_code = answered(arguments)
    if exit_code is None:
        from adapters.terminal.main import main as whole  # noqa: PLC0415 - slow to import

        exit_code = whole(arguments)
    return exit_code
