"""What was encrypted to our keys, opened fast: hundreds of megabytes, by several threads at once.

The age library decrypts a gigabyte in about 1.2 seconds and lets no other thread run meanwhile.
This takes about a third of a second, and others run: an interpreter's lock is held by neither
cipher nor hash. It knows the binary form and X25519 keys, which is all that a remote holds;
everything else is `age.decrypt`'s.

Source: https://age-encryption.org/v1 (file format, X25519 recipient stanza, payload).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from adapters.vault import DamagedError, NoKeyError, NotAgeError
from adapters.vault.age import MAGIC, Identity, Readable, Writable
from adapters.vault.age_format import (
    CHUNK,
    NONCE_BYTES,
    TAG_BYTES,
    VERSION,
    chunk_nonce,
    derived,
    from_text,
    header_seal,
    payload_cipher,
)

_STEP: Final = 1 << 20
_MOST_HEADER_BYTES: Final = 1 << 20
_SEALED: Final = CHUNK + TAG_BYTES
_LABEL: Final = VERSION + b"/X25519"
_FIVE_BITS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CHECKSUM_LETTERS: Final = 6
_HEADER: Final = re.compile(
    re.escape(VERSION) + rb"\n(?:-> [!-~]+(?: [!-~]+)*\n"
    rb"(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)+---"
)
_SEAL: Final = re.compile(rb" ([A-Za-z0-9+/]{43})\n")
_STANZA: Final = re.compile(rb"-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n")


def decrypt(source: Readable, target: Writable, identities: Sequence[Identity], what: str) -> None:
    """Write what was encrypted. What has been written is worth nothing if this raises.

    Raises:
        NoKeyError: None of the identities opens it.
        DamagedError: It is not whole.
        NotAgeError: It was not made by age.
    """
    header, seal, held = _header(source, what)
    file_key = _file_key(header, identities)
    if file_key is None:
        raise NoKeyError(what)
    if header_seal(file_key, header) != seal:
        raise DamagedError(what, "its header")
    try:
        for content in _payload(source, held, file_key):
            target.write(content)
    except InvalidTag:
        raise DamagedError(what, "its content") from None
    target.flush()


def _header(source: Readable, what: str) -> tuple[bytes, bytes, bytearray]:
    """The header up to its dashes, its seal, and what was read of the rest."""
    held = bytearray()
    while len(held) < _MOST_HEADER_BYTES and (more := source.read(_STEP)):
        held += more
        found = _HEADER.match(held)
        seal = _SEAL.match(held, found.end()) if found else None
        if found and seal:
            header, told = found[0], seal[1]
            del held[: seal.end()]
            return bytes(header), bytes(told), held
    if not held.startswith(MAGIC):
        raise NotAgeError(what)
    raise DamagedError(what, "its header")


def _file_key(header: bytes, identities: Sequence[Identity]) -> bytes | None:
    """The key of the file, which is encrypted to each of its recipients."""
    for secret in (X25519PrivateKey.from_private_bytes(_secret_of(one)) for one in identities):
        own = secret.public_key().public_bytes_raw()
        for share, sealed_key in _STANZA.findall(header):
            theirs = from_text(share)
            try:
                shared = secret.exchange(X25519PublicKey.from_public_bytes(theirs))
                key = derived(shared, theirs + own, _LABEL)
                return ChaCha20Poly1305(key).decrypt(bytes(12), from_text(sealed_key), None)
            except (InvalidTag, ValueError):  # a share that makes no secret is nobody's
                continue
    return None


def _secret_of(identity: Identity) -> bytes:
    """The 32 bytes of a key, of which its text is the Bech32 form.

    Source: https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki
    """
    letters = str(identity).lower().rpartition("1")[2][:-_CHECKSUM_LETTERS]
    number = 0
    for letter in letters:
        number = number << 5 | _FIVE_BITS.index(letter)
    return (number >> len(letters) * 5 % 8).to_bytes(32, "big")


def _payload(source: Readable, held: bytearray, file_key: bytes) -> Iterator[bytes]:
    """The content, a megabyte at a time.

    Raises:
        InvalidTag: A chunk is not what was written, or the end is missing.
    """
    while len(held) < NONCE_BYTES and (more := source.read(_STEP)):
        held += more
    cipher = payload_cipher(file_key, bytes(held[:NONCE_BYTES]))
    del held[:NONCE_BYTES]
    number = 0
    while more := source.read(_STEP):
        held += more
        count = (len(held) - 1) // _SEALED  # the last chunk is another one
        yield _opened(cipher, held, number, count)
        del held[: count * _SEALED]
        number += count
    count = max(0, len(held) - 1) // _SEALED
    yield _opened(cipher, held, number, count)
    number += count
    last = cipher.decrypt(chunk_nonce(number, is_last=True), held[count * _SEALED :], None)
    if number and not last:
        raise InvalidTag
    yield last


def _opened(cipher: ChaCha20Poly1305, held: bytearray, number: int, count: int) -> bytes:
    """Some chunks after each other, none of which is the last one."""
    with memoryview(held) as view:
        return b"".join(
            cipher.decrypt(
                chunk_nonce(number + at, is_last=False),
                view[at * _SEALED : (at + 1) * _SEALED],
                None,
            )
            for at in range(count)
        )
