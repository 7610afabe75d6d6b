"""Test assets, uploaded for real: each row of the catalogue is an asset that the stack has made ready."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack, is_allowed, not_allowed

MIME = {".gif": "image/gif", ".mp4": "video/mp4"}
READY_WITHIN_S = 600.0
POLL_S = 0.2
UPLOADERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """An asset accepted by the stack."""

    asset_id: str
    short_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds: making the distinct contents ready (transcoding), then uploading and linking all."""

    transcode_s: float
    upload_s: float


class Uploader:
    """A client of the stack's upload API. Only allowed hosts are ever asked."""

    def __init__(self, stack: Stack, token: str | None = None) -> None:
        self._stack = stack
        self._http = urllib3.PoolManager(maxsize=UPLOADERS, timeout=urllib3.Timeout(60.0), retries=False)
        self._headers = {"Authorization": f"Bearer {token or self._log_in()}"}

    def upload(self, name: str, body: bytes) -> Uploaded:
        """Asks for URLs, PUTs the parts to S3, completes."""
        wish = {
            "title": name,
            "filename": name,
            "mime_type": MIME[Path(name).suffix],
            "file_size": len(body),
            "tags": ["catalogue"],
        }
        granted = self._api("POST", "/v1/upload", wish, (200, 201))
        size = int(granted["part_size"])
        parts = [
            {"part_number": part["part_number"], "etag": self._put(part["url"], _part(body, part, size))}
            for part in granted["parts"]
        ]
        done = {"asset_id": granted["asset_id"], "upload_id": granted["upload_id"], "parts": parts}
        completed = self._api("POST", "/v1/upload/complete", done, (200, 202))
        return Uploaded(asset_id=granted["asset_id"], short_code=completed["short_code"])

    def wait_until_ready(self, asset: Uploaded) -> dict[str, Any]:
        """The asset's row of the catalogue, once its renditions are there."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            details = self._api("GET", f"/v1/asset/{asset.asset_id}", None, (200,))
            if details["status"] == "ready":
                return _row(asset, details)
            if details["status"] == "failed":
                raise TidegaugeError(
                    f"asset {asset.asset_id} failed: {details.get('reason')}", "leave that media out"
                )
            time.sleep(POLL_S)
        raise TidegaugeError(
            f"asset {asset.asset_id} was not ready within {READY_WITHIN_S:g} s", "are the workers running?"
        )

    def _log_in(self) -> str:
        self._headers = {}
        return str(self._api("POST", "/v1/session", {"email": "catalogue@example.org"}, (200, 201))["token"])

    def _api(self, method: str, path: str, document: object, expected: Sequence[int]) -> Any:
        body = None if document is None else json.dumps(document).encode()
        answer = self._send(method, self._stack.url("api") + path, body, self._headers)
        if answer.status not in expected:
            raise TidegaugeError(
                f"{method} {path} answered {answer.status}: {answer.data[:200].decode('utf-8', 'replace')}",
                "is this stack's API healthy? tidegauge doctor --stack FILE",
            )
        return json.loads(answer.data)

    def _put(self, url: str, body: bytes) -> str:
        answer = self._send("PUT", url, body, {})
        if answer.status != 200 or "etag" not in answer.headers:
            raise TidegaugeError(
                f"the PUT to S3 answered {answer.status}", "are the presigned URLs reachable from here?"
            )
        return str(answer.headers["etag"])

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        if not is_allowed(url, self._stack.allowed_hosts):
            raise not_allowed(url, f"{method} of the upload")
        kind = {"Content-Type": "application/json"} if headers and body is not None else {}
        try:
            return self._http.request(method, url, body=body, headers={**headers, **kind}, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise TidegaugeError(
                f"{method} {url.split('?', 1)[0]} failed: {error}", "is the stack up? tidegauge stack status"
            ) from None


def create(
    uploader: Uploader, media: Sequence[Path], assets: int, on_ready: Callable[[int], None]
) -> tuple[list[dict[str, Any]], Timing]:
    """`assets` rows, the media in turn. The first of each content is made ready before the rest follow,
    so that transcoding (once a content) and uploading are timed apart. `on_ready` is told the count."""
    bodies = [(path.name, path.read_bytes()) for path in media[:assets]]
    ready = itertools.count(1)

    def row_of(asset: Uploaded) -> dict[str, Any]:
        row = uploader.wait_until_ready(asset)
        on_ready(next(ready))
        return row

    with ThreadPoolExecutor(UPLOADERS) as pool:
        start = time.monotonic()
        first = list(pool.map(row_of, list(pool.map(lambda one: uploader.upload(*one), bodies))))
        transcoded = time.monotonic()
        rest = itertools.islice(itertools.cycle(bodies), max(assets - len(bodies), 0))
        others = list(pool.map(row_of, list(pool.map(lambda one: uploader.upload(*one), list(rest)))))
    timing = Timing(transcode_s=transcoded - start, upload_s=time.monotonic() - transcoded)
    return first + others, timing


def _part(body: bytes, part: Mapping[str, Any], size: int) -> bytes:
    start = (int(part["part_number"]) - 1) * size
    return body[start : start + size]


def _row(asset: Uploaded, details: Mapping[str, Any]) -> dict[str, Any]:
    renditions = {
        name: {key: rendition[key] for key in ("path", "bytes", "sha256")}
        for name, rendition in details["renditions"].items()
    }
    original = details.get("original")
    if original is not None:
        renditions["original"] = {
            "path": original["path"],
            "bytes": original["bytes"],
            "sha256": original.get("sha256"),
        }
    return {"asset_id": asset.asset_id, "short_code": asset.short_code, "renditions": renditions}
