"""The parts of the local stack, as data: what runs, on which port, with what settings, ready when."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from infra_under_test.errors import StackError
from infra_under_test.local import discovery, readiness, resources
from infra_under_test.local.edge.render import EdgeSettings, render
from infra_under_test.local.ingredients import REGION, Ingredients
from infra_under_test.local.processes import Part
from infra_under_test.local.s3_server import s3_part
from infra_under_test.local.services import api_part, consumer_part, worker_part

PART_NAMES = ("redis", "s3", "dynamodb", "sqs", "edge", "api", "worker", "consumer")
PORT_NAMES = (
    "redis",
    "s3",
    "s3-master",
    "s3-volume",
    "s3-filer",
    "s3-metrics",
    "dynamodb",
    "sqs",
    "edge",
    "api",
)
PROGRAMS = {
    "redis": discovery.VALKEY,
    "s3": discovery.WEED,
    "edge": discovery.NGINX,
    "worker": discovery.FFMPEG,
}
PACKAGES: Mapping[str, Mapping[str, str]] = {
    "dynamodb": {"ministack": "ministack"},
    "sqs": {"ministack": "ministack"},
    "api": {
        "uvicorn": "uvicorn",
        "starlette": "starlette",
        "websockets": "websockets",
        "aiobotocore": "aiobotocore",
        "redis": "redis",
        "jwt": "pyjwt",
    },
    "worker": {"aiobotocore": "aiobotocore", "av": "av", "PIL": "pillow"},
    "consumer": {"aiobotocore": "aiobotocore"},
}


def discover(only: Sequence[str]) -> tuple[dict[str, discovery.Found], dict[str, str]]:
    """The programs and package versions that the parts need; StackError names a missing one and the fix."""
    with ThreadPoolExecutor() as pool:  # each asks a program for its version
        wanted = {part: program for part, program in PROGRAMS.items() if part in only}
        programs = dict(zip(wanted, pool.map(discovery.find, wanted.values()), strict=True))
    versions = {
        part: discovery.require_modules(part, packages) for part, packages in PACKAGES.items() if part in only
    }
    for part, found in programs.items():
        name = discovery_name(part)
        versions[part] = ", ".join(
            filter(None, [f"{name} {found.version} ({found.origin})", versions.get(part)])
        )
    return programs, versions


def discovery_name(part: str) -> str:
    """What the program of a part is called in tables."""
    return {"redis": "valkey", "s3": "seaweedfs", "edge": "nginx", "worker": "ffmpeg"}[part]


def build(ingredients: Ingredients, only: Sequence[str]) -> tuple[Part, ...]:
    """The parts named in `only`, in the order of PART_NAMES, with needs among themselves."""
    makers = {
        "redis": _redis,
        "s3": _s3,
        "dynamodb": _dynamodb,
        "sqs": _sqs,
        "edge": _edge,
        "api": api_part,
        "worker": worker_part,
        "consumer": consumer_part,
    }
    unknown = [name for name in only if name not in makers]
    if unknown:
        raise StackError(f"the stack has no part '{unknown[0]}'", "known: " + ", ".join(PART_NAMES))
    parts = [makers[name](ingredients) for name in PART_NAMES if name in only]
    return tuple(replace(part, needs=tuple(need for need in part.needs if need in only)) for part in parts)


def _redis(ingredients: Ingredients) -> Part:
    port = ingredients.ports["redis"]
    arguments = f"--port {port} --bind 127.0.0.1 --maxmemory 64mb --maxmemory-policy allkeys-lru"
    return Part(
        name="redis",
        version=ingredients.versions["redis"],
        url=f"redis://127.0.0.1:{port}/0",
        argv=(str(ingredients.programs["redis"].path), *arguments.split(), "--save", "", "--daemonize", "no"),
        env=ingredients.env(),
        cwd=ingredients.directory / "tmp",
        ready=readiness.by_redis(port),
    )


def _s3(ingredients: Ingredients) -> Part:
    def buckets(client: object) -> dict[str, str]:
        ingredients.outcomes.update(resources.make_buckets(client))
        return {}

    url = ingredients.url("s3")
    return s3_part(
        weed=ingredients.programs["s3"].path,
        version=ingredients.versions["s3"],
        directory=ingredients.directory,
        ports=ingredients.ports,
        credentials=ingredients.credentials,
        env=ingredients.env(),
        ready=readiness.by_connection(
            ingredients.ports["s3"],
            readiness.with_client(lambda: ingredients.credentials.client("s3", url), buckets),
        ),
    )


def _ministack(ingredients: Ingredients, name: str, module: str, ready: readiness.Ready) -> Part:
    """The AWS stand-in with one service only: a busy one must not slow the other."""
    port = ingredients.ports[name]
    return Part(
        name=name,
        version=ingredients.versions[name],
        url=f"http://127.0.0.1:{port}",
        argv=(sys.executable, "-m", module),
        env=ingredients.env(
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            MINISTACK_HOST="127.0.0.1",
            MINISTACK_REGION=REGION,
            SERVICES=name,
            IOT_MTLS_ENABLED="0",
            LOG_LEVEL="WARNING",
            STATE_DIR=str(ingredients.directory / "tmp" / f"{name}-state"),  # else it lies in /tmp, and stays
        ),
        cwd=ingredients.directory / "tmp",
        ready=readiness.by_connection(port, ready),
    )


def _dynamodb(ingredients: Ingredients) -> Part:
    def tables(client: object) -> dict[str, str]:
        ingredients.outcomes.update(resources.make_tables(client))
        return {}

    url = ingredients.url("dynamodb")
    client = lambda: ingredients.credentials.client("dynamodb", url)  # noqa: E731  # built in its thread
    module = "infra_under_test.local.dynamodb_server"
    return _ministack(ingredients, "dynamodb", module, readiness.with_client(client, tables))


def _sqs(ingredients: Ingredients) -> Part:
    def queues(client: object) -> dict[str, str]:
        urls = resources.make_queues(client, ingredients.visibility_s)
        return {
            "QUEUE_TRANSCODE_URL": urls[resources.TRANSCODE_QUEUE],
            "QUEUE_ANALYTICS_URL": urls[resources.ANALYTICS_QUEUE],
        }

    url = ingredients.url("sqs")
    client = lambda: ingredients.credentials.client("sqs", url)  # noqa: E731  # built in its thread
    return _ministack(ingredients, "sqs", "ministack", readiness.with_client(client, queues))


def _edge(ingredients: Ingredients) -> Part:
    nginx = ingredients.programs["edge"].path
    folder = ingredients.directory / "edge"
    folder.mkdir()
    settings = EdgeSettings(
        port=ingredients.ports["edge"],
        api_port=ingredients.ports["api"],
        s3_port=ingredients.ports["s3"],
        access_log=ingredients.directory / "edge-access.jsonl",
        key_pair_id=ingredients.signing.key_pair_id,
        public_key=ingredients.signing.public_der_base64,
        region=REGION,
        s3_access_key=ingredients.credentials.access_key,
        s3_secret_key=ingredients.credentials.secret_key,
        njs_module=discovery.njs_module(nginx),
        as_root=os.geteuid() == 0,
    )
    (folder / "nginx.conf").write_text(render(settings))
    url = ingredients.url("edge")
    return Part(
        name="edge",
        version=ingredients.versions["edge"],
        url=url,
        argv=(str(nginx), "-p", str(folder), "-e", "stderr", "-c", "nginx.conf"),
        env=ingredients.env(),
        cwd=folder,
        ready=readiness.by_http(f"{url}/_edge/ready", 403, ("X-Cache", "Error from cloudfront")),
    )
