"""Synthetic access logs, seeded: the same requests written in each of AWS's formats."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START_S = 1714557600.0  # 2024-05-01 10:00:00 UTC

FIELDS = [
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem"),
    *("sc-status", "cs(Referer)", "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type"),
    *("x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for"),
    *("ssl-protocol", "ssl-cipher", "x-edge-response-result-type", "cs-protocol-version", "fle-status"),
    *("fle-encrypted-fields", "c-port", "time-to-first-byte", "x-edge-detailed-result-type"),
    *("sc-content-type", "sc-content-len", "sc-range-start", "sc-range-end"),
]
PARQUET_NAMES = {"cs(Host)": "cs_host", "cs(User-Agent)": "cs_user_agent", "cs(Referer)": "cs_referrer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A request that a log is written of."""

    t_s: float
    path: str
    client: str = "192.0.2.7"
    agent: str = "Mozilla/5.0 (X11; Linux)"
    method: str = "GET"
    query: str = ""
    status: int = 200
    sent_bytes: int = 2048
    result: str = "Hit"
    taken_s: float = 0.004

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(self.t_s, UTC)


def zipf_requests(
    count: int, assets: int, alpha: float, rate_per_s: float, seed: int, path: str = "/assets/{}.gif"
) -> list[Logged]:
    """Poisson arrivals; assets with fixed shuffled numbers, drawn independently with p ~ rank^-alpha."""
    generator = np.random.default_rng(seed)
    weights = np.arange(1, assets + 1) ** -alpha
    times_s = START_S + np.cumsum(generator.exponential(1 / rate_per_s, count))
    names = generator.permutation(assets)[generator.choice(assets, count, p=weights / weights.sum())]
    clients = generator.integers(1, 250, count)
    sizes = generator.lognormal(9.0, 1.5, count)
    return [
        Logged(t_s=float(t_s), path=path.format(name), client=f"192.0.2.{client}", sent_bytes=int(size) + 1)
        for t_s, name, client, size in zip(times_s, names, clients, sizes, strict=True)
    ]


def values(one: Logged) -> dict[str, str]:
    """CloudFront's fields of a request, not encoded."""
    return dict.fromkeys(FIELDS, "-") | {
        "date": f"{one.when:%Y-%m-%d}",
        "time": f"{one.when:%H:%M:%S}",
        "x-edge-location": "FRA56-P1",
        "sc-bytes": str(one.sent_bytes),
        "c-ip": one.client,
        "cs-method": one.method,
        "cs(Host)": "d111111abcdef8.cloudfront.net",
        "cs-uri-stem": one.path,
        "sc-status": str(one.status),
        "cs(User-Agent)": one.agent,
        "cs-uri-query": one.query or "-",
        "x-edge-result-type": one.result,
        "x-host-header": "gifs.example.com",
        "cs-protocol": "https",
        "time-taken": f"{one.taken_s:.3f}",
    }


def cloudfront_tsv(requests: Sequence[Logged], fields: Sequence[str] = FIELDS) -> str:
    """v1, and v2's text with a header: tab-separated, fields percent-encoded."""
    rows = [values(one) for one in requests]
    for row in rows:
        for name in ("cs-uri-stem", "cs-uri-query", "cs(User-Agent)"):
            row[name] = quote(row[name], safe="/:;=&()+,.!*-_@$")
    lines = ["\t".join(row[name] for name in fields) for row in rows]
    return "\n".join(["#Version: 1.0", "#Fields: " + " ".join(fields), *lines]) + "\n"


def cloudfront_json(requests: Sequence[Logged]) -> str:
    """v2: a JSON object a line, all values text."""
    return "".join(json.dumps(values(one)) + "\n" for one in requests)


def cloudfront_parquet(requests: Sequence[Logged]) -> bytes:
    """v2: Parquet with underscored names, all columns text."""
    rows = [values(one) for one in requests]
    columns = {
        PARQUET_NAMES.get(name, name.replace("-", "_").replace("(", "_").replace(")", "")): [
            row[name] for row in rows
        ]
        for name in FIELDS
    }
    packed = io.BytesIO()
    pq.write_table(pa.table(columns), packed)
    return packed.getvalue()


def load_balancer(requests: Sequence[Logged]) -> str:
    """An Application Load Balancer's access log."""
    lines = []
    for one in requests:
        ended = datetime.fromtimestamp(one.t_s + one.taken_s, UTC)
        url = f"https://gifs.example.com:443{one.path}" + (f"?{one.query}" if one.query else "")
        lines.append(
            f"h2 {ended:%Y-%m-%dT%H:%M:%S.%fZ} app/front/50dc6c495c0c9188 {one.client}:46532 10.0.0.66:8080 "
            f"0.000 {one.taken_s:.3f} 0.000 {one.status} {one.status} 34 {one.sent_bytes} "
            f'"{one.method} {url} HTTP/2.0" "{one.agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b "
            f'"Root=1-58337281-1d84f3d73c47ec4e58577259" "gifs.example.com" "-" 1 '
            f'{one.when:%Y-%m-%dT%H:%M:%S.%fZ} "forward" "-" "-" "10.0.0.66:80" "{one.status}" "-" "-" T_1'
        )
    return "\n".join(lines) + "\n"


def write_logs(folder: Path, requests: Sequence[Logged]) -> dict[str, Path]:
    """The same requests in every format, a file each."""
    contents = {
        "cloudfront-tsv": cloudfront_tsv(requests).encode(),
        "cloudfront-tsv-gzip": gzip.compress(cloudfront_tsv(requests).encode()),
        "cloudfront-json": cloudfront_json(requests).encode(),
        "cloudfront-parquet": cloudfront_parquet(requests),
        "alb": load_balancer(requests).encode(),
    }
    paths = {}
    for name, content in contents.items():
        paths[name] = folder / name
        paths[name].write_bytes(content)
    return paths
