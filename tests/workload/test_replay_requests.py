"""What a logged request becomes: mapped, named, signed, or counted as not replayable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.catalogue import Asset
from tidegauge.replay import Replay
from tidegauge.workload.replay.assets import rank_assets
from tidegauge.workload.replay.endpoints import bounded_names, path_template
from tidegauge.workload.replay.requests import (
    FlowStart,
    Logged,
    Mapper,
    NotReplayable,
    Request,
    StackFacts,
    without_signature,
)

SIGNED = "Expires=1&Signature=a-b_~&Key-Pair-Id=K1"
BOTH = StackFacts(has_cdn=True, unsigned_because=None)
CATALOGUE = [
    Asset(
        rank=number,
        asset_id=f"t{number}",
        short_code=f"c{number}",
        renditions={
            "original": {"path": f"/assets/t{number}.gif"},
            "webp": {"path": f"/cache/t{number}/webp.webp"},
        },
    )
    for number in range(2)
]


def request(
    method: str = "GET", path: str = "/x", query: str = "", scheme: str = "https", **replay: object
) -> Request | FlowStart | NotReplayable:
    mapper = Mapper(Replay(**replay), BOTH, None)  # type: ignore[arg-type]
    return mapper.map(Logged(method, scheme, path, query))


def sent(*logged: object, **replay: object) -> Request:
    found = request(*logged, **replay)  # type: ignore[arg-type]
    assert isinstance(found, Request), found
    return found


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/assets/0b3f.gif", "/assets/{asset_id}.gif"),
        ("/cache/0b3f/webp.webp", "/cache/{asset_id}/webp.webp"),
        ("/transcode/0b3f/preview_mp4.mp4", "/transcode/{asset_id}/preview_mp4.mp4"),
        ("/v1/asset/0b3f", "/v1/asset/{asset_id}"),
        ("/api/v1/metrics/0b3f", "/api/v1/metrics/{asset_id}"),
        ("/v1/s/Ab3", "/v1/s/{short_code}"),
        ("/s/Ab3", "/s/{short_code}"),
        ("/", "/"),
        ("/index.html", "/index.html"),
        ("/users/42/photos/7.jpg", "/users/{id}/photos/{id}.jpg"),
        ("/x/123e4567-e89b-12d3-a456-426614174000", "/x/{id}"),
        ("/js/app.3f9a8c21.js", "/js/app.{id}.js"),
        ("/deadbeef/defaced", "/deadbeef/defaced"),  # letters only may well be words
        ("/t/eyJhbGciOiJIUzI1NiJ9", "/t/{id}"),
        ("/caf%C3%A9", "/{id}"),
        ("/" + "y" * 500, "/{id}"),
        ("/v2/login", "/v2/login"),
    ],
)
def test_a_path_is_named_by_its_template(path: str, template: str) -> None:
    assert path_template(path) == template


def test_a_path_of_a_thousand_segments_has_a_short_name() -> None:
    assert len(path_template("/abc" * 1000)) < 100


def test_the_rarest_endpoints_beyond_two_hundred_are_one() -> None:
    counts = {f"GET /p{'abcdefghijklmnop'[n % 16]}/{'x' * (n // 16)}": 1000 - n for n in range(250)}
    names = bounded_names(counts)
    assert len(set(names.values())) == 201
    ranked = list(counts)
    assert [names[name] for name in ranked[:200]] == ranked[:200]
    assert {names[name] for name in ranked[200:]} == {"GET (other)"}


@pytest.mark.parametrize(
    ("path", "has_cdn", "base"),
    [
        ("/v1/asset/1", True, "api"),
        ("/api/v1/asset/1", True, "cdn"),  # the edge takes /api/ and strips it
        ("/assets/1.gif", True, "cdn"),
        ("/assets/1.gif", False, "api"),
    ],
)
def test_paths_go_to_the_api_or_to_the_cdn_where_there_is_one(path: str, has_cdn: bool, base: str) -> None:
    mapper = Mapper(Replay(), StackFacts(has_cdn=has_cdn, unsigned_because=None), None)
    assert mapper.base(path) == base


def test_the_longest_prefix_decides() -> None:
    mapper = Mapper(Replay(bases={"/": "api", "/v1/media/": "cdn"}), BOTH, None)
    assert [mapper.base(path) for path in ("/v1/media/1", "/v1/other")] == ["cdn", "api"]


def test_a_query_without_a_signature_is_kept_as_it_is() -> None:
    found = sent("GET", "/assets/1.gif", "v=2&Expires=3&w=%20")
    assert (found.path, found.sign) == ("/assets/1.gif?v=2&Expires=3&w=%20", False)


def test_a_signature_is_taken_off_and_made_anew_and_the_rest_kept_in_order() -> None:
    found = sent("GET", "/assets/1.gif", f"b=2&{SIGNED}&a=1")
    assert (found.path, found.sign) == ("/assets/1.gif?b=2&a=1", True)


def test_a_signature_is_left_where_the_plan_says_so() -> None:
    found = sent("GET", "/assets/1.gif", SIGNED, resign=False)
    assert (found.path, found.sign) == (f"/assets/1.gif?{SIGNED}", False)


def test_a_signed_url_without_a_key_is_not_replayable_and_says_why() -> None:
    mapper = Mapper(Replay(), StackFacts(has_cdn=True, unsigned_because="no key"), None)
    assert mapper.map(Logged("GET", "https", "/assets/1.gif", SIGNED)) == NotReplayable(
        "a signed URL: no key"
    )


def test_a_custom_policy_goes_with_the_signature() -> None:
    assert without_signature("Policy=x&Signature=y&Key-Pair-Id=z") == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_with_a_body_needs_a_flow(method: str) -> None:
    found = request(method, "/v1/upload")
    assert isinstance(found, NotReplayable)
    assert found.reason.startswith(method)
    assert request(method, "/v1/upload", flows={f"{method} /v1/up*": "upload"}) == FlowStart(flow="upload")


@pytest.mark.parametrize("path", ["relative", "", "/a b", "/ü", "/a\n"])
def test_a_path_that_cannot_be_sent_is_not_replayable(path: str) -> None:
    assert request("GET", path) == NotReplayable("a path that cannot be sent")


def test_websockets_and_tunnels_are_not_replayable() -> None:
    assert request("GET", "/ws", scheme="wss") == NotReplayable("a WebSocket")
    assert request("CONNECT", "/") == NotReplayable("method CONNECT")


def test_a_bracket_in_a_rule_is_only_a_bracket() -> None:
    assert request("GET", "/a[b]", flows={"GET /a[b]": "f"}) == FlowStart(flow="f")
    assert isinstance(request("GET", "/ab", flows={"GET /a[b]": "f"}), Request)


def test_the_asset_asked_for_most_becomes_the_first_of_the_catalogue() -> None:
    requests = {
        "/assets/rare.gif": 1,
        "/cache/often/webp.webp": 3,
        "/assets/often.gif": 2,
        "/s/L1": 1,
        "/x": 9,
    }
    assets = rank_assets(requests, CATALOGUE)
    mapper = Mapper(Replay(paths="assets"), BOTH, assets)

    def mapped(path: str) -> tuple[str, int | None]:
        found = mapper.map(Logged("GET", "https", path, ""))
        assert isinstance(found, Request)
        return found.path, found.asset_rank

    assert mapped("/assets/often.gif") == ("/assets/t0.gif", 0)
    assert mapped("/cache/often/webp.webp") == ("/cache/t0/webp.webp", 0)
    assert mapped("/assets/rare.gif") == ("/assets/t1.gif", 1)
    assert mapped("/s/L1") == ("/s/c0", 0)
    assert mapped("/x") == ("/x", None)


def test_assets_beyond_the_catalogue_and_renditions_it_lacks_are_not_replayable() -> None:
    requests = {"/assets/a.gif": 3, "/assets/b.gif": 2, "/assets/c.gif": 1, "/cache/a/poster.jpg": 1}
    mapper = Mapper(Replay(paths="assets"), BOTH, rank_assets(requests, CATALOGUE))
    fates = [mapper.map(Logged("GET", "https", path, "")) for path in requests]
    assert [isinstance(fate, Request) for fate in fates] == [True, True, False, False]


@given(path=st.text(max_size=80), query=st.text(max_size=80), method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_whatever_a_log_holds_only_what_can_be_sent_is(path: str, query: str, method: str) -> None:
    found = request(method, "/" + path, query)
    if isinstance(found, Request):
        assert re.fullmatch(r"/[!-~]*", found.path)
        assert len(found.endpoint) < 600
    else:
        assert isinstance(found, NotReplayable)
