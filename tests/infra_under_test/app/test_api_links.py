"""Short links: where they lead, how they are signed, and who counts them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.local_parts import CDN_URL, Api, Service, make_gif, until

HITS = 1000


@pytest.fixture(scope="module")
def linked(api: Api) -> tuple[str, str]:
    """(asset id, short code) of a completed upload."""
    upload = api.upload(make_gif(20), email="links@example.com")
    answer = api.complete(upload, email="links@example.com").json
    return answer["asset_id"], answer["short_code"]


def test_a_short_link_leads_to_the_original_as_botocore_would_sign_it(
    api: Api, linked: tuple[str, str]
) -> None:
    asset_id, code = linked
    before = int(time.time())
    answer = api.request("GET", f"/v1/s/{code}")
    location = answer.headers["Location"]
    expires = int(parse_qs(urlsplit(location).query)["Expires"][0])
    key = load_pem_private_key(api.stack.signing.private_pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    peer = CloudFrontSigner(
        api.stack.signing.key_pair_id,
        lambda text: key.sign(text, PKCS1v15(), SHA1()),  # noqa: S303  CloudFront's hash
    )
    url = f"{CDN_URL}/assets/{asset_id}.gif"
    assert answer.status == 302
    assert before + 3600 <= expires <= time.time() + 3600
    assert location == peer.generate_presigned_url(url, date_less_than=datetime.fromtimestamp(expires, UTC))


def test_redis_answers_from_the_second_time_on(api: Api) -> None:
    upload = api.upload(make_gif(21), email="links@example.com")
    code = api.complete(upload, email="links@example.com").json["short_code"]
    caches = [api.request("GET", f"/v1/s/{code}").headers["X-Link-Cache"] for _ in range(3)]
    assert caches == ["miss", "hit", "hit"]


@pytest.mark.parametrize("code", ["zzzzzzzz", "short", "waytoolongforacode", "drop%20it"])
def test_an_unknown_code_is_404(api: Api, code: str) -> None:
    answer = api.request("GET", f"/v1/s/{code}")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


def test_private_renditions_are_signed_and_public_ones_are_not(api: Api, worker: Service) -> None:
    upload = api.upload(make_gif(20), email="links@example.com")
    api.complete(upload, email="links@example.com")
    asset = api.wait_for(upload["asset_id"], "ready")
    signed = {name: "Signature=" in made["url"] for name, made in asset["renditions"].items()}
    assert signed == {"preview_mp4": True, "slack_gif": True, "webp": False, "poster": False}
    assert "Signature=" in asset["original"]["url"]
    assert asset["renditions"]["webp"]["url"] == f"{CDN_URL}/cache/{asset['asset_id']}/webp.webp"


def test_clicks_and_events_are_counted_in_the_metrics(api: Api, consumer: Service) -> None:
    upload = api.upload(make_gif(22), email="links@example.com")
    done = api.complete(upload, email="links@example.com").json
    for _ in range(5):
        api.request("GET", f"/v1/s/{done['short_code']}")
    for event in ("view", "view", "view", "play", "share"):
        body = {"asset_id": done["asset_id"], "event": event, "platform": "discord"}
        assert api.request("POST", "/v1/analytics/track", body).status == 202
    dynamodb = api.stack.dynamodb
    link = {"short_code": {"S": done["short_code"]}}
    until(
        lambda: dynamodb.get_item(TableName="ShareLinks", Key=link)["Item"]["clicks"]["N"] == "5",
        "five clicks",
    )
    until(lambda: _event_count(api, done["asset_id"]) == 5, "five events")
    metrics = api.request("GET", f"/v1/metrics/{done['asset_id']}").json
    again = api.request("GET", f"/v1/metrics/{done['asset_id']}").json
    counts = {name: metrics[name] for name in ("views", "plays", "shares", "clicks")}
    assert counts == {"views": 3, "plays": 1, "shares": 1, "clicks": 5}
    assert again["computed_at"] == metrics["computed_at"]


def _event_count(api: Api, asset_id: str) -> int:
    answer = api.stack.dynamodb.query(
        TableName="Analytics",
        KeyConditionExpression="asset_id = :id",
        ExpressionAttributeValues={":id": {"S": asset_id}},
    )
    count: int = answer["Count"]
    return count


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"asset_id": "nobody", "event": "view", "platform": "x"}, 404),
        ({"asset_id": "nobody", "event": "look", "platform": "x"}, 422),
        (b"{", 400),
    ],
)
def test_a_wrong_event_is_refused(api: Api, body: object, status: int) -> None:
    assert api.request("POST", "/v1/analytics/track", body).status == status


def test_a_redis_hit_costs_no_billable_call(api: Api, linked: tuple[str, str]) -> None:
    _, code = linked
    api.request("GET", f"/v1/s/{code}")
    until(lambda: _usage(api)["routes"].get("GET /v1/s/{short_code}"), "the usage file")
    time.sleep(1.2)
    before = _reads(api)
    for _ in range(10):
        api.request("GET", f"/v1/s/{code}")
    requests = _usage(api)["routes"]["GET /v1/s/{short_code}"]["requests"]
    until(
        lambda: _usage(api)["routes"]["GET /v1/s/{short_code}"]["requests"] >= requests + 10,
        "ten more requests",
    )
    assert _reads(api) == before


def _usage(api: Api) -> dict[str, dict[str, dict[str, int]]]:
    document: dict[str, dict[str, dict[str, int]]] = json.loads(api.usage_file.read_text())
    return document


def _reads(api: Api) -> list[dict[str, str]]:
    document = json.loads(api.usage_file.read_text())
    return [
        counter
        for counter in document["counters"]
        if counter["route"] == "GET /v1/s/{short_code}" and counter["service"] == "dynamodb"
    ]


def test_redirects_from_redis_are_fast(
    api: Api, linked: tuple[str, str], record_property: Callable[[str, object], None]
) -> None:
    """A floor far below what an idle machine does, so that a busy one cannot break it."""
    _, code = linked
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    started = time.perf_counter()
    for _ in range(HITS):
        connection.request("GET", f"/v1/s/{code}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302
    rate_per_s = HITS / (time.perf_counter() - started)
    connection.close()
    record_property("redirects_per_s", round(rate_per_s))
    assert rate_per_s > 100
