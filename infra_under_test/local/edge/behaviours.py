"""The seed's six cache behaviours, in order of precedence: the one place that knows their TTLs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBehaviour:
    """A path pattern of the distribution, and how the edge treats it."""

    path_pattern: str
    location: str  # the nginx location that matches the same paths
    ttl_s: int  # minimum, default and maximum TTL in one, as the seed gives a single figure
    bucket: str | None  # None: the API
    private: bool  # needs a CloudFront signed URL


MEDIA, CACHE, TRANSCODE, LOGS = (
    f"gifdistributor-{name}-prod" for name in ("media", "cache", "transcode", "logs")
)
BUCKETS = (MEDIA, CACHE, TRANSCODE, LOGS)

# A regex location beats a prefix one in nginx, so the two asset patterns keep their precedence.
BEHAVIOURS = (
    CacheBehaviour(path_pattern="/api/*", location="/api/", ttl_s=0, bucket=None, private=False),
    CacheBehaviour(
        path_pattern="/assets/*.gif",
        location=r"~ ^/assets/.*\.gif$",
        ttl_s=31_536_000,
        bucket=MEDIA,
        private=True,
    ),
    CacheBehaviour(
        path_pattern="/assets/*.mp4",
        location=r"~ ^/assets/.*\.mp4$",
        ttl_s=31_536_000,
        bucket=MEDIA,
        private=True,
    ),
    CacheBehaviour(path_pattern="/cache/*", location="/cache/", ttl_s=86_400, bucket=CACHE, private=False),
    CacheBehaviour(
        path_pattern="/transcode/*", location="/transcode/", ttl_s=3_600, bucket=TRANSCODE, private=True
    ),
    CacheBehaviour(path_pattern="/*", location="/", ttl_s=3_600, bucket=MEDIA, private=True),
)
