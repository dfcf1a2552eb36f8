"""The token end point: signed assertions of a service account in, access tokens out."""

import functools
import json
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.emulators.answers import Answer

EMAIL = "pipeline@example-project.iam.gserviceaccount.com"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_LONGEST_SECONDS = 3600
_TOLERATED_SECONDS = 300
_SKEWED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_key() -> str:
    """The service account's key, as its file has it."""
    return (
        _key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _public_key() -> bytes:
    return (
        _key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


class Tokens:
    """Access tokens and what they allow.

    Attributes:
        clock_offset_seconds: How far the server's clock is ahead of this machine's.
        is_revoked: Whether the key was deleted in the console.
    """

    def __init__(self) -> None:
        self.clock_offset_seconds = 0
        self.is_revoked = False
        self._scopes: dict[str, set[str]] = {}

    def scopes_of(self, authorization: str) -> set[str] | None:
        """What the token in a header allows; None: it is not known."""
        return self._scopes.get(authorization.removeprefix("Bearer "))

    def forget(self) -> None:
        """Let every token expire."""
        self._scopes.clear()

    def exchange(self, body: bytes) -> Answer:
        """A token for an assertion."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        problem = self._problem(form)
        if problem is not None:
            return Answer(400, {"error": "invalid_grant", "error_description": problem})
        token = secrets.token_urlsafe(16)
        claims = _claims(form["assertion"])
        self._scopes[token] = set(str(claims.get("scope", "")).split())
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _problem(self, form: dict[str, str]) -> str | None:
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return "Invalid grant_type"
        claims, now = _claims(form["assertion"]), time.time() + self.clock_offset_seconds
        if self.is_revoked or claims is None or claims.get("iss") != EMAIL:
            return "Invalid JWT Signature."
        if claims["aud"] != _AUDIENCE:
            return "Invalid JWT: Failed audience check."
        is_long = claims["exp"] - claims["iat"] > _LONGEST_SECONDS
        is_skewed = claims["iat"] - now > _TOLERATED_SECONDS or claims["exp"] < now
        return _SKEWED if is_long or is_skewed else None


def _claims(assertion: str) -> Any:
    """What a signed assertion says; None: another key signed it."""
    try:
        jwt.decode(assertion, certs=None, verify=False)
        header, payload, signed, signature = jwt._unverified_decode(assertion)
    except ValueError:
        return None
    from google.auth import crypt

    verifier = crypt.RSAVerifier.from_string(_public_key())
    return payload if verifier.verify(signed, signature) and header["alg"] == "RS256" else None


def write_credentials(path: Path, token_uri: str) -> Path:
    """Write the file that Google's console hands out for a service account."""
    told = {
        "type": "service_account",
        "project_id": "example-project",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(told, indent=1))
    path.chmod(0o600)
    return path
