"""A server whose delays and answers are chosen by a test, and the CLI run against it."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Answer = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def http_server(answer: Callable[[str], Answer]) -> Iterator[str]:
    """The base URL of a server that answers each GET of a path by `answer(path)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

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
    """A plan with one declared flow and uniform arrivals; a busy test machine may send late."""
    steps = steps or '[[flow.step]]\npath = "/ping"\n'
    path = folder / "plan.toml"
    path.write_text(
        f'{head}\n[[arrivals]]\nshape = "constant"\nprocess = "uniform"\nrate_per_s = {rate}\n'
        f'duration_s = {duration_s}\n[[flow]]\nname = "ping"\n{steps}\n{tail}\n',
        encoding="utf-8",
    )
    return path


def tidegauge(*arguments: object, timeout_s: float = 90) -> tuple[int, Any, str]:
    """Exit code, the JSON document on stdout, and the words on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "tidegauge", *map(str, arguments), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr
