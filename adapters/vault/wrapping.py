"""An identity wrapped with a passphrase, as the age format has it, at a work factor of our choice.

The library chooses the factor by the speed of the machine: what a fast laptop wraps would take a
gigabyte to open, which the small host of a dashboard does not have. This one takes 256 MB anywhere.

Source: https://age-encryption.org/v1 (file format, scrypt recipient stanza, payload).
"""

import base64
import hashlib
import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

WORK_FACTOR: Final = 18
MOST_TEXT_BYTES: Final = 64 << 10
_BLOCK_SIZE: Final = 8
_VERSION: Final = b"age-encryption.org/v1"
_SALT_LABEL: Final = b"age-encryption.org/v1/scrypt"
_ONLY_CHUNK: Final = bytes(11) + b"\x01"


def wrap(text: str, passphrase: str, work_factor: int = WORK_FACTOR) -> bytes:
    """An identity file, encrypted with a passphrase.

    Raises:
        ValueError: The text takes more than one chunk of the format, 64 KiB.
    """
    content = text.encode()
    if len(content) > MOST_TEXT_BYTES:
        raise ValueError("no identity file is as long as this")
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    key = _stretched(passphrase, salt, work_factor)
    wrapped_key = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    stanza = b"-> scrypt %b %d\n%b" % (_base64(salt), work_factor, _base64(wrapped_key))
    header = b"%b\n%b\n---" % (_VERSION, stanza)
    seal = hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")
    payload = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    body = payload.encrypt(_ONLY_CHUNK, content, None)
    return b"%b %b\n%b%b" % (header, _base64(seal), nonce, body)


def scrypt_memory_bytes(work_factor: int) -> int:
    """What a work factor takes: 128 * N * r bytes, N being 2 to its power.

    Source: RFC 7914, section 2.
    """
    return int(128 * _BLOCK_SIZE * 2**work_factor)


def _stretched(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(),
        salt=_SALT_LABEL + salt,
        n=2**work_factor,
        r=_BLOCK_SIZE,
        p=1,
        maxmem=scrypt_memory_bytes(work_factor) + (1 << 20),
        dklen=32,
    )


def _derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    """HKDF-SHA-256 of 32 bytes (RFC 5869)."""
    drawn = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(drawn, purpose + b"\x01", "sha256")


def _base64(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")
