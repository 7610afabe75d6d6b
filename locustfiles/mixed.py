"""Mixed traffic: mostly views, some short links, few uploads."""

from __future__ import annotations

from tidegauge.engine.locustfile import Session, SessionUser, flow

# isort: split
# After the engine, which makes these importable for plain `locust -f`.
from locustfiles.short_link import short_link
from locustfiles.upload import upload
from locustfiles.view import view

SHARES = {view: 0.85, short_link: 0.14, upload: 0.01}


@flow(
    "mixed",
    endpoints=(
        "GET /v1/asset/{asset_id}",
        "GET /cache/{asset_id}/poster.jpg",
        "GET /cache/{asset_id}/webp.webp",
        "GET /transcode/{asset_id}/preview_mp4.mp4",
        "GET /transcode/{asset_id}/slack_gif.gif",
        "POST /v1/analytics/track",
        "GET /v1/metrics/{asset_id}",
        "GET /v1/s/{short_code}",
        "GET /assets/{asset_id}.gif",
        "GET /assets/{asset_id}.mp4",
        "POST /v1/session",
        "POST /v1/upload",
        "PUT /{bucket}/assets/{asset_id}",
        "POST /v1/upload/complete",
    ),
)
def mixed(session: Session) -> None:
    """One visitor of whichever kind. A plan's [mix] keeps the kinds apart in its results instead."""
    session.rng.choices(list(SHARES), list(SHARES.values()))[0](session)


class MixedUser(SessionUser):
    """`locust -f locustfiles/mixed.py --stack FILE`"""

    flow_name = "mixed"
