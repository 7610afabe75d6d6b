"""Upload traffic: log in, upload to S3 by presigned parts, wait for the renditions, open the short link."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

from tidegauge.engine.locustfile import Request, Response, Session, SessionUser, SharedBody, flow

# isort: split
# After the engine, which makes these importable for plain `locust -f`.
from locustfiles.short_link import open_short_link

MEDIA = Path(__file__).resolve().parents[1] / "fixtures" / "media"
CLIP = "anim_bbb.mp4"  # the 480p clip: the dearest to transcode
CLIP_SHARE = 0.1
POLL_S = 1.0
POLLS_MAX = 600
MIME = {".gif": "image/gif", ".mp4": "video/mp4"}


@flow(
    "upload",
    endpoints=(
        "POST /v1/session",
        "POST /v1/upload",
        "PUT /{bucket}/assets/{asset_id}",
        "POST /v1/upload/complete",
        "GET /v1/asset/{asset_id}",
        "GET /v1/s/{short_code}",
        "GET /assets/{asset_id}.gif",
        "GET /assets/{asset_id}.mp4",
    ),
    expects={"api": 7, "cdn": 1, "other": 1, "body:original": 1},  # ready at the third look, one part
)
def upload(session: Session) -> None:
    """A user shares a GIF of their own."""
    name, body = draw_media(session.rng)
    mime = MIME[Path(name).suffix]
    token = _post(session, "/v1/session", {"email": f"load-{session.index}@example.org"}, 201).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    wish = {
        "title": f"load {session.index}",
        "filename": name,
        "mime_type": mime,
        "file_size": body.length,
        "tags": [],
    }
    granted = _post(session, "/v1/upload", wish, 201, headers).json()
    done = {
        "asset_id": granted["asset_id"],
        "upload_id": granted["upload_id"],
        "parts": [_put_part(session, part, granted["part_size"], body) for part in granted["parts"]],
    }
    completed = _post(session, "/v1/upload/complete", done, 202, headers).json()
    _wait_until_ready(session, granted["asset_id"], headers)
    open_short_link(session, completed["short_code"], {"bytes": body.length})


def _post(
    session: Session, path: str, document: object, status: int, headers: dict[str, str] | None = None
) -> Response:
    return session.send(
        Request(
            "POST",
            path,
            endpoint=f"POST {path}",
            headers={"Content-Type": "application/json", **(headers or {})},
            body=json.dumps(document).encode(),
            expect_status=(status,),
            check=lambda response: None if isinstance(response.json(), dict) else "no JSON object",
        )
    )


def _put_part(session: Session, part: dict[str, Any], part_size: int, body: SharedBody) -> dict[str, Any]:
    start = (part["part_number"] - 1) * part_size
    answer = session.send(
        Request(
            "PUT",
            part["url"],
            endpoint="PUT /{bucket}/assets/{asset_id}",
            body=body.part(start, part_size),
            expect_status=(200,),
            check=lambda response: None if "etag" in response.headers else "no ETag",
        )
    )
    return {"part_number": part["part_number"], "etag": answer.headers["etag"]}


def _wait_until_ready(session: Session, asset_id: str, headers: dict[str, str]) -> None:
    for _ in range(POLLS_MAX):
        answer = session.send(
            Request(
                "GET",
                f"/v1/asset/{asset_id}",
                endpoint="GET /v1/asset/{asset_id}",
                headers=headers,
                expect_status=(200,),
                think_time_s=POLL_S,
                check=lambda response: (
                    response.json()["reason"] if response.json()["status"] == "failed" else None
                ),
            )
        )
        if answer.json()["status"] == "ready":
            return


def draw_media(rng: random.Random) -> tuple[str, SharedBody]:
    """A file name and a body that no other session has, so that nothing is saved by having seen it."""
    classes = _classes()
    if rng.random() < CLIP_SHARE and CLIP in _names():
        name = CLIP
    else:
        name = rng.choice(classes[rng.choice(sorted(classes))])
    return name, made_unique(name, rng.randbytes(16))


def made_unique(name: str, mark: bytes) -> SharedBody:
    """The same pictures in other bytes: a GIF comment before the trailer, or a `free` box after an MP4."""
    segments: tuple[bytes, ...]
    if name.endswith(".gif"):
        pictures, trailer = _gif(name)
        segments = (pictures, b"\x21\xfe" + bytes([len(mark)]) + mark + b"\x00", trailer)
    else:
        segments = (_read(name), (8 + len(mark)).to_bytes(4, "big") + b"free" + mark)
    return SharedBody.of(segments)


@functools.cache
def _manifest() -> list[dict[str, Any]]:
    document = json.loads((MEDIA / "manifest.json").read_text(encoding="utf-8"))
    return [row for row in document["media"] if row["in_git"]]


def _names() -> list[str]:
    return [row["name"] for row in _manifest()]


@functools.cache
def _classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in _manifest():
        if row["name"] != CLIP:
            found.setdefault(row["class"], []).append(row["name"])
    return found


@functools.cache
def _gif(name: str) -> tuple[bytes, bytes]:
    body = (MEDIA / name).read_bytes()
    return body[:-1], body[-1:]


@functools.cache
def _read(name: str) -> bytes:
    return (MEDIA / name).read_bytes()


class UploadUser(SessionUser):
    """`locust -f locustfiles/upload.py --stack FILE`"""

    flow_name = "upload"
