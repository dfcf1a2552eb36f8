"""The address that opens the private view on one's own machine: each works once."""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

PARAMETER = "token"


class OneTimeAddress:
    """An address with a random token; when it is used, the next one is told.

    Args:
        base: The address without its token.
        tell: Is told each further address, for the person at the terminal.
    """

    def __init__(self, base: str, tell: Callable[[str], None]) -> None:
        self._base, self._tell = base, tell
        self._token = secrets.token_urlsafe(32)

    def __str__(self) -> str:
        return f"{self._base}?{urlencode({PARAMETER: self._token})}"

    def spend(self, token: str) -> bool:
        """Whether this is the token; it is none from then on."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return False
        self._token = secrets.token_urlsafe(32)
        self._tell(str(self))
        return True
