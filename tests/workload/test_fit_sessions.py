"""Paths to endpoints, and a client's requests to visits."""

from __future__ import annotations

import pandas as pd

from tidegauge.workload.fit.requests import sendable_requests
from tidegauge.workload.fit.templates import templates
from tidegauge.workload.fit.visits import Visits, client_sessions, visits


def frame(*rows: tuple[float, str, str], status: int = 200, method: str = "GET") -> pd.DataFrame:
    """Requests as (time, client, path)."""
    return pd.DataFrame(
        [
            {
                "t_s": t_s,
                "quantum_s": 1.0,
                "method": method,
                "scheme": "https",
                "path": path,
                "status": 302 if path.startswith("/v1/s/") else status,
                "client": client or None,
                "user_agent": None,
                "time_taken_s": 0.0,
            }
            for t_s, client, path in rows
        ]
    )


def pages(seen: Visits, records: pd.DataFrame) -> list[list[str]]:
    endpoints = sendable_requests(records).endpoints
    return [[endpoints[step].template for step in seen.kinds[kind]] for kind in seen.kind]


def test_names_that_vary_beside_each_other_become_a_slot() -> None:
    paths = [f"/assets/{number}.gif" for number in range(5)]
    paths += [f"/v1/asset/{name * 9}" for name in ("a1", "b2", "c3")]
    paths += ["/assets/3.mp4", "/assets/site.css", "/about", "/pricing"]
    assert [one.template for one in templates(paths)] == [
        *["/assets/{asset_id}.gif"] * 5,
        *["/v1/asset/{asset_id}"] * 3,
        "/assets/{asset_id}.mp4",
        "/assets/site.css",
        "/about",
        "/pricing",
    ]


def test_renditions_below_an_assets_folder_share_its_slot() -> None:
    found = templates(
        [f"/cache/{number}/{name}" for number in range(30) for name in ("poster.jpg", "a.webp")]
    )
    assert {one.template for one in found} == {"/cache/{asset_id}/poster.jpg", "/cache/{asset_id}/a.webp"}
    assert len({one.asset for one in found}) == 30


def test_braces_of_a_logged_path_are_no_placeholders() -> None:
    assert templates(["/{odd}#x"])[0].template == "/%7Bodd%7D%23x"


def test_what_needs_a_body_or_a_token_cannot_be_sent() -> None:
    assert len(sendable_requests(frame((0, "a", "/upload"), method="POST"))) == 0


def test_half_an_hour_of_silence_ends_a_clients_session() -> None:
    records = frame((0, "a", "/p"), (1800, "a", "/q"), (3601, "a", "/p"), (5, "b", "/p"), (6, "", "/p"))
    assert sorted(client_sessions(sendable_requests(records)).requests) == [1, 1, 1, 2]


def test_a_link_and_the_asset_behind_it_are_one_visit_and_the_next_asset_another() -> None:
    rows = []
    for number in range(20):
        at = 1000.0 * number
        rows += [(at, "a", f"/v1/s/{number}"), (at + 2, "a", f"/g/{number}.gif"), (at + 5, "a", "/g/99.gif")]
    records = frame(*rows)
    seen = visits(sendable_requests(records))
    assert pages(seen, records) == [["/v1/s/{short_code}", "/g/{asset_id}.gif"], ["/g/{asset_id}.gif"]] * 20
    assert seen.think_time_s == ((0.0, 2.0), (0.0,))


def test_a_repeated_request_begins_a_visit_of_its_own() -> None:
    records = frame(*((float(at), "a", "/p") for at in range(5)))
    assert pages(visits(sendable_requests(records)), records) == [["/p"]] * 5


def test_rare_kinds_of_visits_are_taken_apart_without_losing_a_request() -> None:
    rows = [(1000.0 * number, "a", "/p") for number in range(300)]
    rows += [(5.0, "b", "/p"), (6.0, "b", "/q")]
    records = frame(*rows)
    seen = visits(sendable_requests(records))
    assert sorted(map(tuple, pages(seen, records))) == [("/p",)] * 301 + [("/q",)]


def test_what_mostly_fails_names_no_assets() -> None:
    records = frame(*((float(at), "a", f"/{at}.php") for at in range(30)), status=404)
    requests = sendable_requests(records)
    assert [endpoint.template for endpoint in requests.endpoints] == ["/{asset_id}.php"]
    assert set(requests.asset) == {-1}
