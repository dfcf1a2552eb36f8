"""The pieces of the age format that are ours: keys derived, texts of bytes, a header's seal.

Source: https://age-encryption.org/v1.
"""

import base64
import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

VERSION: Final = b"age-encryption.org/v1"
CHUNK: Final = 64 << 10
TAG_BYTES: Final = 16
NONCE_BYTES: Final = 16


def derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    """HKDF-SHA-256 of 32 bytes (RFC 5869)."""
    drawn = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(drawn, purpose + b"\x01", "sha256")


def header_seal(file_key: bytes, header: bytes) -> bytes:
    """What stands behind a header, which goes up to its three dashes."""
    return as_text(hmac.digest(derived(file_key, b"", b"header"), header, "sha256"))


def payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    """What encrypts the chunks of a payload."""
    return ChaCha20Poly1305(derived(file_key, nonce, b"payload"))


def chunk_nonce(number: int, *, is_last: bool) -> bytes:
    """The nonce of a chunk of a payload."""
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


def as_text(content: bytes) -> bytes:
    """Base64 without padding."""
    return base64.b64encode(content).rstrip(b"=")


def from_text(text: bytes) -> bytes:
    """What such a text says."""
    return base64.b64decode(text + b"=" * (-len(text) % 4))
