"""View traffic: a page of GIFs, each fetched as its platform's player or browser would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tidegauge.engine.locustfile import Asset, Request, Session, SessionUser, flow

# isort: split
# After the engine, which makes these importable for plain `locust -f`.
from locustfiles.media_checks import part_body, whole_body

GIFS_A_PAGE_MAX = 6
SCROLL_ON = 0.6  # chance of one more GIF on the page: pages are geometric in length, 2.4 on average
PLATFORMS = {"web": 0.55, "discord": 0.25, "slack": 0.20}
RENDITION = {"web": "webp", "discord": "preview_mp4", "slack": "slack_gif"}
RETURNING = 0.15  # share of web views that were seen before: the browser revalidates
SEEKS = 0.2  # share of players that jump to the middle
LOOKS_AT_METRICS = 0.05  # share of GIFs whose view counts are asked for
READING_S = (0.3, 1.5)
FRESH_PLAYER_BYTES = 64 * 1024  # a player asks for the beginning first


@flow(
    "view",
    endpoints=(
        "GET /v1/asset/{asset_id}",
        "GET /cache/{asset_id}/poster.jpg",
        "GET /cache/{asset_id}/webp.webp",
        "GET /transcode/{asset_id}/preview_mp4.mp4",
        "GET /transcode/{asset_id}/slack_gif.gif",
        "POST /v1/analytics/track",
        "GET /v1/metrics/{asset_id}",
    ),
    # 2.383 GIFs a page: (1 - .6^6) / (1 - .6)
    expects={
        "api": 4.886,  # 1 + 1 + .05 a GIF
        "cdn": 6.036,  # 1.15 + .55 x 1.15 + .25 x 2.2 + .2 a GIF
        "body:poster": 2.383,
        "body:webp": 1.311,
        "body:preview_mp4": 0.655,  # .25 x (1 + .2 / 2) a GIF
        "body:slack_gif": 0.477,
    },
)
def view(session: Session) -> None:
    """One visit: a platform, a page, an event for each GIF seen."""
    platform = session.rng.choices(list(PLATFORMS), list(PLATFORMS.values()))[0]
    asset = session.asset or session.draw_asset()
    for number in range(GIFS_A_PAGE_MAX):
        if number:
            if session.rng.random() > SCROLL_ON:
                return
            asset = session.draw_asset()
        _view_one(session, asset, platform, think_time_s=session.rng.uniform(*READING_S) if number else 0.0)


def _view_one(session: Session, asset: Asset, platform: str, think_time_s: float) -> None:
    details = session.send(
        Request(
            "GET",
            f"/v1/asset/{asset.asset_id}",
            endpoint="GET /v1/asset/{asset_id}",
            expect_status=(200,),
            think_time_s=think_time_s,
            check=lambda response: None if response.json()["status"] == "ready" else "asset not ready",
        )
    ).json()
    renditions = details["renditions"]
    _fetch(session, renditions["poster"], returning=session.rng.random() < RETURNING)
    chosen = renditions[RENDITION[platform]]
    if platform == "discord":
        _play(session, chosen)
    else:
        _fetch(session, chosen, returning=platform == "web" and session.rng.random() < RETURNING)
    _track(session, asset.asset_id, "play" if platform == "discord" else "view", platform)
    if session.rng.random() < LOOKS_AT_METRICS:
        session.send(
            Request(
                "GET",
                f"/v1/metrics/{asset.asset_id}",
                endpoint="GET /v1/metrics/{asset_id}",
                expect_status=(200,),
                check=lambda response: None if response.json()["views"] >= 0 else "negative views",
            )
        )


def _fetch(session: Session, rendition: Mapping[str, Any], *, returning: bool) -> None:
    """A browser's GET; of one who has seen it, another with If-None-Match."""
    endpoint = endpoint_of(rendition["path"])
    first = session.send(
        Request(
            "GET",
            rendition["url"],
            endpoint=endpoint,
            expect_status=(200,),
            check=whole_body(rendition["path"], rendition),
            hash_body=True,
        )
    )
    tag = first.headers.get("etag")
    if returning and tag:
        session.send(
            Request(
                "GET",
                rendition["url"],
                endpoint=endpoint,
                headers={"If-None-Match": tag},
                expect_status=(304,),
                check=whole_body(rendition["path"], rendition),
            )
        )


def _play(session: Session, rendition: Mapping[str, Any]) -> None:
    """A player's requests: the beginning, then the rest, and now and then a jump."""
    size = int(rendition["bytes"])
    starts = [(0, min(FRESH_PLAYER_BYTES, size))]
    if size > FRESH_PLAYER_BYTES:
        starts.append((FRESH_PLAYER_BYTES, size - FRESH_PLAYER_BYTES))
    if session.rng.random() < SEEKS:
        starts.append((size // 2, size - size // 2))
    for first, length in starts:
        session.send(
            Request(
                "GET",
                rendition["url"],
                endpoint=endpoint_of(rendition["path"]),
                headers={"Range": f"bytes={first}-{first + length - 1}"},
                expect_status=(206,),
                check=part_body(rendition["path"], first, length),
            )
        )


def _track(session: Session, asset_id: str, event: str, platform: str) -> None:
    session.send(
        Request(
            "POST",
            "/v1/analytics/track",
            endpoint="POST /v1/analytics/track",
            headers={"Content-Type": "application/json"},
            body=json.dumps({"asset_id": asset_id, "event": event, "platform": platform}).encode(),
            expect_status=(202,),
        )
    )


def endpoint_of(path: str) -> str:
    """`/cache/<id>/poster.jpg` as `GET /cache/{asset_id}/poster.jpg`."""
    parts = path.split("/")
    name = parts[2]
    parts[2] = "{asset_id}" + ("." + name.rpartition(".")[2] if "." in name else "")
    return "GET " + "/".join(parts)


class ViewUser(SessionUser):
    """`locust -f locustfiles/view.py --stack FILE`"""

    flow_name = "view"
