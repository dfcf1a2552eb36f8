"""What the emulator answers when it refuses: errors in the forms that Google gives them."""

import json
from dataclasses import dataclass, field
from typing import Any

_MESSAGES = {
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "dailyLimitExceeded": "Daily Limit Exceeded",
    "storageQuotaExceeded": "The user's Drive storage quota has been exceeded.",
    "insufficientPermissions": "Request had insufficient authentication scopes.",
    "insufficientFilePermissions": "The user does not have sufficient permissions for this file.",
    "accessNotConfigured": "Google API has not been used in project 1 before or it is disabled.",
    "notFound": "File not found: .",
    "authError": "Invalid Credentials",
    "backendError": "Backend Error",
    "conditionNotMet": "At least one of the pre-conditions you specified did not hold.",
}
_DOMAINS = {"rateLimitExceeded": "usageLimits", "dailyLimitExceeded": "usageLimits"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_RPC_REASONS = {
    "insufficientPermissions": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "accessNotConfigured": "SERVICE_DISABLED",
    "rateLimitExceeded": "RATE_LIMIT_EXCEEDED",
}


@dataclass
class Answer:
    """A status, headers and a body: JSON, or bytes."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class RefusedError(Exception):
    """The server will not do it."""

    def __init__(
        self, status: int, reason: str, message: str | None = None, retry_after: int | None = None
    ) -> None:
        self.status, self.reason = status, reason
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.message = message or _MESSAGES.get(reason, reason)
        super().__init__(self.message)


def refusal(api: str, error: RefusedError, *, of_media: bool = False) -> Answer:
    """An error in the form of an interface: Drive's older one, Sheets' newer one.

    Where a content was asked for, Cloud Storage says only a sentence.
    """
    if api == "storage" and of_media:
        return Answer(error.status, error.message.encode(), error.headers)
    told: dict[str, Any] = {"code": error.status, "message": error.message}
    if api == "sheets":
        told["status"] = _STATUS.get(error.status, "UNKNOWN")
        if error.reason in _RPC_REASONS:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            told["details"] = [{"@type": kind, "reason": _RPC_REASONS[error.reason]}]
    else:
        domain = _DOMAINS.get(error.reason, "global")
        told["errors"] = [{"domain": domain, "reason": error.reason, "message": error.message}]
    return Answer(error.status, {"error": told}, error.headers)
