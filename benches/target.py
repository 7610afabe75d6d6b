"""What the generator benches measure against: nginx on a core of its own, and runs of the CLI on another."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from infra_under_test.local.discovery import NGINX, find
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 10.0
CONFIGURATION = """
daemon off; worker_processes 1; worker_cpu_affinity {affinity};
pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 16000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; tcp_nodelay on;
  client_body_temp_path {folder}/c; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=8192; location / {{ return 200 "hello world\\n"; }} }}
}}
"""
ONE_GET = '[[flow]]\nname = "get"\n[[flow.step]]\npath = "/x"\n'  # the flow of plans that ask for one URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running nginx with a single worker."""

    url: str
    worker_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Which core the generator has to itself, and which the server."""

    generator: int
    server: int


def two_cores() -> Cores:
    """The first two cores that this process may use; exits with a hint where there is one only."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        sys.exit("error: this bench needs two cores: one for the generator, one for the server")
    return Cores(generator=allowed[0], server=allowed[1])


@contextlib.contextmanager
def nginx(core: int) -> Iterator[Target]:
    """nginx on `core`, answering every path with twelve bytes; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tidegauge-bench-nginx-"))
    port = _free_port()
    affinity = "1" + "0" * core
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, affinity=affinity), "utf-8")
    command = [
        str(find(NGINX).path),
        "-e",
        str(folder / "error.log"),
        "-p",
        str(folder),
        "-c",
        str(configuration),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url)
        (worker,) = psutil.Process(server.pid).children()
        yield Target(url=url, worker_pid=worker.pid)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).read()  # noqa: S310  # our own loopback URL
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                sys.exit(f"error: nginx did not answer on {url}")
            time.sleep(0.05)


def write_stack(folder: Path, url: str) -> Path:
    """A stack descriptor for a bare server."""
    path = folder / "stack.toml"
    host = url.removeprefix("http://")
    path.write_text(f'name = "bench"\napi_url = "{url}"\nallowed_hosts = ["{host}"]\n', "utf-8")
    return path


def run_command(plan: Path, stack: Path, out: Path, settings: Sequence[str] = ()) -> list[str]:
    """The argv of a run."""
    command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--stack", str(stack), "--out", str(out)]
    for setting in settings:
        command += ["--set", setting]
    return [*command, "--json"]


def run(command: Sequence[str], core: int | None = None) -> Summary:
    """The summary of a run, whatever its verdict; exits with its error when there is none."""
    return RunFolder(Path(call(command, core)["run_dir"])).read_summary()


def call(command: Sequence[str], core: int | None = None) -> dict[str, Any]:
    """The document that a command prints; exits with its error."""
    ended = subprocess.run(pinned(command, core), cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        document: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        sys.exit(f"error: {' '.join(command)} printed no JSON\n{ended.stderr[-2000:]}")
    if "error" in document:
        sys.exit(f"error: {document['error']['message']}")
    return document


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """`command` on `core` alone, all its children included."""
    return [*(() if core is None else ("taskset", "-c", str(core))), *command]
