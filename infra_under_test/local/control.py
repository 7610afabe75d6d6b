"""The supervisor's loopback endpoint: which parts live, what they consumed, how much memory they hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra_under_test.local.processes import Running

View = Callable[[], dict[str, Any]]


def serve(views: Mapping[str, View]) -> str:
    """Serves `views` ({path: document}) on a free loopback port in a thread; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            view = views.get(self.path)
            known = ", ".join(views)
            document = (
                view() if view else {"error": {"message": f"no {self.path}", "hint": f"known: {known}"}}
            )
            body = json.dumps(document).encode()
            self.send_response(200 if view else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not logged: status is asked for all the time."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def part_status(running: Running) -> dict[str, Any]:
    """One row of the status; a dead part shows its exit code and the end of its log."""
    row: dict[str, Any] = {
        "name": running.part.name,
        "version": running.part.version,
        "url": running.part.url,
        "pid": running.process.pid,
        "alive": running.is_alive,
        "rss_bytes": running.rss_bytes() if running.is_alive else 0,
        "ready_after_s": None if running.ready_after_s is None else round(running.ready_after_s, 3),
    }
    if not running.is_alive:
        row |= {"exit_code": running.process.returncode, "log": running.last_lines()}
    return row


def memory(running: Mapping[str, Running]) -> dict[str, Any]:
    """Resident bytes by part (with its descendants), and their sum."""
    parts = {name: part.rss_bytes() for name, part in list(running.items()) if part.is_alive}
    return {"parts": parts, "total_bytes": sum(parts.values())}


def merged_usage(folder: Path) -> dict[str, Any]:
    """The usage files of all processes, summed. Quantities are decimal strings; a file appears whole."""
    routes: dict[str, dict[str, int]] = {}
    counters: dict[tuple[str, str, str, str], Decimal] = {}
    worker: dict[str, float] = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        for route, counts in document.get("routes", {}).items():
            target = routes.setdefault(route, {})
            for key, count in counts.items():
                target[key] = target.get(key, 0) + count
        for counter in document.get("counters", []):
            attributes = json.dumps(counter["attributes"], sort_keys=True)
            identity = (counter["route"], counter["service"], counter["unit"], attributes)
            counters[identity] = counters.get(identity, Decimal(0)) + Decimal(counter["quantity"])
        for key, amount in document.get("worker", {}).items():
            worker[key] = worker.get(key, 0) + amount
    rows = [
        {
            "route": route,
            "service": service,
            "unit": unit,
            "attributes": json.loads(attributes),
            "quantity": format(quantity, "f"),
        }
        for (route, service, unit, attributes), quantity in sorted(counters.items())
    ]
    return {"routes": routes, "counters": rows, "worker": worker}
