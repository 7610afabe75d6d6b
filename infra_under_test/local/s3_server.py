"""SeaweedFS as S3: its identities and its command line."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from infra_under_test.local.ports import GRPC_OFFSET
from infra_under_test.local.processes import Part
from infra_under_test.local.readiness import Ready
from infra_under_test.local.resources import Credentials

VOLUME_SIZE_MB = 1024
VOLUMES_MAX = 200


def s3_part(
    *,
    weed: Path,
    version: str,
    directory: Path,
    ports: Mapping[str, int],
    credentials: Credentials,
    env: Mapping[str, str],
    ready: Ready,
) -> Part:
    """Master, volume server, filer and S3 gateway in one process, with a fresh data directory."""
    folder = directory / "s3"
    folder.mkdir()
    config = folder / "s3.json"
    config.write_text(json.dumps(_identities(credentials)))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": ports["s3-master"],
        "master.volumeSizeLimitMB": VOLUME_SIZE_MB,
        "master.peers": "none",  # no election: it takes a second, and five more when it loses a race
        "master.telemetry": "false",  # it would report to its makers
        "volume.port": ports["s3-volume"],
        "volume.max": VOLUMES_MAX,
        "volume.preStopSeconds": 0,
        "filer": "true",
        "filer.port": ports["s3-filer"],
        "filer.localSocket": folder / "filer.sock",  # else it lies in /tmp, and stays there
        "s3": "true",
        "s3.port": ports["s3"],
        "s3.config": config,
        "s3.localSocket": folder / "s3.sock",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "metricsPort": ports["s3-metrics"],  # counts requests, for Prometheus
    }
    return Part(
        name="s3",
        version=version,
        url=f"http://127.0.0.1:{ports['s3']}",
        argv=(
            str(weed),
            "-logtostderr=true",
            "server",
            *(f"-{key}={value}" for key, value in options.items()),
        ),
        env={**env, "WEED_S3_SSE_KEY": secrets.token_hex(16)},
        cwd=folder,
        ready=ready,
        stop_grace_s=0.2,  # an orderly stop takes up to 17 s, and the data is thrown away
    )


def _identities(credentials: Credentials) -> dict[str, object]:
    """One account for the services and the edge; anonymous callers get nothing."""
    key = {"accessKey": credentials.access_key, "secretKey": credentials.secret_key}
    return {
        "identities": [{"name": "stack", "credentials": [key], "actions": ["Admin", "Read", "Write", "List"]}]
    }


def sockets(ports: Mapping[str, int]) -> tuple[str, ...]:
    """The sockets that a killed SeaweedFS leaves, under names that no option changes."""
    named = {"s3": ports["s3"], **{name: ports[f"s3-{name}"] for name in ("master", "volume", "filer")}}
    return tuple(f"/tmp/seaweedfs-{name}-grpc-{port + GRPC_OFFSET}.sock" for name, port in named.items())  # noqa: S108
