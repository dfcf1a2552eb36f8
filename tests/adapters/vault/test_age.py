"""What is encrypted can be opened by its recipients alone, with any age tool, and only whole."""

import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vault import (
    BadKeyError,
    DamagedError,
    NoKeyError,
    NotAgeError,
    VaultError,
    age,
    streaming,
)
from adapters.vault.age import encrypt, identities_in, new_identity, recipients_in
from adapters.vault.age_format import chunk_nonce, payload_cipher
from adapters.vault.vault import identity_text

IDENTITY, SPARE, STRANGER = new_identity(), new_identity(), new_identity()
RECIPIENTS = [str(IDENTITY.to_public()), str(SPARE.to_public())]
CHUNK = 64 << 10
FOUND = (DamagedError, NoKeyError, NotAgeError)


@pytest.fixture(scope="module", params=[age.decrypt, streaming.decrypt], ids=["any", "fast"])
def decrypt(request):
    """Both ways to open what is ours: they have to agree."""
    return request.param


class Dribbling:
    """A source that gives less than it is asked for, as a network does."""

    def __init__(self, content, most):
        self._source, self._most = io.BytesIO(content), most

    def read(self, size=-1):
        return self._source.read(min(size, self._most))


def encrypted(content, recipients=RECIPIENTS):
    target = io.BytesIO()
    encrypt(io.BytesIO(content), target, recipients)
    return target.getvalue()


def decrypted(decrypt, content, *identities, most=1 << 20):
    target = io.BytesIO()
    decrypt(Dribbling(content, most), target, identities or [IDENTITY], "thing")
    return target.getvalue()


@given(st.binary(max_size=200_000), st.integers(1000, 100_000))
def test_every_recipient_reads_what_was_written(decrypt, content, most):
    content = b"a canary of health" + content
    secret = encrypted(content)
    assert decrypted(decrypt, secret, most=most) == content
    assert decrypted(decrypt, secret, STRANGER, SPARE) == content
    assert content[:18] not in secret


@pytest.mark.parametrize("chunks", [0, 1, 2, 16, 33])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_content_of_whole_chunks_comes_back_whole(decrypt, chunks, more):
    content = b"x" * max(0, chunks * CHUNK + more)
    assert decrypted(decrypt, encrypted(content)) == content


def test_a_key_that_was_no_recipient_opens_nothing(decrypt):
    with pytest.raises(NoKeyError, match="before this key became a recipient"):
        decrypted(decrypt, encrypted(b"x", RECIPIENTS[:1]), SPARE)


@pytest.mark.parametrize("cut", [0, 1, 30, 150, 300, 400, 70_000, -1])
def test_a_cut_file_is_found(decrypt, cut):
    with pytest.raises(VaultError):
        decrypted(decrypt, encrypted(b"y" * 80_000)[:cut])


def test_a_file_cut_between_its_chunks_is_found_and_so_is_one_with_more(decrypt):
    secret = encrypted(b"y" * (3 * CHUNK))
    payload = len(secret) - 3 * (CHUNK + 16)
    for end in (payload, payload + CHUNK + 16, payload + 2 * (CHUNK + 16)):
        with pytest.raises(DamagedError):
            decrypted(decrypt, secret[:end])
    for more in (b"x", secret[-CHUNK - 16 :]):
        with pytest.raises(DamagedError):
            decrypted(decrypt, secret + more)
    swapped = secret[:payload] + secret[payload + CHUNK + 16 :] + secret[payload:][: CHUNK + 16]
    with pytest.raises(DamagedError):
        decrypted(decrypt, swapped)


def test_an_end_without_a_content_is_found(decrypt):
    secret = encrypted(b"y" * CHUNK)
    header, _, payload = streaming._header(io.BytesIO(secret), "thing")
    file_key = streaming._file_key(header, [IDENTITY])
    cipher = payload_cipher(file_key, bytes(payload[:16]))
    first = cipher.encrypt(chunk_nonce(0, is_last=False), b"y" * CHUNK, None)
    end = cipher.encrypt(chunk_nonce(1, is_last=True), b"", None)
    with pytest.raises(DamagedError):
        decrypted(decrypt, secret[: -CHUNK - 16] + first + end)


def test_every_flipped_bit_is_found(decrypt, complete):
    secret = encrypted(b"z" * 500)
    for bit in range(0, len(secret) * 8, 1 if complete else 7):
        spoilt = bytearray(secret)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FOUND):
            decrypted(decrypt, bytes(spoilt))


@given(st.integers(0), st.integers(0), st.binary(max_size=8))
def test_whatever_takes_the_place_of_some_bytes_is_found(decrypt, at, length, other):
    secret = encrypted(b"z" * 300)
    at %= len(secret)
    end = at + length % 20
    if other != secret[at:end]:
        with pytest.raises(FOUND):
            decrypted(decrypt, secret[:at] + other + secret[end:])


def test_what_age_did_not_make_is_told_apart(decrypt):
    with pytest.raises(NotAgeError):
        decrypted(decrypt, b"PK\x03\x04 an archive")


def test_an_error_of_the_source_is_not_taken_for_damage(decrypt):
    class Broken(io.RawIOBase):
        def read(self, _size=-1):
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        decrypt(Broken(), io.BytesIO(), [IDENTITY], "thing")


def test_a_line_that_is_no_key_is_named_and_never_shown():
    with pytest.raises(BadKeyError, match="line 2") as caught:
        identities_in("# words\nAGE-SECRET-KEY-1CANARY\n", "file")
    assert "CANARY" not in str(caught.value)
    with pytest.raises(BadKeyError, match="line 1"):
        recipients_in("ssh-rsa AAAA", "file")
    with pytest.raises(BadKeyError, match="hold no key"):
        identities_in("# nothing\n", "file")


def test_the_age_command_opens_what_we_wrote_and_we_open_what_it_wrote(decrypt, tmp_path):
    age = shutil.which("age")
    if age is None:
        pytest.skip("the age command is not installed")
    key, secret, theirs = tmp_path / "key.txt", tmp_path / "secret.age", tmp_path / "theirs.age"
    key.write_text(identity_text(SPARE))
    content = b"health " * 20_000
    secret.write_bytes(encrypted(content))
    opened = subprocess.run([age, "-d", "-i", key, secret], capture_output=True, check=True)
    assert opened.stdout == content
    told = [age, "-r", RECIPIENTS[0], "-o", theirs, secret]
    subprocess.run(told, check=True)
    assert decrypted(decrypt, theirs.read_bytes()) == secret.read_bytes()
