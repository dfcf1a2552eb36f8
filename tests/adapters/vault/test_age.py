"""What is encrypted can be opened by its recipients alone, with any age tool, and only whole."""

import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vault import BadKeyError, DamagedError, NoKeyError, NotAgeError, VaultError
from adapters.vault.age import decrypt, encrypt, identities_in, new_identity, recipients_in
from adapters.vault.vault import identity_text

IDENTITY, SPARE, STRANGER = new_identity(), new_identity(), new_identity()
RECIPIENTS = [str(IDENTITY.to_public()), str(SPARE.to_public())]


def encrypted(content, recipients=RECIPIENTS):
    target = io.BytesIO()
    encrypt(io.BytesIO(content), target, recipients)
    return target.getvalue()


def decrypted(content, identity):
    target = io.BytesIO()
    decrypt(io.BytesIO(content), target, [identity], "thing")
    return target.getvalue()


@given(st.binary(max_size=200_000))
def test_every_recipient_reads_what_was_written(content):
    content = b"a canary of health" + content
    secret = encrypted(content)
    assert decrypted(secret, IDENTITY) == decrypted(secret, SPARE) == content
    assert content[:18] not in secret


def test_a_key_that_was_no_recipient_opens_nothing():
    with pytest.raises(NoKeyError, match="before this key became a recipient"):
        decrypted(encrypted(b"x", RECIPIENTS[:1]), SPARE)


@pytest.mark.parametrize("cut", [0, 1, 30, 150, 300, 70_000, -1])
def test_a_cut_file_is_found(cut):
    with pytest.raises(VaultError):
        decrypted(encrypted(b"y" * 80_000)[:cut], IDENTITY)


def test_every_flipped_bit_is_found(complete):
    secret = encrypted(b"z" * 500)
    for bit in range(0, len(secret) * 8, 1 if complete else 7):
        spoilt = bytearray(secret)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DamagedError, NoKeyError, NotAgeError)):
            decrypted(bytes(spoilt), IDENTITY)


def test_what_age_did_not_make_is_told_apart():
    with pytest.raises(NotAgeError):
        decrypted(b"PK\x03\x04 an archive", IDENTITY)


def test_an_error_of_the_source_is_not_taken_for_damage():
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


def test_the_age_command_opens_what_we_wrote_and_we_open_what_it_wrote(tmp_path):
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
    assert decrypted(theirs.read_bytes(), IDENTITY) == secret.read_bytes()
