"""Redirects as sessions follow them, and what stays behind when the origin changes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tidegauge.engine.clock import RunClock
from tidegauge.engine.dispatcher import Share
from tidegauge.engine.job import make_world, read_assets
from tidegauge.engine.request import Request
from tidegauge.engine.session import Session, StepFailed
from tidegauge.plan import Plan
from tidegauge.records import Sample
from tidegauge.shapes import Constant
from tidegauge.stack import Stack


class Served:
    """A server on two ports: `/to` redirects as told, all else answers 200; requests are kept."""

    def __init__(self) -> None:
        self.status, self.location = 302, "/end"
        self.seen: list[tuple[int, str, str, dict[str, str]]] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                port = self.connection.getsockname()[1]
                headers = {name.lower(): value for name, value in self.headers.items()}
                served.seen.append((int(port), self.command, self.path, headers))
                self.send_response_only(served.status if self.path == "/to" else 200)
                self.send_header("Location", served.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        self.ports = [int(server.server_address[1]) for server in self.servers]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Kept:
    """A sink that keeps the samples."""

    def __init__(self) -> None:
        self.rows: list[Sample] = []

    def add_sample(self, row: Sample) -> None:
        self.rows.append(row)


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    for one in server.servers:
        one.shutdown()
        one.server_close()


def follow(served: Served, method: str = "GET", **options: Any) -> list[Sample]:
    """The samples of one redirected request."""
    sink = Kept()
    world = make_world(
        run_id="a-run",
        plan=Plan(arrivals=(Constant(shape="constant", rate_per_s=1, duration_s=1),), timeout_s=5),
        stack=Stack(api_url=f"http://127.0.0.1:{served.ports[0]}", allowed_hosts=("127.0.0.1",)),
        assets=read_assets(None, 1),
        clock=RunClock(time.perf_counter()),
        sink=sink,
        process=0,
        on_exhausted=pytest.fail,
    )
    session = Session(world, index=0, flow="f", intended_s=0.0, asset=None, rng=random.Random(1))
    wanted = {"follow_redirects": True, **options}
    try:
        session.send(Request(method, "/to", endpoint=f"{method} /to", **wanted))
    except StepFailed:
        pass
    finally:
        session.close()
    return sink.rows


@pytest.mark.parametrize(
    "location", ["http://[bad/x", "ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "/a b"]
)
def test_a_location_that_no_browser_could_follow_is_the_stacks_failure(served: Served, location: str) -> None:
    served.location = location
    assert follow(served)[-1].cause == "protocol"
    assert len(served.seen) == 1


def test_a_location_outside_the_allowed_hosts_is_not_followed(served: Served) -> None:
    served.location = "http://198.51.100.7/"
    assert [row.cause for row in follow(served)] == [None, "not_allowed"]


def test_a_sixth_redirect_is_not_followed(served: Served) -> None:
    served.location = "/to"  # for ever
    rows = follow(served)
    assert [row.cause for row in rows] == [None] * 5 + ["status"]
    assert [row.endpoint for row in rows] == [
        "GET /to",
        *(f"GET /to (redirect {hop})" for hop in range(1, 6)),
    ]


def test_a_redirect_is_an_answer_like_others_unless_the_flow_follows_it(served: Served) -> None:
    assert [(row.status, row.cause) for row in follow(served, follow_redirects=False)] == [(302, None)]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (302, "GET", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_the_next_hop_has_the_method_of_rfc_9110(served: Served, status: int, method: str, then: str) -> None:
    served.status = status
    headers = {"Content-Type": "text/x"}
    assert [row.cause for row in follow(served, method, headers=headers, body=b"abc")] == [None, None]
    assert [command for _, command, _, _ in served.seen] == [method, then]
    assert ("content-type" in served.seen[1][3]) == (then != "GET" or method == "GET")


def test_credentials_stay_with_their_origin(served: Served) -> None:
    served.location = f"http://127.0.0.1:{served.ports[1]}/end"
    follow(served, headers={"Authorization": "Bearer t", "Host": "a.example", "X-Own": "kept"})
    port, _, path, headers = served.seen[1]
    assert (port, path) == (served.ports[1], "/end")
    assert "authorization" not in headers
    assert headers["host"] == f"127.0.0.1:{served.ports[1]}"
    assert headers["x-own"] == "kept"


def test_credentials_go_along_within_their_origin(served: Served) -> None:
    follow(served, headers={"Authorization": "Bearer t"})
    assert served.seen[1][3]["authorization"] == "Bearer t"


def test_the_in_flight_limit_is_shared_out_without_a_session_more() -> None:
    for limit, count in [(10, 1), (10, 2), (10, 3), (5, 2), (7, 4)]:
        assert sum(Share(process=index, count=count).of(limit) for index in range(count)) == limit
    assert Share(process=1, count=2).of(1) == 1  # none would send nothing


def test_numbers_stand_in_for_a_catalogue_of_any_size() -> None:
    assets = read_assets(None, 100_000_000)
    assert len(assets) == 100_000_000
    assert (assets[99_999_999].asset_id, assets[0].short_code) == ("99999999", "0")
