"""GET /v1/asset/{asset_id} and the redirect of short links: URLs are signed on answer."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from infra_under_test.app.api.call import Call
from infra_under_test.app.api.errors import not_found
from infra_under_test.app.api.links import CODE_PATTERN
from infra_under_test.app.assets import UPLOADING, Asset


async def show_asset(call: Call) -> Response:
    """200 with the record; `original` is null until the upload is complete."""
    asset_id = call.request.path_params["asset_id"]
    asset = await call.services.assets.find(asset_id)
    if asset is None:
        raise not_found(f"asset {asset_id!r}")
    return JSONResponse(_document(call, asset))


async def follow_short_link(call: Call) -> Response:
    """302 to the original on the edge; the usual case is one Redis GET and one signature."""
    code = call.request.path_params["short_code"]
    services = call.services
    if not CODE_PATTERN.fullmatch(code):
        raise not_found(f"short link {code!r}")
    path = await services.links.cached_path(code)
    cache = "miss" if path is None else "hit"
    if path is None:
        path = await services.links.stored_path(code)
    if path is None:
        raise not_found(f"short link {code!r}")
    services.clicks.count(code)
    headers = {"Location": services.signer.url(path), "X-Link-Cache": cache, "Cache-Control": "no-store"}
    return Response(status_code=302, headers=headers)


def _document(call: Call, asset: Asset) -> dict[str, Any]:
    signer = call.services.signer
    path = f"/{asset.s3_key}"
    original = {"path": path, "url": signer.url(path), "bytes": asset.file_size}
    renditions = {
        name: {
            "path": stored["path"],
            "url": signer.url(stored["path"]),
            "bytes": int(stored["bytes"]),
            "sha256": stored["sha256"],
            "mime_type": stored["mime_type"],
            "setting": stored.get("setting", {}),  # assets of earlier versions lack it
        }
        for name, stored in asset.renditions.items()
    }
    return {
        "asset_id": asset.asset_id,
        "status": asset.status,
        "progress": float(asset.progress),
        "reason": asset.reason,
        "title": asset.title,
        "mime_type": asset.mime_type,
        "file_size": asset.file_size,
        "short_code": asset.short_code,
        "original": None if asset.status == UPLOADING else original,
        "renditions": renditions,
        "unfit": asset.unfit,
    }
