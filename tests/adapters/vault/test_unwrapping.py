"""A passphrase opens the identity in a child process, and an event loop goes on meanwhile."""

import asyncio
import contextlib
import os
import pty
import select
import shutil

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.vault import BusyError, DamagedError, NotAgeError, VaultError, WrongPassphraseError
from adapters.vault.age import new_identity, work_factor
from adapters.vault.unwrapping import UnwrapMemoryError, Unwrapper, unwrap
from adapters.vault.vault import identity_text
from adapters.vault.wrapping import (
    NotWholeError,
    OtherPassphraseError,
    scrypt_memory_bytes,
    unwrapped,
    wrap,
)

PASSPHRASE = "correct horse battery staple ⚡"
TEXT = identity_text(new_identity())


def read_all(terminal):
    with contextlib.suppress(OSError):  # how a terminal says that its child is gone
        while os.read(terminal, 1000):
            pass


@pytest.fixture(scope="module")
def wrapped():
    return wrap(TEXT, PASSPHRASE)


def test_the_loop_goes_on_while_a_passphrase_is_tried(wrapped):
    async def story():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        found = await Unwrapper().unwrap(wrapped, PASSPHRASE)
        ticking.cancel()
        return found, ticks

    found, ticks = asyncio.run(story())
    assert found == TEXT
    assert ticks > 5


def test_a_wrong_passphrase_and_one_attempt_too_many_are_turned_away(wrapped):
    async def story():
        unwrapper = Unwrapper(most_waiting=2)
        first = asyncio.create_task(unwrapper.unwrap(wrapped, "wrong one, and long"))
        second = asyncio.create_task(unwrapper.unwrap(b"no age", PASSPHRASE))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await unwrapper.unwrap(wrapped, PASSPHRASE)
        return await asyncio.gather(first, second, return_exceptions=True)

    wrong, broken = asyncio.run(story())
    assert isinstance(wrong, WrongPassphraseError)
    assert "wrong one" not in str(wrong)
    assert isinstance(broken, NotAgeError)


def test_damage_is_told_from_a_wrong_passphrase(wrapped):
    with pytest.raises(DamagedError):
        unwrap(wrapped[:-1], PASSPHRASE)


def test_what_would_take_all_memory_is_refused_at_once():
    greedy = b"age-encryption.org/v1\n-> scrypt " + b"A" * 22 + b" 30\n" + b"B" * 43
    with pytest.raises(UnwrapMemoryError):
        unwrap(greedy, PASSPHRASE)


@given(st.text(max_size=300), st.text(min_size=1, max_size=40))
@settings(max_examples=10, deadline=None)
def test_any_text_and_any_passphrase_come_back(text, passphrase):
    assert pyrage.passphrase.decrypt(wrap(text, passphrase, 4), passphrase) == text.encode()


@given(st.text(max_size=300), st.text(min_size=1, max_size=40), st.integers(0), st.integers(0, 7))
@settings(max_examples=60)
def test_ours_opens_what_was_wrapped_and_nothing_with_another_bit(text, passphrase, at, bit):
    content = wrap(text, passphrase, 4)
    assert unwrapped(content, passphrase) == text.encode()
    damaged = bytearray(content)
    damaged[at % len(content)] ^= 1 << bit
    if work_factor(bytes(damaged)) in {4, None}:  # another one would be work for minutes
        with pytest.raises((OtherPassphraseError, NotWholeError)):
            unwrapped(bytes(damaged), passphrase)


def test_what_another_age_tool_wrapped_opens():
    assert unwrap(pyrage.passphrase.encrypt(TEXT.encode(), PASSPHRASE), PASSPHRASE) == TEXT


def test_what_is_wrapped_opens_on_a_small_host(wrapped):
    assert work_factor(wrapped) == 18
    assert scrypt_memory_bytes(18) == 256 << 20


def test_no_passphrase_opens_nothing(wrapped):
    with pytest.raises(VaultError, match="empty"):
        unwrap(wrapped, "")


def test_the_age_command_asks_for_the_passphrase_and_opens_the_identity(wrapped, tmp_path):
    age = shutil.which("age")
    if age is None:
        pytest.skip("the age command is not installed")
    secret, opened = tmp_path / "identity.age", tmp_path / "identity.txt"
    secret.write_bytes(wrapped)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(age, [age, "-d", "-o", str(opened), str(secret)])
    assert select.select([terminal], [], [], 20)[0]
    os.write(terminal, f"{PASSPHRASE}\n".encode())
    read_all(terminal)
    assert os.waitpid(child, 0)[1] == 0
    assert opened.read_text() == TEXT
