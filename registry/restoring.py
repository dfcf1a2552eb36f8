"""Rollback: an older generation is published again, as a new one, and holds.

Nothing is computed: the results are those of then, with the versions that they had. The restored
generation stays while the flow gives what it gave before the rollback. When an input, the code or
the configuration changes, the next run publishes what the flow gives then.

    NotRestorableError    there is no such generation, or its results are gone (exit code 2)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from registry import RegistryError
from registry.generations import Generations
from registry.store import Artifact, Store

Place = tuple[str, str]


class NotRestorableError(RegistryError):
    """A generation that cannot be published again, and why."""

    exit_code = 2

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"generation {number} cannot be restored: {problem}")
        self.number = number


@dataclass(frozen=True)
class Hold:
    """A rollback that holds.

    Attributes:
        generation: The published generation.
        restores: The older one that it is.
        held_against: It stays while the flow gives this one.
    """

    generation: int
    restores: int
    held_against: int

    def __str__(self) -> str:
        return (
            f"generation {self.generation} restores generation {self.restores}; "
            "holds until inputs, code or configuration change"
        )

    def stands(
        self, generations: Generations, store: Store, keys: Mapping[Place, str | None]
    ) -> bool:
        """Whether it still holds when the flow gives these computations.

        It ends with its results: they are not what the flow gives, so no run can make them again.
        """
        outputs = generations.outputs(self.generation).values()
        return keys == places(generations, self.held_against) and all(
            store.present(output.artifact) for output in outputs
        )


def hold_of(generations: Generations) -> Hold | None:
    """The rollback that holds, if one does: what is published is not what the flow gives."""
    current = generations.current()
    found = generations.describe(current) if current is not None else {}
    if found.get("restores") is None or found["held_against"] is None:
        return None
    hold = Hold(found["number"], found["restores"], found["held_against"])
    is_given = places(generations, hold.generation) == places(generations, hold.held_against)
    return None if is_given else hold


def places(generations: Generations, number: int) -> dict[Place, str | None]:
    """The computation behind every node of a generation."""
    return {(found.node, found.item): found.key for found in generations.node_keys(number)}


def restore(
    generations: Generations, store: Store, number: int, *, run_id: str, published_utc: str
) -> int:
    """Publish an older generation as a new one. The caller holds the profile's lock.

    Returns:
        The new generation's number.

    Raises:
        NotRestorableError: It is the current one, unknown, or its results are gone.
    """
    current = generations.current()
    nodes = restorable(generations, store, number)
    hold, outputs = hold_of(generations), generations.outputs(number)
    return generations.publish(
        run_id=run_id,
        published_utc=published_utc,
        artifacts={name: output.artifact for name, output in outputs.items()},
        nodes=nodes,
        facts=json.loads(generations.describe(number)["facts"]),
        restores=number,
        held_against=hold.held_against if hold else current,
        versions={name: output.version for name, output in outputs.items()},
    )


def restorable(generations: Generations, store: Store, number: int) -> dict[Place, Artifact]:
    """The results of a generation that can be published again.

    Raises:
        NotRestorableError: It is the current one, unknown, or its results are gone.
    """
    current = generations.current()
    if number == current:
        raise NotRestorableError(number, "it is published already")
    if not generations.describe(number):
        raise NotRestorableError(number, "there is none with this number; `history` lists them")
    found = {
        place: store.recorded(key)
        for place, key in places(generations, number).items()
        if key is not None
    }
    present = {place: made for place, made in found.items() if made and store.present(made)}
    if missing := len(found) - len(present):
        raise NotRestorableError(
            number,
            f"{missing} of its {len(found)} results are gone, removed by gc or --clean, or lost; "
            "`history` says which generations still have theirs",
        )
    if current is not None and places(generations, current) == places(generations, number):
        raise NotRestorableError(number, f"generation {current} is that one already")
    return present
