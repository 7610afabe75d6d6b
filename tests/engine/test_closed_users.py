"""Plain Locust, with our flows: `locust -f locustfiles/short_link.py -H URL`."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response_only(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def test_plain_locust_users_run_and_leave_our_samples(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        done = subprocess.run(
            [
                sys.executable, "-m", "locust", "-f", "locustfiles/short_link.py", "--headless", "-u", "3",
                "-r", "3", "-t", "2s", "-H", f"http://127.0.0.1:{server.server_address[1]}",
                "--samples-dir", str(tmp_path / "run"), "--only-summary",
            ],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    rows = pq.read_table(tmp_path / "run" / "samples").to_pandas()
    assert len(rows) >= 3, done.stderr  # a session of each user, whose first step fails with the 404
    assert set(rows["flow"]) == {"short_link"}
    assert set(rows["cause"]) == {"status"}
    assert "/v1/s/{short_code}" in done.stderr + done.stdout  # and Locust's own table has them
