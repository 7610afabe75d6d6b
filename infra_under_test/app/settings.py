"""Settings of API, worker and consumer: environment variables, the same names locally and on AWS.

boto's own variables (AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, …) are read by botocore itself and do not
appear here. Each role asks only for what it uses, so a worker's task needs no signing key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from infra_under_test.errors import StackError

Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """Where the shared parts are: what every role needs."""

    region: str
    redis_url: str
    redis_cluster: bool  # ElastiCache in cluster mode answers a plain client with MOVED
    bucket_media: str
    bucket_cache: str
    bucket_transcode: str
    table_assets: str
    table_share_links: str
    table_analytics: str
    table_sessions: str
    table_users: str
    usage_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the API needs beside the stack."""

    stack: StackSettings
    queue_transcode_url: str
    queue_analytics_url: str
    cdn_url: str
    signing_key_pair_id: str
    signing_private_key_pem: str = field(repr=False)
    signed_url_ttl_s: int
    jwt_signing_key: str = field(repr=False)
    rate_limit_per_user_per_minute: int
    rate_limit_per_ip_per_minute: int
    rate_limit_allow: Networks
    trusted_proxies: Networks  # whose X-Forwarded-For is believed
    upload_bytes_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What the media worker needs beside the stack."""

    stack: StackSettings
    queue_transcode_url: str
    work_dir: Path
    concurrency: int  # ffmpeg jobs at a time
    hold_s: int  # how long a silent worker keeps a job from the others
    renditions: Path | None  # a file that changes or extends the built-in renditions


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """What the analytics consumer needs beside the stack."""

    stack: StackSettings
    queue_analytics_url: str


def read_stack_settings(environ: Mapping[str, str]) -> StackSettings:
    """The shared part; raises StackError."""
    usage_file = environ.get("USAGE_FILE")
    return StackSettings(
        region=environ.get("AWS_REGION", "us-east-1"),
        redis_url=_required(environ, "REDIS_URL", "e.g. redis://127.0.0.1:6379/0"),
        redis_cluster=environ.get("REDIS_CLUSTER", "0") == "1",
        bucket_media=environ.get("BUCKET_MEDIA", "gifdistributor-media-prod"),
        bucket_cache=environ.get("BUCKET_CACHE", "gifdistributor-cache-prod"),
        bucket_transcode=environ.get("BUCKET_TRANSCODE", "gifdistributor-transcode-prod"),
        table_assets=environ.get("TABLE_ASSETS", "Assets"),
        table_share_links=environ.get("TABLE_SHARE_LINKS", "ShareLinks"),
        table_analytics=environ.get("TABLE_ANALYTICS", "Analytics"),
        table_sessions=environ.get("TABLE_SESSIONS", "Sessions"),
        table_users=environ.get("TABLE_USERS", "Users"),
        usage_file=Path(usage_file) if usage_file else None,
    )


def read_api_settings(environ: Mapping[str, str]) -> ApiSettings:
    """The API's settings; raises StackError."""
    return ApiSettings(
        stack=read_stack_settings(environ),
        queue_transcode_url=_required(environ, "QUEUE_TRANSCODE_URL", "the URL of transcode-jobs.fifo"),
        queue_analytics_url=_required(environ, "QUEUE_ANALYTICS_URL", "the URL of analytics-events"),
        cdn_url=_required(environ, "CDN_URL", "the public base of the edge").rstrip("/"),
        signing_key_pair_id=_required(environ, "SIGNING_KEY_PAIR_ID", "the CloudFront public key's id"),
        signing_private_key_pem=_required(environ, "SIGNING_PRIVATE_KEY", "an RSA private key as PEM text"),
        signed_url_ttl_s=_positive(environ, "SIGNED_URL_TTL_S", 3600),
        jwt_signing_key=_required(environ, "JWT_SIGNING_KEY", "at least 32 random bytes as text"),
        rate_limit_per_user_per_minute=_positive(environ, "RATE_LIMIT_PER_USER_PER_MINUTE", 60),
        rate_limit_per_ip_per_minute=_positive(environ, "RATE_LIMIT_PER_IP_PER_MINUTE", 100),
        rate_limit_allow=_networks(environ, "RATE_LIMIT_ALLOW", ""),
        trusted_proxies=_networks(environ, "TRUSTED_PROXIES", "127.0.0.0/8,::1/128"),
        upload_bytes_max=_positive(environ, "MAX_UPLOAD_BYTES", 104_857_600),
    )


def read_worker_settings(environ: Mapping[str, str]) -> WorkerSettings:
    """The worker's settings; raises StackError."""
    return WorkerSettings(
        stack=read_stack_settings(environ),
        queue_transcode_url=_required(environ, "QUEUE_TRANSCODE_URL", "the URL of transcode-jobs.fifo"),
        work_dir=Path(_required(environ, "WORK_DIR", "a directory for downloads and renditions")),
        concurrency=_positive(environ, "WORKER_CONCURRENCY", 1),
        hold_s=_positive(environ, "WORKER_HOLD_S", 30),
        renditions=Path(environ["WORKER_RENDITIONS"]) if environ.get("WORKER_RENDITIONS") else None,
    )


def read_consumer_settings(environ: Mapping[str, str]) -> ConsumerSettings:
    """The consumer's settings; raises StackError."""
    return ConsumerSettings(
        stack=read_stack_settings(environ),
        queue_analytics_url=_required(environ, "QUEUE_ANALYTICS_URL", "the URL of analytics-events"),
    )


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise StackError(f"the environment variable {name} is not set", f"set it to {meaning}")
    return value


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise StackError(f"{name} is {text!r}", "set it to a whole number above 0")
    return int(text)


def _networks(environ: Mapping[str, str], name: str, default: str) -> Networks:
    text = environ.get(name, default)
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise StackError(
            f"{name} is not a list of networks: {error}", "separate CIDRs by commas, e.g. 127.0.0.1/32"
        ) from error
