"""A server whose delays and answers are chosen by a test, and the CLI run against it."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tidegauge.cli import main
from tidegauge.conduct.signals import ENDING

ROOT = Path(__file__).resolve().parents[2]
Answer = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def http_server(answer: Callable[[str], Answer]) -> Iterator[str]:
    """The base URL of a server that answers each GET and POST of a path by `answer(path)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def setup(self) -> None:
            socketserver.StreamRequestHandler.disable_nagle_algorithm = True
            super().setup()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def good_after(delay_s: float) -> Callable[[str], Answer]:
    """Always 200 after a delay."""

    def answer(_path: str) -> Answer:
        time.sleep(delay_s)
        return 200, {}, b"ok"

    return answer


def write_stack(folder: Path, url: str, *, allowed: str = "127.0.0.1", extra: str = "") -> Path:
    """A descriptor of the server at `url`."""
    path = folder / "stack.toml"
    path.write_text(
        f'name = "served"\napi_url = "{url}"\nallowed_hosts = ["{allowed}"]\n{extra}', encoding="utf-8"
    )
    return path


def write_plan(
    folder: Path, *, rate: float, duration_s: float, head: str = "", steps: str = "", tail: str = ""
) -> Path:
    """A plan with one declared flow and uniform arrivals.

    A busy test machine sends late, which makes a run invalid: that limit is loose but where `tail` has it.
    """
    steps = steps or '[[flow.step]]\npath = "/ping"\n'
    validity = "" if "[validity]" in tail else "[validity]\nlag_ms_p99_max = 1000\n"
    path = folder / "plan.toml"
    path.write_text(
        f'{head}\n[[arrivals]]\nshape = "constant"\nprocess = "uniform"\nrate_per_s = {rate}\n'
        f'duration_s = {duration_s}\n[[flow]]\nname = "ping"\n{steps}\n{tail}\n{validity}',
        encoding="utf-8",
    )
    return path


def tidegauge(*arguments: object) -> tuple[int, Any, str]:
    """Exit code, the JSON document on stdout, and the words on stderr."""
    code, document, words = program(*arguments, "--json")
    return code, json.loads(document), words


def program(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the program, run in this process.

    A new one takes longer to import it than most verbs take. What a child process writes by itself is not
    among what is returned.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        _signals_as_before(),
        contextlib.chdir(ROOT),
        patch.object(sys, "argv", ["tidegauge", *map(str, arguments)]),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = _exit_code(main)
    return code, stdout.getvalue(), stderr.getvalue()


def _exit_code(call: Callable[[], None]) -> int:
    try:
        call()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@contextmanager
def _signals_as_before() -> Iterator[None]:
    """The program handles them its own way, and pytest must get its Ctrl-C back."""
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
