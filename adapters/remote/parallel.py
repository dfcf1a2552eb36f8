"""A few transfers at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

AT_ONCE: Final = 3

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def in_parallel(do: Callable[[Thing], Result], things: Sequence[Thing]) -> Iterator[Result]:
    """Do something with each, a few at once and in their order; the first failure ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = iter(things)
        running: list[Future[Result]] = []
        try:
            running += [pool.submit(do, thing) for thing in islice(waiting, 2 * AT_ONCE)]
            while running:
                yield running.pop(0).result()
                running += [pool.submit(do, thing) for thing in islice(waiting, 1)]
        finally:
            for job in running:
                job.cancel()
