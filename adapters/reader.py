"""Published results for notebooks, the app and exports. Reading never waits and never writes.

    from adapters.reader import load, outputs

    load("daily_metrics").frame
    load("daily_metrics", version=2, profile="demo").table
    outputs(profile="demo")

NothingPublishedError     no run has published anything here yet
UnknownOutputError        no output has this name
UnknownVersionError       this version or generation was never published
RemovedVersionError       it was published, and its bytes have been removed since
"""

import difflib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adapters import AdapterError
from adapters.notebooks import html
from adapters.notebooks.opened_artifact import OpenedArtifact, VerifiedFiles
from adapters.profile import Profile, default_profile
from adapters.settings import Settings
from registry.database import Database
from registry.generations import Generations, Output
from registry.reading import Answer, NoRegistryError, ask
from registry.store import Artifact, DamagedArtifactError


class NothingPublishedError(AdapterError):
    """No run has published anything of this profile yet."""

    exit_code = 2

    def __init__(self, profile: Profile) -> None:
        super().__init__(
            f"nothing of profile {profile.name} is published in {profile.home}; "
            f"run python cli.py --profile {profile.name}"
        )


class UnknownOutputError(AdapterError):
    """No output has this name."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(names)}"
        super().__init__(f"no output is called {name!r}; {advice}")


class UnknownVersionError(AdapterError):
    """This version or generation was never published."""

    exit_code = 2

    def __init__(self, what: str, known: Sequence[int]) -> None:
        numbers = ", ".join(map(str, known)) or "none"
        super().__init__(f"{what} was never published; there is {numbers}")


class RemovedVersionError(AdapterError):
    """An older version whose bytes have been removed; its history is kept."""

    exit_code = 2

    def __init__(self, output: Output, generation: int) -> None:
        super().__init__(
            f"{output.name} version {output.version} (generation {generation}) is no longer "
            "stored; load a newer version, or leave version and generation out for the newest"
        )


@dataclass(frozen=True)
class Found:
    """A published output, and the generation that it was found in."""

    output: Output
    generation: int
    is_current: bool


class PublishedOutputs(Sequence[Output]):
    """The outputs of one generation; a notebook shows them as a table."""

    def __init__(
        self, profile: str, generation: int, published_utc: str, found: Iterable[Output]
    ) -> None:
        self.profile, self.generation = profile, generation
        self.published_utc = published_utc
        self._outputs = tuple(found)

    def __getitem__(self, place: int) -> Output:  # type: ignore[override]
        return self._outputs[place]

    def __len__(self) -> int:
        return len(self._outputs)

    def __iter__(self) -> Iterator[Output]:
        return iter(self._outputs)

    def __repr__(self) -> str:
        names = ", ".join(f"{output.name} v{output.version}" for output in self)
        return f"<profile {self.profile} · generation {self.generation}: {names}>"

    def _repr_html_(self) -> str:
        facts = [f"generation {self.generation}", f"published {self.published_utc}"]
        rows = [
            (
                output.name,
                output.version,
                output.artifact.rows,
                output.artifact.sha256[: html.SHORT_HASH],
            )
            for output in self
        ]
        shown = html.table(("output", "version", "rows", "sha256"), rows)
        return html.headline(f"profile {self.profile}", facts) + shown


def load(
    name: str,
    *,
    version: int | None = None,
    generation: int | None = None,
    profile: str | None = None,
    home: Path | str | None = None,
) -> OpenedArtifact:
    """A published output with its verified bytes.

    Args:
        name: The output: `daily_metrics`.
        version: An older version of it; the newest when left out.
        generation: As it stood in this generation.
        profile: Whose; as the command line chooses when left out.
        home: The folder of all profiles; as for the command line when left out.

    Raises:
        AdapterError: One of this module's errors.
        DamagedArtifactError: The bytes are missing or damaged; the next run makes them again.
        RegistryError: The registry cannot be read.
    """
    of = profile_at(profile, home)
    look = partial(_found, of, name, version, generation)
    found = _asked(of, look)
    try:
        return _opened(of, found)
    except DamagedArtifactError:
        again = _asked(of, look)  # a writer may have published and cleaned up meanwhile
        if again.output.artifact == found.output.artifact and found.is_current:
            raise
        if again.output.artifact == found.output.artifact:
            raise RemovedVersionError(found.output, found.generation) from None
        return _opened(of, again)


def outputs(
    *,
    generation: int | None = None,
    profile: str | None = None,
    home: Path | str | None = None,
) -> PublishedOutputs:
    """What is published: every output of the current generation, or of an older one.

    Raises:
        AdapterError: One of this module's errors.
        RegistryError: The registry cannot be read.
    """
    of = profile_at(profile, home)
    return _asked(of, partial(_listed, of, generation))


def raw_file(sha256: str, *, profile: str | None = None, home: Path | str | None = None) -> bytes:
    """The verified bytes of an export, as they came in; of an archive, of one of its members.

    Raises:
        DamagedArtifactError: There is no such file, or its bytes differ from their hash.
    """
    of = profile_at(profile, home)
    content: bytes = VerifiedFiles(of.folder).content(Artifact(sha256, "raw", 0)).to_pybytes()
    return content


def profile_at(profile: str | None = None, home: Path | str | None = None) -> Profile:
    """The profile that the command line would choose, also from a folder of the project."""
    folder = project_folder()
    settings = Settings.load(os.environ, folder / ".env")
    place = folder / (Path(home) if home is not None else settings.home)
    name = (
        profile
        or settings.profile
        or default_profile(place, has_remote_source=bool(settings.remote_sources))
    )
    checked = Settings.load({"PDP_PROFILE": name}).profile
    return Profile(place, checked or name, leaves_no_trace=True)


def project_folder() -> Path:
    """The nearest folder around the working directory that has `cli.py`, else itself.

    A notebook works in `notebooks/`, and means the same home as the command line beside it.
    """
    here = Path.cwd()
    return next((f for f in (here, *here.parents) if (f / "cli.py").is_file()), here)


def _asked(profile: Profile, question: Callable[[Database], Answer]) -> Answer:
    try:
        return ask(profile.folder / "registry.sqlite", question)
    except NoRegistryError:
        raise NothingPublishedError(profile) from None


def _opened(profile: Profile, found: Found) -> OpenedArtifact:
    value, tables = VerifiedFiles(profile.folder).value(found.output.artifact)
    return OpenedArtifact(
        found.output.name,
        found.output.artifact,
        value,
        tables,
        profile=profile.name,
        version=found.output.version,
        generation=found.generation,
    )


def _found(
    profile: Profile, name: str, version: int | None, generation: int | None, database: Database
) -> Found:
    generations = Generations(profile.folder, database)
    current = generations.current()
    number = generation
    if version is not None:
        number = _generation_of(database, name, version, generation)
    elif number is None:
        number = current
    if number is None:
        raise NothingPublishedError(profile)
    found = _outputs_of(database, generations, number)
    if name not in found:
        raise UnknownOutputError(name, found)
    return Found(found[name], number, number == current)


def _generation_of(database: Database, name: str, version: int, generation: int | None) -> int:
    """The newest generation that has this version; the one that is asked for, if it has it."""
    rows = database.rows(
        "SELECT generation, version FROM generation_output WHERE output = ? ORDER BY generation",
        name,
    )
    if not rows:
        raise UnknownOutputError(name, _output_names(database))
    numbers = [row["generation"] for row in rows if row["version"] == version]
    if generation is not None:
        numbers = [number for number in numbers if number == generation]
    if not numbers:
        where = f" in generation {generation}" if generation is not None else ""
        versions = sorted({row["version"] for row in rows})
        raise UnknownVersionError(f"{name} version {version}{where}", versions)
    return int(numbers[-1])


def _outputs_of(database: Database, generations: Generations, number: int) -> dict[str, Output]:
    found = generations.outputs(number)
    if not found:
        rows = database.rows("SELECT number FROM generation ORDER BY number")
        raise UnknownVersionError(f"generation {number}", [row["number"] for row in rows])
    return found


def _output_names(database: Database) -> list[str]:
    rows = database.rows("SELECT DISTINCT output FROM generation_output")
    return [row["output"] for row in rows]


def _listed(profile: Profile, generation: int | None, database: Database) -> PublishedOutputs:
    generations = Generations(profile.folder, database)
    number = generation if generation is not None else generations.current()
    if number is None:
        raise NothingPublishedError(profile)
    found = _outputs_of(database, generations, number)
    published_utc = str(generations.describe(number)["published_utc"])
    return PublishedOutputs(profile.name, number, published_utc, found.values())
