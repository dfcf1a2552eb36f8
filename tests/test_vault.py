"""`vault`: a person makes it, loses the passphrase, and has the recovery key."""

import contextlib
import io
import os
import pty
import select
import stat
import time

import pytest

from adapters.vault.age import encrypt, new_identity
from tests.conftest import PROJECT, Program

OLD, NEW = "an old passphrase, long", "a new passphrase, longer"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vault")
    (folder / "old").write_text(OLD + "\n")
    (folder / "new").write_text(NEW)
    program = Program(folder / "home", PDP_PASSPHRASE_FILE=str(folder / "old"))
    done = program("vault", "init", "--json", "--recipient", str(new_identity().to_public()))
    assert done.exit_code == 0, done.stderr
    return program, folder, done


def test_init_says_what_is_lost_without_both_and_shows_no_secret(made):
    program, folder, done = made
    recovery = folder / "recovery-key-me.txt"
    assert done.json["recovery_key"] == str(recovery)
    assert len(done.json["recipients"]) == 2
    shown = program.inside("vault", "status")
    assert "Without both, nobody can open" in shown.stdout
    assert "still here" in shown.stderr
    secret = recovery.read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-1")
    for text in (done.stdout, done.stderr, shown.stdout, shown.stderr):
        assert secret not in text
        assert OLD not in text


def test_keys_are_for_their_owner_alone(made):
    _, folder, _ = made
    vault = folder / "home" / "me" / "vault"
    assert stat.S_IMODE(vault.stat().st_mode) == 0o700
    files = [*vault.iterdir(), folder / "recovery-key-me.txt"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_second_init_is_refused_and_changes_nothing(made):
    program, folder, _ = made
    before = (folder / "home/me/vault/identity.age").read_bytes()
    done = program.inside("vault", "init")
    assert done.exit_code == 2
    assert "a vault already" in done.stderr
    assert (folder / "home/me/vault/identity.age").read_bytes() == before


def test_a_recovery_key_never_takes_the_place_of_a_file(made):
    program, folder, _ = made
    done = program("--profile", "other", "vault", "init", "--recovery", str(folder / "old"))
    assert done.exit_code == 2
    assert "something is there already" in done.stderr
    assert not (folder / "home/other/vault/identity.age").exists()


def test_an_init_that_fails_leaves_no_recovery_key_of_nothing(made):
    program, folder, _ = made
    vault = folder / "home" / "third" / "vault"
    vault.parent.mkdir(mode=0o700)
    vault.write_text("in the way of the folder")
    key = folder / "key-of-nothing.txt"
    done = program.inside("--profile", "third", "vault", "init", "--recovery", str(key))
    assert done.exit_code == 1
    assert not key.exists()
    vault.unlink()
    again = program.inside("--profile", "third", "vault", "init", "--recovery", str(key))
    assert again.exit_code == 0
    assert key.exists()


def test_open_decrypts_to_a_new_file_and_to_stdout(made, tmp_path):
    program, folder, done = made
    secret, plain = tmp_path / "x.age", tmp_path / "x"
    with secret.open("wb") as target:
        encrypt(io.BytesIO(b"one line\n"), target, done.json["recipients"])
    opened = program("vault", "open", str(secret), "--output", str(plain))
    assert opened.exit_code == 0, opened.stderr
    assert plain.read_bytes() == b"one line\n"
    key = str(folder / "recovery-key-me.txt")
    assert program("vault", "open", str(secret), PDP_IDENTITY_FILE=key).stdout == "one line\n"
    again = program("vault", "open", str(secret), "--output", str(plain), PDP_IDENTITY_FILE=key)
    assert again.exit_code == 2


@pytest.mark.parametrize(
    ("content", "exit_code", "words"),
    [
        (None, 2, "before this key became a recipient"),
        (b"not of age", 2, "not encrypted by age"),
        (b"age-encryption.org/v1\n-> X25519", 5, "damaged"),
    ],
)
def test_what_cannot_be_opened_is_told_apart(made, tmp_path, content, exit_code, words):
    program, folder, _ = made
    secret = tmp_path / "x.age"
    if content is None:
        target = io.BytesIO()
        encrypt(io.BytesIO(b"x"), target, [str(new_identity().to_public())])
        content = target.getvalue()
    secret.write_bytes(content)
    program.environment["PDP_IDENTITY_FILE"] = str(folder / "recovery-key-me.txt")
    done = program.inside("vault", "open", str(secret), "--output", str(tmp_path / "out"))
    del program.environment["PDP_IDENTITY_FILE"]
    assert done.exit_code == exit_code
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_lost_passphrase_is_replaced_with_the_recovery_key(made):
    program, folder, _ = made
    new = str(folder / "new")
    forgotten = program("vault", "change-passphrase", PDP_PASSPHRASE_FILE=new)
    assert forgotten.exit_code == 2
    assert "recovery key" in forgotten.stderr
    key = str(folder / "recovery-key-me.txt")
    changed = program("vault", "change-passphrase", PDP_IDENTITY_FILE=key,
                      PDP_NEW_PASSPHRASE_FILE=new)  # fmt: skip
    assert changed.exit_code == 0, changed.stderr
    old = program("vault", "change-passphrase", PDP_NEW_PASSPHRASE_FILE=new)
    assert "does not open the vault" in old.stderr


def test_a_passphrase_that_can_be_guessed_or_asked_for_nowhere_is_refused(tmp_path):
    short = tmp_path / "short"
    short.write_text("swordfish")
    program = Program(tmp_path / "home", PDP_PASSPHRASE_FILE=str(short))
    done = program.inside("vault", "init")
    assert done.exit_code == 2
    assert "guessed" in done.stderr
    assert "swordfish" not in done.stderr
    nobody = Program(tmp_path / "home")("vault", "init")
    assert nobody.exit_code == 2
    assert "PDP_PASSPHRASE_FILE" in nobody.stderr
    assert not (tmp_path / "home/me/vault/identity.age").exists()


def test_a_person_at_a_terminal_is_asked_twice(tmp_path):
    program = Program(tmp_path / "home")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        command = program.command("vault", "init")
        os.execve(command[0], command, program.environment)
    shown = ""
    for prompt, answer in (("a passphrase for", OLD), ("once more", NEW)):
        deadline = time.monotonic() + 30
        while prompt not in shown and time.monotonic() < deadline:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 1000).decode()
        os.write(terminal, f"{answer}\n".encode())
    with contextlib.suppress(OSError):  # how a terminal says that its child is gone
        while True:
            shown += os.read(terminal, 1000).decode()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert "the two differ" in shown
    assert OLD not in shown
    assert not (PROJECT / "recovery-key-me.txt").exists()
