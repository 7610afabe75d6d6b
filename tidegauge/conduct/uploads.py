"""Test assets, uploaded for real: each row of the catalogue is an asset that the stack has made ready."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tidegauge.catalogue import Asset, check_writable, write_catalogue
from tidegauge.errors import TidegaugeError
from tidegauge.house import MEDIA
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

    def wait_until_ready(self, asset: Uploaded, rank: int) -> Asset:
        """The asset as row `rank` of the catalogue, once its renditions are there."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            details = self._api("GET", f"/v1/asset/{asset.asset_id}", None, (200,))
            if details["status"] == "ready":
                return _asset(asset, rank, details)
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


def create_catalogue(
    stack: Stack,
    stack_file: Path,
    media: Sequence[Path],
    assets: int,
    path: Path,
    on_ready: Callable[[int], None],
) -> Timing:
    """Uploads so many assets, the media in turn; the catalogue is written, and named in the stack file.

    `on_ready` is told how many are ready. Media and `path` are checked before anything is uploaded (exit 2).
    """
    for one in media:
        if one.suffix not in MIME:
            raise TidegaugeError(f"{one} is neither .gif nor .mp4", "only these can be uploaded")
        if not one.is_file():
            raise TidegaugeError(f"media {one} does not exist", "check the path")
    check_writable(path)
    rows, timing = _upload(Uploader(stack, _token(stack)), media, assets, on_ready)
    write_catalogue(path, rows)
    _name_in(stack_file, path)
    return timing


def default_media() -> tuple[Path, ...]:
    """The media that come with the project."""
    manifest = json.loads((MEDIA / "manifest.json").read_text(encoding="utf-8"))
    return tuple(MEDIA / row["name"] for row in manifest["media"] if row["in_git"])


def _upload(
    uploader: Uploader, media: Sequence[Path], assets: int, on_ready: Callable[[int], None]
) -> tuple[list[Asset], Timing]:
    """The first of each content is made ready before the rest follow, so that transcoding (once a content)
    and uploading are timed apart."""
    bodies = [(path.name, path.read_bytes()) for path in media[:assets]]
    ready = itertools.count(1)

    def await_ready(asset: Uploaded, rank: int) -> Asset:
        row = uploader.wait_until_ready(asset, rank)
        on_ready(next(ready))
        return row

    def make_ready(sent: Sequence[tuple[str, bytes]], first_rank: int) -> list[Asset]:
        uploaded = list(pool.map(lambda one: uploader.upload(*one), sent))
        return list(pool.map(await_ready, uploaded, itertools.count(first_rank)))

    with ThreadPoolExecutor(UPLOADERS) as pool:
        start = time.monotonic()
        first = make_ready(bodies, 0)
        transcoded = time.monotonic()
        rest = itertools.islice(itertools.cycle(bodies), max(assets - len(bodies), 0))
        others = make_ready(list(rest), len(first))
    timing = Timing(transcode_s=transcoded - start, upload_s=time.monotonic() - transcoded)
    return first + others, timing


def _part(body: bytes, part: Mapping[str, Any], size: int) -> bytes:
    start = (int(part["part_number"]) - 1) * size
    return body[start : start + size]


def _asset(asset: Uploaded, rank: int, details: Mapping[str, Any]) -> Asset:
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
    return Asset(rank=rank, asset_id=asset.asset_id, short_code=asset.short_code, renditions=renditions)


def _token(stack: Stack) -> str | None:
    if stack.auth is None or stack.auth.token_env is None:
        return None
    token = os.environ.get(stack.auth.token_env)
    if token is None:
        raise TidegaugeError(
            f"auth.token_env names {stack.auth.token_env}, which is not set",
            "export the token under that name",
        )
    return token


def _name_in(stack_file: Path, catalogue: Path) -> None:
    """`catalogue = …` at the head of the stack file, instead of the one that was there."""
    line = f"catalogue = {json.dumps(str(catalogue.resolve()))}\n"
    text = stack_file.read_text(encoding="utf-8")
    kept = re.sub(r"(?m)^catalogue\s*=.*\n?", "", text)
    stack_file.write_text(line + kept, encoding="utf-8")
