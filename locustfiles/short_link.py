"""Short-link traffic: resolve a link by popularity, follow it to the edge."""

from __future__ import annotations

from tidegauge.engine.locustfile import Request, Session, SessionUser, flow

# isort: split
# After the engine, which makes these importable for plain `locust -f`.
from locustfiles.media_checks import suffix, whole_body


@flow(
    "short_link",
    endpoints=("GET /v1/s/{short_code}", "GET /assets/{asset_id}.gif", "GET /assets/{asset_id}.mp4"),
    expects={"api": 1, "cdn": 1, "body:original": 1},
)
def short_link(session: Session) -> None:
    """Somebody clicks a shared link."""
    asset = session.asset or session.draw_asset()
    open_short_link(session, asset.short_code, asset.renditions.get("original", {}))


def open_short_link(session: Session, short_code: str, original: object) -> None:
    """The redirect, then the original media behind it; `original` is what is known of it."""
    known = original if isinstance(original, dict) else {}
    answer = session.send(
        Request(
            "GET",
            f"/v1/s/{short_code}",
            endpoint="GET /v1/s/{short_code}",
            expect_status=(302,),
            check=lambda response: None if "location" in response.headers else "no Location",
        )
    )
    location = answer.headers["location"]
    session.send(
        Request(
            "GET",
            location,
            endpoint=f"GET /assets/{{asset_id}}{suffix(location)}",
            expect_status=(200,),
            check=whole_body(location, known),
            hash_body="sha256" in known,
            keep_body=False,
        )
    )


class ShortLinkUser(SessionUser):
    """`locust -f locustfiles/short_link.py --stack FILE`"""

    flow_name = "short_link"
