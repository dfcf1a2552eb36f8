"""A bucket of Cloud Storage as the remote: generations, lost answers, and what is refused."""

import io
from dataclasses import replace

import pytest

from adapters.google.media import PIECE
from adapters.remote.backend import (
    OBJECTS,
    LostRaceError,
    NotInRemoteError,
    RemoteRefusedError,
    RemoteUnavailableError,
)
from adapters.remote.google_storage import ADVICE, GoogleStorageBackend
from adapters.remote.opening import backend_of
from adapters.settings import Settings
from tests.adapters.remote.small_homes import SmallHome
from tests.emulators.faults import Fault
from tests.emulators.storage import OBJECT_USER

NAME = OBJECTS + "a" * 64
LARGE = bytes(range(256)) * (PIECE // 256 + 999)
INSERT, GET, LIST, DELETE = (
    f"storage.objects.{verb}" for verb in ("insert", "get", "list", "delete")
)


@pytest.fixture
def bucket(google):
    return google.storage.bucket("bucket")


@pytest.fixture
def machine(google_client, bucket):
    """Another machine each time that it is called."""
    client = google_client("bucket", advice=ADVICE)
    return lambda name="bucket": GoogleStorageBackend(client, name, "health/")


def put(backend, content, name=NAME):
    return backend.put_if_absent(name, io.BytesIO(content))


def test_looking_whether_there_is_anything_new_is_one_request(google, machine):
    machine().swap_head(b"1", None)
    google.requests.clear()
    assert machine().head().content == b"1"
    assert google.requests == [GET]


def test_who_pushes_between_a_look_and_a_swap_has_won(google, machine):
    one, two = machine(), machine()
    first, won = one.swap_head(b"1", None), []
    google.faults.append(Fault(INSERT, "race", act=lambda: won.append(two.swap_head(b"2", first))))
    with pytest.raises(LostRaceError):
        one.swap_head(b"lost", first)
    assert one.head() == two.head() == won[0]


def test_a_head_that_went_away_is_a_lost_race(machine, bucket):
    backend = machine()
    first = backend.swap_head(b"1", None)
    bucket.objects.clear()
    with pytest.raises(LostRaceError):
        backend.swap_head(b"2", first)


@pytest.mark.parametrize("status", [None, 503], ids=["answered at last", "never answered"])
def test_a_swap_whose_answer_got_lost_is_found_out_about(google, machine, status):
    backend = machine()
    first = backend.swap_head(b"1", None)
    google.faults.append(Fault(INSERT, "cut", bytes_sent=3))
    if status:
        google.faults.append(Fault(INSERT, status=status, times=99, skip=1))
    second = backend.swap_head(b"2", first)
    assert second.content == b"2"
    assert machine().head() == second


def test_a_swap_that_never_arrived_may_be_tried_again(google, machine):
    backend = machine()
    first = backend.swap_head(b"1", None)
    google.faults.append(Fault(INSERT, status=503, times=99))
    with pytest.raises(RemoteUnavailableError):
        backend.swap_head(b"2", first)
    assert machine().head() == first


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize(
    "fault",
    [Fault(INSERT, status=503, times=2), Fault(INSERT, "cut", bytes_sent=3),
     Fault(INSERT, "cut", bytes_sent=3, skip=2), Fault(INSERT, status=408, reason="timeout"),
     Fault(GET, "short", times=3), Fault(GET, "cut", bytes_sent=1000), Fault(GET, "slow"),
     Fault("storage.*", status=429, reason="rateLimitExceeded", times=2)],
    ids=lambda fault: f"{fault.method}-{fault.kind}",
)  # fmt: skip
def test_an_object_survives_faults_that_pass(google, machine, bucket, content, fault):
    google.faults.append(Fault(**vars(fault)))
    put(machine(), content)
    assert b"".join(machine().get(NAME)) == content
    assert b"".join(machine().get(NAME, start=len(content) // 2)) == content[len(content) // 2 :]
    assert len(bucket.objects) == 1


def test_a_large_object_never_takes_the_place_of_another(google, machine):
    def meanwhile():
        put(machine(), b"first")

    google.faults.append(Fault(INSERT, "race", act=meanwhile, skip=1))
    assert not put(machine(), LARGE)
    assert b"".join(machine().get(NAME)) == b"first"


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_what_is_spoilt_on_its_way_is_not_stored(machine, bucket, content):
    class SpoiltOnItsWay(io.BytesIO):
        rounds = 0

        def seek(self, place, whence=0):
            self.rounds += (place, whence) == (0, 0)
            return super().seek(place, whence)

        def read(self, size=-1):
            found = super().read(size)
            return found if self.rounds < 2 else found[::-1]

    with pytest.raises(RemoteUnavailableError, match="arrived as another"):
        machine().put_if_absent(NAME, SpoiltOnItsWay(content))
    assert not bucket.objects


def test_a_listing_goes_through_every_page_and_stays_below_its_prefix(google, machine, bucket):
    backend = machine()
    google.storage.largest_page = 4
    for number in range(10):
        put(backend, b"x" * number, OBJECTS + f"{number:064x}")
    put(GoogleStorageBackend(backend._client, "bucket", "another/"), b"another")
    google.requests.clear()
    assert sorted(stored.size for stored in backend.list(OBJECTS)) == list(range(10))
    assert google.requests == [LIST] * 3


def test_a_bucket_that_is_not_there_is_no_empty_one(machine):
    nowhere = machine("nowhere")
    for ask in (nowhere.head, lambda: put(nowhere, b"1"), lambda: list(nowhere.list(OBJECTS))):
        with pytest.raises(RemoteRefusedError, match="the bucket nowhere is not there"):
            ask()


@pytest.mark.parametrize("verb", ["create", "delete", "get", "list"])
def test_what_the_account_may_not_do_says_the_role_it_needs(machine, bucket, verb):
    backend = machine()
    first = backend.swap_head(b"1", None)
    bucket.permissions = OBJECT_USER - {f"storage.objects.{verb}"}
    actions = {
        "create": lambda: put(backend, b"1"),
        "delete": lambda: backend.swap_head(b"2", first),
        "get": backend.head,
        "list": lambda: list(backend.get(NAME)),
    }
    with pytest.raises(RemoteRefusedError, match="Storage Object User"):
        actions[verb]()


def test_a_bucket_that_keeps_everything_says_so_at_the_second_push(machine, bucket):
    bucket.is_retained = True
    first = machine().swap_head(b"1", None)
    with pytest.raises(RemoteRefusedError, match="retention policy"):
        machine().swap_head(b"2", first)


def test_a_bucket_that_keeps_versions_keeps_none_of_what_was_removed(machine, bucket):
    bucket.is_versioned = True
    put(machine(), b"1")
    assert machine().remove(NAME)
    assert not bucket.objects
    assert not bucket.versions


def test_a_bucket_that_keeps_everything_says_so_when_something_is_removed(machine, bucket):
    put(machine(), b"1")
    bucket.is_retained = True
    with pytest.raises(RemoteRefusedError, match="retention policy"):
        machine().remove(NAME)


@pytest.mark.parametrize("fault", [Fault(DELETE, "cut", bytes_sent=3), Fault(DELETE, status=503)])
def test_a_removal_survives_faults_that_pass(google, machine, bucket, fault):
    put(machine(), b"1")
    google.faults.append(Fault(**vars(fault)))
    assert machine().remove(NAME)
    assert not bucket.objects


def test_what_was_put_again_meanwhile_is_not_what_is_removed(google, machine, bucket):
    """A removal names the generation that it saw."""
    put(machine(), b"1")

    def again():
        bucket.objects.clear()
        put(machine(), b"2")

    google.faults.append(Fault(DELETE, "race", act=again))
    machine().remove(NAME)
    assert b"".join(machine().get(NAME)) == b"2"


def test_an_outage_may_pass(google, machine):
    google.faults.append(Fault("storage.*", status=503, times=999))
    asks = [machine().head, lambda: list(machine().get(NAME)), lambda: put(machine(), b"1")]
    for ask in [*asks, lambda: machine().remove(NAME)]:
        with pytest.raises(RemoteUnavailableError):
            ask()


def test_an_object_that_went_away_is_not_there(machine, bucket):
    put(machine(), b"1")
    bucket.objects.clear()
    with pytest.raises(NotInRemoteError):
        list(machine().get(NAME))


@pytest.fixture
def settings(google, bucket, tmp_path):
    return Settings(
        remote="gs://bucket/a/b/",
        google_endpoint=google.url,
        google_credentials_file=google.credentials(tmp_path / "key.json"),
    )


def test_a_state_travels_through_the_address_in_the_settings(settings, bucket, tmp_path):
    a = SmallHome(tmp_path / "a", backend_of(settings))
    b = SmallHome(tmp_path / "b", backend_of(settings))
    a.take_in("one")
    a.run()
    assert a.push().is_news
    assert b.pull().is_news
    assert b.texts() == a.texts()
    assert b.generations.current() == a.generations.current() == 1
    assert not b.push().is_news
    assert {name.rpartition("/")[0] for name in bucket.objects} == {"a/b", "a/b/objects"}
    for home in (a, b):
        home.remove()
    with pytest.raises(RemoteRefusedError, match="Buckets > Create"):
        backend_of(replace(settings, remote="gs://nowhere")).head()


@pytest.mark.parametrize("address", ["gs:", "gs://", "gs:bucket", "gs:///folder", "gs://Bucket/x"])
def test_an_address_without_a_bucket_says_how_one_looks(settings, address):
    with pytest.raises(RemoteRefusedError, match="gs://bucket/folder"):
        backend_of(replace(settings, remote=address))
