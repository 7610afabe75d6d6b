"""A reverse proxy that writes down every request: nginx before parts of the local stack, a log for each."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra_under_test.local.discovery import NGINX, find

BODY_BYTES_MAX = "2m"  # longer bodies are not written down; the JSON of every call here is shorter
PARTS_WITH_BODIES = ("dynamodb", "sqs")
ENDED_WITHIN_S = 5.0
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 4096; }}
http {{
  client_body_temp_path {folder}/c; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  client_max_body_size 0; client_body_buffer_size {body}; client_body_in_single_buffer on;
  keepalive_requests 1000000; proxy_http_version 1.1; proxy_read_timeout 60s;
  log_format bare escape=json '{{"t":$msec,"rt":$request_time,"m":"$request_method","u":"$request_uri",'
    '"s":$status,"b":$body_bytes_sent,"target":"$http_x_amz_target","copy":"$http_x_amz_copy_source"}}';
  log_format whole escape=json '{{"t":$msec,"rt":$request_time,"m":"$request_method","u":"$request_uri",'
    '"s":$status,"b":$body_bytes_sent,"target":"$http_x_amz_target","body":"$request_body"}}';
{servers}
}}
"""
SERVER = """
  upstream {name} {{ server 127.0.0.1:{to} max_fails=0; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024; access_log {folder}/{name}.jsonl {form};
    location / {{
      proxy_pass http://{name}; proxy_set_header Host $http_host; proxy_set_header Connection "";
      {buffering}
    }}
  }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingProxy:
    """A running proxy: the URL before each part, and what was asked of it."""

    folder: Path
    urls: Mapping[str, str]

    def lines(self, part: str) -> list[dict[str, Any]]:
        """Answered requests to a part in the order of their ends: t (Unix s), m, u, s, b, target, body."""
        text = (self.folder / f"{part}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def counting_proxy(folder: Path, ports: Mapping[str, tuple[int, int]]) -> Iterator[CountingProxy]:
    """nginx before each part: `ports` are {part: (its own, the proxy's)}; gone afterwards."""
    folder.mkdir()
    servers = "".join(
        SERVER.format(
            name=name,
            to=own,
            port=before,
            folder=folder,
            form="whole" if name in PARTS_WITH_BODIES else "bare",
            # S3's uploads are passed on as they come: a signature covers their length, not a buffer's.
            buffering="" if name in PARTS_WITH_BODIES else "proxy_request_buffering off;",
        )
        for name, (own, before) in ports.items()
    )
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        CONFIGURATION.format(folder=folder, servers=servers, body=BODY_BYTES_MAX, user=user), "utf-8"
    )
    command = [str(find(NGINX).path), "-e", str(folder / "error.log"), "-p", str(folder), "-c"]
    server = subprocess.Popen([*command, str(configuration)])
    try:
        for name in ports:
            _await_file(folder / f"{name}.jsonl", server)
        urls = {name: f"http://127.0.0.1:{before}" for name, (_own, before) in ports.items()}
        yield CountingProxy(folder=folder, urls=urls)
    finally:
        server.terminate()
        server.wait(ENDED_WITHIN_S)


def _await_file(path: Path, server: subprocess.Popen[bytes]) -> None:
    """Waits until nginx has opened this log, which it does when it starts."""
    deadline = time.monotonic() + ENDED_WITHIN_S
    while not path.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"error: nginx did not start; see {path.parent}/error.log")
        time.sleep(0.02)
