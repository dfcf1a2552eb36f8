"""A few transfers at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

AT_ONCE: Final = 4

Thing = TypeVar("Thing")


def in_parallel(do: Callable[[Thing], int], things: Sequence[Thing]) -> Iterator[int]:
    """Do something with each, a few at once and in their order; the first failure ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = iter(things)
        running: list[Future[int]] = []
        try:
            running += [pool.submit(do, thing) for thing in islice(waiting, 2 * AT_ONCE)]
            while running:
                yield running.pop(0).result()
                running += [pool.submit(do, thing) for thing in islice(waiting, 1)]
        finally:
            for job in running:
                job.cancel()
