"""The parts of the local stack, as data: what runs, on which port, with what settings, ready when."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from infra_under_test.local import discovery, readiness, resources
from infra_under_test.local.cgroup import CpuQuota
from infra_under_test.local.edge.behaviours import BUCKETS
from infra_under_test.local.edge.render import EdgeSettings, render
from infra_under_test.local.errors import StackError
from infra_under_test.local.processes import Part
from infra_under_test.local.resources import Credentials
from infra_under_test.local.s3_server import s3_part
from infra_under_test.local.signing_key import SigningKey
from infra_under_test.local.state import DIRECTORY_VARIABLE

PART_NAMES = ("redis", "s3", "dynamodb", "sqs", "edge", "api", "worker", "consumer")
PORT_NAMES = ("redis", "s3", "s3-master", "s3-volume", "s3-filer", "dynamodb", "sqs", "edge", "api")
REGION = "us-east-1"
PROGRAMS = {
    "redis": discovery.VALKEY,
    "s3": discovery.WEED,
    "edge": discovery.NGINX,
    "worker": discovery.FFMPEG,
}
PACKAGES: Mapping[str, Mapping[str, str]] = {
    "dynamodb": {"ministack": "ministack"},
    "sqs": {"ministack": "ministack"},
    "api": {"uvicorn": "uvicorn", "starlette": "starlette", "aiobotocore": "aiobotocore", "redis": "redis"},
    "worker": {"aiobotocore": "aiobotocore", "av": "av", "PIL": "pillow"},
    "consumer": {"aiobotocore": "aiobotocore"},
}
# What a part may know of its caller's environment: no credentials, profiles or proxies of the user.
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """All that the parts are made from."""

    directory: Path
    ports: Mapping[str, int]
    programs: Mapping[str, discovery.Found]
    versions: Mapping[str, str]
    credentials: Credentials
    signing: SigningKey
    quota: CpuQuota
    worker_concurrency: int
    set_env: Mapping[str, str]
    visibility_s: int
    outcomes: dict[str, str]  # filled while the resources are made


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
        "api": _api,
        "worker": _worker,
        "consumer": _consumer,
    }
    unknown = [name for name in only if name not in makers]
    if unknown:
        raise StackError(f"the stack has no part '{unknown[0]}'", "known: " + ", ".join(PART_NAMES))
    parts = [makers[name](ingredients) for name in PART_NAMES if name in only]
    return tuple(replace(part, needs=tuple(need for need in part.needs if need in only)) for part in parts)


def _env(ingredients: Ingredients, **more: str) -> dict[str, str]:
    directory = ingredients.directory
    return {
        **{key: os.environ[key] for key in INHERITED if key in os.environ},
        "HOME": str(directory),  # no part may read the user's settings
        "TMPDIR": str(directory / "tmp"),
        "PYTHONUNBUFFERED": "1",
        DIRECTORY_VARIABLE: str(directory),
        **more,
    }


def _url(ingredients: Ingredients, port_name: str) -> str:
    return f"http://127.0.0.1:{ingredients.ports[port_name]}"


def _redis(ingredients: Ingredients) -> Part:
    port = ingredients.ports["redis"]
    arguments = f"--port {port} --bind 127.0.0.1 --maxmemory 64mb --maxmemory-policy allkeys-lru"
    return Part(
        name="redis",
        version=ingredients.versions["redis"],
        url=f"redis://127.0.0.1:{port}/0",
        argv=(str(ingredients.programs["redis"].path), *arguments.split(), "--save", "", "--daemonize", "no"),
        env=_env(ingredients),
        cwd=ingredients.directory / "tmp",
        ready=readiness.by_redis(port),
    )


def _s3(ingredients: Ingredients) -> Part:
    def buckets(client: object) -> dict[str, str]:
        ingredients.outcomes.update(resources.make_buckets(client))
        return {}

    url = _url(ingredients, "s3")
    return s3_part(
        weed=ingredients.programs["s3"].path,
        version=ingredients.versions["s3"],
        directory=ingredients.directory,
        ports=ingredients.ports,
        credentials=ingredients.credentials,
        env=_env(ingredients),
        ready=readiness.by_connection(
            ingredients.ports["s3"],
            readiness.with_client(lambda: ingredients.credentials.client("s3", url), buckets),
        ),
    )


def _ministack(ingredients: Ingredients, name: str, ready: readiness.Ready) -> Part:
    """The AWS stand-in with one service only: a busy one must not slow the other."""
    port = ingredients.ports[name]
    return Part(
        name=name,
        version=ingredients.versions[name],
        url=f"http://127.0.0.1:{port}",
        argv=(sys.executable, "-m", "ministack"),
        env=_env(
            ingredients,
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            MINISTACK_HOST="127.0.0.1",
            MINISTACK_REGION=REGION,
            SERVICES=name,
            IOT_MTLS_ENABLED="0",
            LOG_LEVEL="WARNING",
        ),
        cwd=ingredients.directory / "tmp",
        ready=readiness.by_connection(port, ready),
    )


def _dynamodb(ingredients: Ingredients) -> Part:
    def tables(client: object) -> dict[str, str]:
        ingredients.outcomes.update(resources.make_tables(client))
        return {}

    url = _url(ingredients, "dynamodb")
    client = lambda: ingredients.credentials.client("dynamodb", url)  # noqa: E731  # built in its thread
    return _ministack(ingredients, "dynamodb", readiness.with_client(client, tables))


def _sqs(ingredients: Ingredients) -> Part:
    def queues(client: object) -> dict[str, str]:
        urls = resources.make_queues(client, ingredients.visibility_s)
        return {
            "QUEUE_TRANSCODE_URL": urls[resources.TRANSCODE_QUEUE],
            "QUEUE_ANALYTICS_URL": urls[resources.ANALYTICS_QUEUE],
        }

    url = _url(ingredients, "sqs")
    client = lambda: ingredients.credentials.client("sqs", url)  # noqa: E731  # built in its thread
    return _ministack(ingredients, "sqs", readiness.with_client(client, queues))


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
    url = _url(ingredients, "edge")
    return Part(
        name="edge",
        version=ingredients.versions["edge"],
        url=url,
        argv=(str(nginx), "-p", str(folder), "-e", "stderr", "-c", "nginx.conf"),
        env=_env(ingredients),
        cwd=folder,
        ready=readiness.by_http(f"{url}/_edge/ready", 403, ("X-Cache", "Error from cloudfront")),
    )


def _service_env(ingredients: Ingredients, name: str) -> dict[str, str]:
    """The settings that API, worker and consumer take on AWS as well, endpoint URLs aside."""
    work = ingredients.directory / "work" / name
    work.mkdir(parents=True)
    media, cache, transcode, logs = BUCKETS
    return _env(
        ingredients,
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID=ingredients.credentials.access_key,
        AWS_SECRET_ACCESS_KEY=ingredients.credentials.secret_key,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL_S3=_url(ingredients, "s3"),
        AWS_ENDPOINT_URL_DYNAMODB=_url(ingredients, "dynamodb"),
        AWS_ENDPOINT_URL_SQS=_url(ingredients, "sqs"),
        REDIS_URL=f"redis://127.0.0.1:{ingredients.ports['redis']}/0",
        BUCKET_MEDIA=media,
        BUCKET_CACHE=cache,
        BUCKET_TRANSCODE=transcode,
        BUCKET_LOGS=logs,
        **TABLE_VARIABLES,
        CDN_URL=_url(ingredients, "edge"),
        USAGE_FILE=str(ingredients.directory / "usage" / f"{name}.json"),
        WORK_DIR=str(work),
        WORKER_CONCURRENCY=str(ingredients.worker_concurrency),
    )


TABLE_VARIABLES = {
    "TABLE_ASSETS": "Assets",
    "TABLE_SHARE_LINKS": "ShareLinks",
    "TABLE_ANALYTICS": "Analytics",
    "TABLE_SESSIONS": "Sessions",
    "TABLE_USERS": "Users",
}


def _api(ingredients: Ingredients) -> Part:
    port = ingredients.ports["api"]
    url = f"http://127.0.0.1:{port}"
    uvicorn = f"-m uvicorn infra_under_test.local.api.app:app --host 127.0.0.1 --port {port} --no-access-log"
    return Part(
        name="api",
        version=ingredients.versions["api"],
        url=url,
        argv=(sys.executable, *uvicorn.split()),
        env={
            **_service_env(ingredients, "api"),
            "SIGNING_KEY_PAIR_ID": ingredients.signing.key_pair_id,
            "SIGNING_PRIVATE_KEY": ingredients.signing.private_pem,
            "JWT_SIGNING_KEY": secrets.token_hex(32),
            "RATE_LIMIT_ALLOW": "127.0.0.1/32",  # the load generator
            **ingredients.set_env,
        },
        cwd=ingredients.directory / "work" / "api",
        needs=("redis", "dynamodb", "sqs"),
        ready=readiness.by_http(f"{url}/health", 200),
    )


def _worker(ingredients: Ingredients) -> Part:
    return Part(
        name="worker",
        version=ingredients.versions["worker"],
        url="",
        argv=(*ingredients.quota.prefix, sys.executable, "-m", "infra_under_test.local.worker"),
        env={
            **_service_env(ingredients, "worker"),
            "FFMPEG": str(ingredients.programs["worker"].path),
            **ingredients.set_env,
        },
        cwd=ingredients.directory / "work" / "worker",
        needs=("redis", "dynamodb", "sqs"),
        niceness=10,  # ffmpeg would take every core: the servers of the stack go first
        procs=ingredients.quota.procs,
        ready=readiness.by_log(ingredients.directory / "logs" / "worker.log", "worker_ready"),
    )


def _consumer(ingredients: Ingredients) -> Part:
    return Part(
        name="consumer",
        version=ingredients.versions["consumer"],
        url="",
        argv=(sys.executable, "-m", "infra_under_test.local.consumer"),
        env={**_service_env(ingredients, "consumer"), **ingredients.set_env},
        cwd=ingredients.directory / "work" / "consumer",
        needs=("redis", "dynamodb", "sqs"),
        ready=readiness.by_log(ingredients.directory / "logs" / "consumer.log", "consumer_ready"),
    )
