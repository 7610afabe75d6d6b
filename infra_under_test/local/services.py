"""API, worker and consumer as parts: our own code, with the settings it takes on AWS as well."""

from __future__ import annotations

import secrets
import sys

from infra_under_test.local import readiness
from infra_under_test.local.edge.behaviours import BUCKETS
from infra_under_test.local.ingredients import REGION, Ingredients
from infra_under_test.local.processes import Part


def _service_env(ingredients: Ingredients, name: str) -> dict[str, str]:
    """The settings that API, worker and consumer take on AWS as well, endpoint URLs aside."""
    work = ingredients.directory / "work" / name
    work.mkdir(parents=True)
    media, cache, transcode, logs = BUCKETS
    return ingredients.env(
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID=ingredients.credentials.access_key,
        AWS_SECRET_ACCESS_KEY=ingredients.credentials.secret_key,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL_S3=ingredients.url("s3"),
        AWS_ENDPOINT_URL_DYNAMODB=ingredients.url("dynamodb"),
        AWS_ENDPOINT_URL_SQS=ingredients.url("sqs"),
        REDIS_URL=f"redis://127.0.0.1:{ingredients.ports['redis']}/0",
        BUCKET_MEDIA=media,
        BUCKET_CACHE=cache,
        BUCKET_TRANSCODE=transcode,
        BUCKET_LOGS=logs,
        **TABLE_VARIABLES,
        CDN_URL=ingredients.url("edge"),
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


def api_part(ingredients: Ingredients) -> Part:
    """The HTTP and WebSocket API."""
    port = ingredients.ports["api"]
    url = f"http://127.0.0.1:{port}"
    uvicorn = f"-m uvicorn infra_under_test.app.api.app:app --host 127.0.0.1 --port {port} --no-access-log"
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


def worker_part(ingredients: Ingredients) -> Part:
    """The media worker, inside its CPU quota."""
    return Part(
        name="worker",
        version=ingredients.versions["worker"],
        url="",
        argv=(*ingredients.quota.prefix, sys.executable, "-m", "infra_under_test.app.worker"),
        env={
            **_service_env(ingredients, "worker"),
            "FFMPEG": str(ingredients.programs["worker"].path),
            **ingredients.set_env,
        },
        cwd=ingredients.directory / "work" / "worker",
        needs=("redis", "dynamodb", "sqs"),
        niceness=10,  # ffmpeg would take every core: the servers of the stack go first
        procs=next(iter(ingredients.quota.joins), None),
        ready=readiness.by_log(ingredients.directory / "logs" / "worker.log", "worker_ready"),
    )


def consumer_part(ingredients: Ingredients) -> Part:
    """The consumer of the analytics queue."""
    return Part(
        name="consumer",
        version=ingredients.versions["consumer"],
        url="",
        argv=(sys.executable, "-m", "infra_under_test.app.consumer"),
        env={**_service_env(ingredients, "consumer"), **ingredients.set_env},
        cwd=ingredients.directory / "work" / "consumer",
        needs=("redis", "dynamodb", "sqs"),
        ready=readiness.by_log(ingredients.directory / "logs" / "consumer.log", "consumer_ready"),
    )
