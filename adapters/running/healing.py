"""A run that comes across damage mends it and begins again."""

from collections.abc import Callable
from typing import Final, TypeVar

from adapters.profile import Profile
from registry.database import RegistryDamagedError
from registry.store import DamagedArtifactError

MOST_HEALINGS: Final = 100

Result = TypeVar("Result")


def healed(
    attempt: Callable[[], Result], profile: Profile, regained: Callable[[str], bool]
) -> Result:
    """The result of an attempt, made again after each damage that could be mended.

    A result is removed, so that it is made again. A damaged registry is set aside and made again
    from manifests, once. The bytes of an export have to be had from where they came.

    Args:
        attempt: A run.
        profile: Whose.
        regained: Whether the export with this hash could be stored once more.

    Raises:
        DamagedArtifactError: An export's bytes are damaged and are to be had nowhere else.
        RegistryDamagedError: The registry is damaged again.
    """
    renewals = 0
    for _ in range(MOST_HEALINGS):
        try:
            return attempt()
        except RegistryDamagedError as damage:
            if renewals:
                raise
            renewals += 1
            profile.renew(damage)
        except DamagedArtifactError as damage:
            if damage.artifact.codec != "raw":
                profile.store.discard_damaged(damage.artifact)
            elif not regained(damage.artifact.sha256):
                raise
    return attempt()
