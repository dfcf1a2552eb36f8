"""A few things at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

AT_ONCE: Final = 3
FLUSHED_AT_ONCE: Final = 8
"""A disk makes many small things durable in the time of one."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def in_parallel(
    do: Callable[[Thing], Result], things: Sequence[Thing], at_once: int = AT_ONCE
) -> Iterator[Result]:
    """Do something with each, a few at once and in their order; the first failure ends it."""
    with ThreadPoolExecutor(at_once) as pool:
        waiting = iter(things)
        running: list[Future[Result]] = []
        try:
            running += [pool.submit(do, thing) for thing in islice(waiting, 2 * at_once)]
            while running:
                yield running.pop(0).result()
                running += [pool.submit(do, thing) for thing in islice(waiting, 1)]
        finally:
            for job in running:
                job.cancel()


def all_durable(write: Callable[[Thing], None], things: Sequence[Thing]) -> None:
    """Write or flush each, many at once; all of them are durable when this returns."""
    for _ in in_parallel(write, things, FLUSHED_AT_ONCE):
        pass
