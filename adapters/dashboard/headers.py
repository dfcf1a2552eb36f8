"""The headers of every answer of the server, whichever handler gives it.

Panel has no setting for them. They are put on where headers are written, so that the very first
answer of `panel serve app.py`, which begins before the application is loaded, carries them too.
"""

from typing import Any, Final

from tornado.web import RequestHandler

# BokehJS evaluates the code of callbacks, Panel starts the page from a script within it and loads
# what its components are made of from memory.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ONE_YEAR: Final = "max-age=31536000"
_written = RequestHandler.flush


def guard_answers() -> None:
    """Put the headers on all answers of this process from now on."""
    RequestHandler.flush = _guarded  # type: ignore[method-assign]


def _guarded(self: RequestHandler, include_footers: bool = False) -> Any:  # noqa: FBT001, FBT002 - Tornado's signature
    if not self._headers_written:
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")
        if is_encrypted(self):
            self.set_header("Strict-Transport-Security", _ONE_YEAR)
        if str(self._headers.get("Content-Type", "")).startswith("text/html"):
            self.set_header("Cache-Control", "no-store")
    return _written(self, include_footers)


def is_encrypted(handler: RequestHandler) -> bool:
    """Whether the visitor's side of the connection is encrypted, also by a proxy before us."""
    forwarded = handler.request.headers.get("X-Forwarded-Proto", handler.request.protocol)
    return str(forwarded) == "https"
