"""The edge's nginx configuration from its settings."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from infra_under_test.local.edge.behaviours import BEHAVIOURS, CacheBehaviour

# CloudFront caches these errors whatever the origin says, for 10 s by default; S3's 403 it does not.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
ERRORS_CACHED = "404 414 500 501 502 503 504"
ERROR_TTL_S = 10


class _Holes(string.Template):
    """A template whose holes do not look like nginx's own variables."""

    delimiter = "@@"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """All that the edge has to know about its surroundings."""

    port: int
    api_port: int
    s3_port: int
    access_log: Path
    key_pair_id: str
    public_key: str  # base64 of the DER SubjectPublicKeyInfo
    region: str
    s3_access_key: str
    s3_secret_key: str
    njs_module: Path | None  # for an nginx that loads njs at run time
    as_root: bool  # without `user root` the worker could not read a prefix under /root
    behaviours: tuple[CacheBehaviour, ...] = BEHAVIOURS


def render(settings: EdgeSettings) -> str:
    """The text of nginx.conf; it refers to cloudfront.js in this package."""
    folder = resources.files("infra_under_test.local.edge")
    template = _Holes((folder / "nginx.conf").read_text())
    return template.substitute(
        port=settings.port,
        api_port=settings.api_port,
        s3_port=settings.s3_port,
        access_log=f'"{settings.access_log}"',
        js_path=str(folder),
        key_pair_id=settings.key_pair_id,
        public_key=settings.public_key,
        region=settings.region,
        s3_access_key=settings.s3_access_key,
        s3_secret_key=settings.s3_secret_key,
        load_module=f'load_module "{settings.njs_module}";' if settings.njs_module else "",
        user="user root;" if settings.as_root else "",
        behaviours="\n".join(_map_row(behaviour) for behaviour in settings.behaviours),
        locations="\n".join(_location(behaviour) for behaviour in settings.behaviours),
    )


def _map_row(behaviour: CacheBehaviour) -> str:
    pattern = re.escape(behaviour.path_pattern).replace(r"\*", ".*")
    return f'    "~^{pattern}$" "{behaviour.path_pattern}";'


def _location(behaviour: CacheBehaviour) -> str:
    body = _from_api() if behaviour.bucket is None else _from_s3(behaviour, behaviour.bucket)
    lines = "\n".join(f"      {line}" for line in body)
    return f"    location {behaviour.location} {{\n{lines}\n    }}"


def _from_api() -> list[str]:
    return [
        "proxy_pass http://api/;",  # the slash strips /api
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        'proxy_set_header Connection "";',
    ]


def _from_s3(behaviour: CacheBehaviour, bucket: str) -> list[str]:
    signed = [
        "auth_request /_edge/verify;",
        "auth_request_set $denial $sent_http_x_denial;",
    ]
    return [
        f"set $bucket {bucket};",
        "limit_except GET { deny all; }",
        *(signed if behaviour.private else []),
        "error_page 403 = @denied;",  # only the edge's own refusals: the origin's answers pass as they are
        "proxy_cache edge;",
        f"proxy_cache_valid 200 {behaviour.ttl_s}s;",
        f"proxy_cache_valid {ERRORS_CACHED} {ERROR_TTL_S}s;",
        # The seed's single TTL is minimum and maximum too; neither cookies nor Vary are in the cache key.
        "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;",
        "proxy_pass http://s3/$bucket$viewer_path;",
        "proxy_set_header Host $s3_host;",
        "proxy_set_header Authorization $s3_authorization;",
        "proxy_set_header X-Amz-Date $s3_date;",
        "proxy_set_header X-Amz-Content-Sha256 UNSIGNED-PAYLOAD;",
        'proxy_set_header Connection "";',
        'proxy_set_header Cookie "";',
        'proxy_set_header Accept-Encoding "";',
    ]
