"""Google Drive v3, Sheets v4 and Cloud Storage v1 on loopback, for tests and for developers.

`python -m tests.emulators.google_server --folder EXPORTS --sheet LOG.csv` serves a folder of this
machine as a Drive folder and a CSV file as a spreadsheet, and prints the settings to use.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.emulators import faults
from tests.emulators.answers import Answer, RefusedError, refusal
from tests.emulators.discovery import (
    Route,
    ViolationError,
    check_answer,
    check_body,
    check_query,
    masked,
    route_of,
)
from tests.emulators.drive import Drive
from tests.emulators.drive_methods import METHODS as DRIVE_METHODS
from tests.emulators.faults import Fault
from tests.emulators.media import Uploads
from tests.emulators.sheets import Spreadsheet, Tab
from tests.emulators.storage import Storage
from tests.emulators.storage_methods import METHODS as STORAGE_METHODS
from tests.emulators.tokens import EMAIL, Tokens, write_credentials

_CHUNK = 256 << 10


@dataclass
class Call:
    """One request, as the methods get it."""

    server: "GoogleServer"
    route: Route
    query: dict[str, list[str]]
    headers: Any
    raw: bytes
    scopes: set[str]

    def one(self, name: str) -> str | None:
        """A parameter of the address."""
        return self.query.get(name, [None])[0]

    @property
    def all_drives(self) -> bool:
        """Whether the caller knows of shared drives."""
        return self.one("supportsAllDrives") == "true"

    @property
    def app_only(self) -> bool:
        """Whether the token shows only files that this application made."""
        return self.scopes == {"https://www.googleapis.com/auth/drive.file"}


class GoogleServer:
    """The emulator.

    Attributes:
        requests: The methods that were called, in order; `token` among them.
        violations: What was asked or answered against Google's own description.
        faults: What goes wrong; a fault that has happened often enough is spent.
        disabled: Interfaces (`drive`, `sheets`, `storage`) that the project has not enabled.
    """

    def __init__(self, port: int = 0) -> None:
        self.drive, self.storage, self.uploads = Drive(), Storage(), Uploads()
        self.tokens = Tokens()
        self.spreadsheets: dict[str, Spreadsheet] = {}
        self.requests: list[str] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self.disabled: set[str] = set()
        self.before: Callable[[], object] = lambda: None
        handler = type("Handler", (_Handler,), {"google": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """The address of everything."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def running(self) -> Iterator["GoogleServer"]:
        """Serve in a thread."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()

    def credentials(self, path: Path) -> Path:
        """Write the file of a service account that is known here."""
        return write_credentials(path, f"{self.url}/token")

    def spreadsheet(self, name: str = "sheet", **facts: Any) -> Spreadsheet:
        """Make a spreadsheet that is shared with the service account."""
        sheet = Spreadsheet(f"{name}_{'0' * 38}", **facts)
        self.spreadsheets[sheet.id] = sheet
        return sheet

    def met(self, method: str, *kinds: str) -> Fault | None:
        """The fault that happens to this request."""
        return next((f for f in self.faults if f.kind in kinds and f.meets(method)), None)

    def count(self, method: str) -> int:
        """How often a method was called."""
        return self.requests.count(method)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    google: GoogleServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Say nothing."""

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if url.path == "/token":
            self._send("token", self._token(raw))
            return
        method, answer = self._method(url.path, parse_qs(url.query, keep_blank_values=True), raw)
        self._send(method, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _token(self, raw: bytes) -> Answer:
        self.google.requests.append("token")
        fault = self.google.met("token", "refuse")
        if fault:
            return Answer(fault.status, {"error": "server_error", "error_description": "later"})
        return self.google.tokens.exchange(raw)

    def _method(self, path: str, query: dict[str, list[str]], raw: bytes) -> tuple[str, Answer]:
        verb = self.command
        if "upload_id" in query and verb == "PUT":
            verb = self.google.uploads.verb_of(query["upload_id"][0])
        try:
            route = route_of(verb, path)
            check_query(route, query)
        except ViolationError as error:
            self.google.violations.append(str(error))
            return "unknown", refusal("drive", RefusedError(400, "badRequest", str(error)))
        self.google.requests.append(route.name)
        try:
            return route.name, self._allowed(route, query, raw)
        except RefusedError as error:
            of_media = query.get("alt") == ["media"]
            return route.name, refusal(route.api, error, of_media=of_media)
        except ViolationError as error:
            self.google.violations.append(str(error))
            return route.name, refusal(route.api, RefusedError(400, "badRequest", str(error)))

    def _allowed(self, route: Route, query: dict[str, list[str]], raw: bytes) -> Answer:
        google = self.google
        scopes = google.tokens.scopes_of(self.headers.get("Authorization", ""))
        if scopes is None:
            raise RefusedError(401, "authError")
        if route.api in google.disabled:
            raise RefusedError(403, "accessNotConfigured")
        if scopes.isdisjoint(route.method["scopes"]):
            raise RefusedError(403, "insufficientPermissions")
        fault = google.met(route.name, "refuse", "race")
        if fault and fault.kind == "race":
            fault.act()
        elif fault:
            raise RefusedError(fault.status, fault.reason, retry_after=fault.retry_after)
        google.before()
        return _performed(Call(google, route, query, self.headers, raw, scopes))

    def _send(self, method: str, answer: Answer) -> None:
        content = answer.content()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        fault = self.google.met(method, "cut", "slow")
        if fault and fault.kind == "cut":
            self.wfile.write(content[: fault.bytes_sent])
            self.close_connection = True
        elif fault:
            for start in range(0, len(content), max(1, len(content) // 20)):
                self.wfile.write(content[start : start + max(1, len(content) // 20)])
                time.sleep(fault.seconds)
        else:
            for start in range(0, len(content), _CHUNK):
                self.wfile.write(content[start : start + _CHUNK])


def _performed(call: Call) -> Answer:
    """What a method answers, held against the document in both directions."""
    if not call.route.is_upload:
        check_body(call.route, json.loads(call.raw) if call.raw else None)
    answer = METHODS[call.route.name](call)
    if isinstance(answer.body, bytes) or answer.status not in {200, 201}:
        return answer
    check_answer(call.route, answer.body)
    answer.body = masked(call.route, call.one("fields"), answer.body)
    return answer


def _spreadsheet(call: Call) -> Answer:
    found = call.server.spreadsheets.get(call.route.path["spreadsheetId"])
    if found is None:
        raise RefusedError(404, "notFound", "Requested entity was not found.")
    if found.role is None:
        raise RefusedError(403, "forbidden", "The caller does not have permission")
    fields = call.one("fields") or ""
    with_cells = call.one("includeGridData") == "true" or "data" in fields
    return Answer(200, found.resource(call.query.get("ranges", []), with_cells=with_cells))


METHODS: dict[str, Callable[[Call], Answer]] = {
    "sheets.spreadsheets.get": _spreadsheet,
    **DRIVE_METHODS,
    **STORAGE_METHODS,
}


# -- for developers ------------------------------------------------------------------------------


def _mirror(google: GoogleServer, folder: Path, place: str, known: dict[Path, str]) -> None:
    """Let a Drive folder hold what a folder of this machine holds."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path not in known:
                known[path] = google.drive.folder(path.name, place)
            _mirror(google, path, known[path], known)
        elif path not in known:
            known[path] = google.drive.put(path.name, path.read_bytes(), place)
        elif google.drive.content_of(known[path]) != path.read_bytes():
            google.drive.put(path.name, path.read_bytes(), place, known[path])
    for path in [path for path in known if path.parent == folder and not path.exists()]:
        google.drive.trash(known.pop(path))


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulators.google_server", description=__doc__
    )
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--folder", type=Path, help="served as a Drive folder, read anew each time")
    parser.add_argument("--sheet", type=Path, help="a CSV file, served as a spreadsheet")
    parser.add_argument("--time-zone", default="Europe/Berlin", help="of the spreadsheet")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="METHOD=STATUS[:REASON][xTIMES]",
        help="drive.files.list=503x2, drive.files.get=cut, sheets.*=403:rateLimitExceeded",
    )  # fmt: skip
    options = parser.parse_args()
    google = GoogleServer(options.port)
    google.faults += map(faults.parsed, options.fault)
    print("# Settings of the emulator; it stops with Ctrl-C.")
    print(f"export PDP_GOOGLE_ENDPOINT={google.url}")
    credentials = google.credentials(Path(tempfile.mkdtemp()) / "service_account.json")
    print(f"export PDP_GOOGLE_CREDENTIALS_FILE={credentials}  # {EMAIL}")
    if options.sheet:
        sheet = google.spreadsheet(time_zone=options.time_zone, source=options.sheet)
        sheet.tabs.append(Tab(0, options.sheet.stem))
        print(f"export PDP_GOOGLE_SHEET={sheet.id}")
    if options.folder:
        place, known = google.drive.folder(options.folder.name, role="reader"), {}
        google.before = lambda: _mirror(google, options.folder, place, known)
        print(f"export PDP_DRIVE_FOLDER={place}")
    state, bucket = google.drive.shared_drive("state"), google.storage.bucket("state")
    print(
        f"# For remote state: PDP_REMOTE=drive:{state} or PDP_REMOTE=gs://{bucket.name}", flush=True
    )
    with google.running():
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
