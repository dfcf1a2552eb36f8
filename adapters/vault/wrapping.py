"""An identity wrapped with a passphrase, as the age format has it, at a work factor of our choice.

The library chooses the factor by the speed of the machine, when it wraps and when it unwraps: what
a fast laptop wraps would take a gigabyte to open, which the small host of a dashboard does not
have, and what anyone wraps is refused as too much work where the machine is slow or busy. This one
takes 256 MB anywhere, and opens what fits into memory.

Source: https://age-encryption.org/v1 (file format, scrypt recipient stanza, payload).
"""

import hashlib
import hmac
import os
import re
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from adapters.vault.age_format import (
    CHUNK,
    VERSION,
    as_text,
    chunk_nonce,
    from_text,
    header_seal,
    payload_cipher,
)

WORK_FACTOR: Final = 18
MOST_TEXT_BYTES: Final = CHUNK
_BLOCK_SIZE: Final = 8
_SALT_LABEL: Final = VERSION + b"/scrypt"
_ONLY_CHUNK: Final = chunk_nonce(0, is_last=True)
_WRAPPED: Final = re.compile(
    rb"(?P<header>age-encryption\.org/v1\n"
    rb"-> scrypt (?P<salt>[A-Za-z0-9+/]{22}) (?P<factor>[1-9][0-9]?)\n"
    rb"(?P<key>[A-Za-z0-9+/]{43})\n---) (?P<seal>[A-Za-z0-9+/]{43})\n(?P<nonce>.{16})(?P<body>.*)",
    re.DOTALL,
)


class OtherPassphraseError(Exception):
    """It was wrapped with another passphrase."""


class NotWholeError(Exception):
    """It is no wrapped identity, or its bytes are not those that were written."""


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
    stanza = b"-> scrypt %b %d\n%b" % (as_text(salt), work_factor, as_text(wrapped_key))
    header = b"%b\n%b\n---" % (VERSION, stanza)
    body = payload_cipher(file_key, nonce).encrypt(_ONLY_CHUNK, content, None)
    return b"%b %b\n%b%b" % (header, header_seal(file_key, header), nonce, body)


def unwrapped(content: bytes, passphrase: str) -> bytes:
    """What was wrapped, here or by any other age tool.

    Raises:
        OtherPassphraseError: The passphrase is another one.
        NotWholeError: It is damaged, or longer than an identity file.
        MemoryError: Its work factor takes more memory than there is.
    """
    parts = _WRAPPED.fullmatch(content)
    if parts is None:
        raise NotWholeError
    factor = int(parts["factor"])
    try:
        key = _stretched(passphrase, from_text(parts["salt"]), factor)
    except ValueError:  # what OpenSSL says where memory is short
        raise MemoryError from None
    try:
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), from_text(parts["key"]), None)
    except InvalidTag:
        raise OtherPassphraseError from None
    if not hmac.compare_digest(header_seal(file_key, parts["header"]), parts["seal"]):
        raise NotWholeError
    try:
        payload = payload_cipher(file_key, parts["nonce"])
        return payload.decrypt(_ONLY_CHUNK, parts["body"], None)
    except InvalidTag:
        raise NotWholeError from None


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
