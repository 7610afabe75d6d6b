"""Real parts for the tests of API, worker and consumer: Valkey, SeaweedFS and two ministacks, once a run.

The processes are children of the test run, die with it, and keep everything in one temporary directory.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any

from PIL import Image

from infra_under_test.local import discovery, ports, resources
from infra_under_test.local.s3_server import s3_part, sockets
from infra_under_test.local.signing_key import SigningKey, make_signing_key

CREDENTIALS = resources.Credentials(region="us-east-1", access_key="test", secret_key="test-secret")
START_S = 30.0
CDN_URL = "http://cdn.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, redirects not followed."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The running parts: what a service's environment names, and clients of the test's own."""

    env: Mapping[str, str]
    s3: Any
    dynamodb: Any
    sqs: Any
    queues: Mapping[str, str]
    signing: SigningKey
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A running API process."""

    url: str
    stack: Stack
    process: subprocess.Popen[bytes]
    usage_file: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return send(method, self.url + path, data, sent)

    def token(self, email: str = "one@example.com") -> str:
        if email not in self.tokens:
            self.tokens[email] = self.request("POST", "/v1/session", {"email": email}).json["token"]
        return self.tokens[email]

    def upload(self, content: bytes, *, email: str = "one@example.com", **changes: Any) -> dict[str, Any]:
        """Announce and PUT; returns what `complete` is to be sent."""
        wanted = {
            "title": "A title",
            "filename": "a.gif",
            "mime_type": "image/gif",
            "file_size": len(content),
            "tags": ["test"],
            **changes,
        }
        started = self.request("POST", "/v1/upload", wanted, token=self.token(email)).json
        parts = []
        for part in started["parts"]:
            offset = (part["part_number"] - 1) * started["part_size"]
            put = send("PUT", part["url"], content[offset : offset + started["part_size"]], {})
            assert put.status == 200, put.body
            parts.append({"part_number": part["part_number"], "etag": put.headers["ETag"]})
        return {"asset_id": started["asset_id"], "upload_id": started["upload_id"], "parts": parts}

    def complete(self, upload: Mapping[str, Any], *, email: str = "one@example.com") -> Answer:
        return self.request("POST", "/v1/upload/complete", dict(upload), token=self.token(email))

    def asset(self, asset_id: str) -> Any:
        return self.request("GET", f"/v1/asset/{asset_id}").json

    def wait_for(self, asset_id: str, *statuses: str, timeout_s: float = 40.0) -> Any:
        deadline = time.monotonic() + timeout_s
        while True:
            asset = self.asset(asset_id)
            if asset["status"] in statuses:
                return asset
            assert time.monotonic() < deadline, asset
            time.sleep(0.05)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def send(method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers))  # noqa: S310
    try:
        with _OPENER.open(request, timeout=30) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(status=error.code, headers=error.headers, body=error.read())


@contextmanager
def running(argv: list[str], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own, gone at the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(argv, env=dict(env), stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(condition: Any, what: str, timeout_s: float = START_S) -> Any:
    """What `condition` returns once it is true and raises nothing."""
    deadline = time.monotonic() + timeout_s
    reason = "it stayed false"
    while time.monotonic() < deadline:
        try:
            found = condition()
            if found:
                return found
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        time.sleep(0.05)
    raise AssertionError(f"{what}: {reason}")


def base_env(directory: Path) -> dict[str, str]:
    inherited = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    return {**inherited, "HOME": str(directory), "TMPDIR": str(directory), "PYTHONPATH": str(Path.cwd())}


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        Path(path).unlink(missing_ok=True)


@contextmanager
def run_stack(directory: Path) -> Iterator[Stack]:
    """The parts with the seed's buckets, tables and queues in place."""
    env = base_env(directory)
    names = ("redis", "s3", "s3-master", "s3-volume", "s3-filer", "s3-metrics", "dynamodb", "sqs")
    chosen = ports.choose(names, {}, (), random.Random())
    urls = {name: f"http://127.0.0.1:{chosen[name]}" for name in ("s3", "dynamodb", "sqs")}
    valkey = [str(discovery.find(discovery.VALKEY).path), "--port", str(chosen["redis"])]
    valkey += [
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--maxmemory",
        "64mb",
        "--maxmemory-policy",
        "allkeys-lru",
    ]
    weed = s3_part(
        weed=discovery.find(discovery.WEED).path,
        version="",
        directory=directory,
        ports=chosen,
        credentials=CREDENTIALS,
        env=env,
        ready=dict,
    )
    emulators = {"dynamodb": "infra_under_test.local.dynamodb_server", "sqs": "ministack"}
    emulator = {**env, "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING"}
    emulator["STATE_DIR"] = str(directory / "ministack-state")
    clients = {name: CREDENTIALS.client(name, url) for name, url in urls.items()}
    with ExitStack() as exits:
        exits.callback(_remove, sockets(chosen))
        exits.enter_context(running(list(weed.argv), weed.env, directory / "weed.log"))
        exits.enter_context(running(valkey, env, directory / "valkey.log"))
        for name, module in emulators.items():
            argv, port = [sys.executable, "-m", module], {"GATEWAY_PORT": str(chosen[name])}
            exits.enter_context(running(argv, {**emulator, **port}, directory / f"{name}.log"))
        until(lambda: resources.make_tables(clients["dynamodb"]), "DynamoDB")
        queues = until(lambda: resources.make_queues(clients["sqs"]), "SQS")
        until(lambda: resources.make_buckets(clients["s3"]), "S3")
        signing = make_signing_key()
        services = {
            "AWS_REGION": CREDENTIALS.region,
            "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key,
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            **{f"AWS_ENDPOINT_URL_{name.upper()}": url for name, url in urls.items()},
            "REDIS_URL": f"redis://127.0.0.1:{chosen['redis']}/0",
            "QUEUE_TRANSCODE_URL": queues[resources.TRANSCODE_QUEUE],
            "QUEUE_ANALYTICS_URL": queues[resources.ANALYTICS_QUEUE],
            "CDN_URL": CDN_URL,
            "SIGNING_KEY_PAIR_ID": signing.key_pair_id,
            "SIGNING_PRIVATE_KEY": signing.private_pem,
            "JWT_SIGNING_KEY": "a-signing-key-for-tests-of-32-bytes-or-more",
            "RATE_LIMIT_ALLOW": "127.0.0.1/32",
        }
        yield Stack(
            env={**env, **services},
            **clients,
            queues=queues,
            signing=signing,
            directory=directory,
        )


@contextmanager
def run_api(stack: Stack, name: str, **changes: str) -> Iterator[Api]:
    """An API process with some settings changed."""
    port = ports.choose(["api"], {}, (), random.Random())["api"]
    usage_file = stack.directory / f"usage-{name}.json"
    env = {**stack.env, "USAGE_FILE": str(usage_file), **changes}
    argv = [sys.executable, "-m", "uvicorn", "infra_under_test.app.api.app:app", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--no-access-log"]
    url = f"http://127.0.0.1:{port}"
    with running(argv, env, stack.directory / f"{name}.log") as process:
        until(lambda: send("GET", f"{url}/health", None, {}).status == 200, "the API")
        yield Api(url=url, stack=stack, process=process, usage_file=usage_file)


@contextmanager
def run_api_alone(stack: Stack, **changes: str) -> Iterator[Api]:
    """An API whose queue no worker listens to but those of the test."""
    name = f"alone-{uuid.uuid4()}"
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "900"}
    queue = stack.sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]
    with run_api(stack, name, QUEUE_TRANSCODE_URL=queue, **changes) as running_api:
        yield replace(running_api, stack=replace(stack, env={**stack.env, "QUEUE_TRANSCODE_URL": queue}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running worker or consumer."""

    process: subprocess.Popen[bytes]
    usage_file: Path
    log: Path
    directory: Path

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]


@contextmanager
def run_service(stack: Stack, module: str, name: str, **changes: str) -> Iterator[Service]:
    """`python -m infra_under_test.app.MODULE`, once it says that it is ready."""
    directory = stack.directory / name
    directory.mkdir()
    log = stack.directory / f"{name}.log"
    usage_file = stack.directory / f"usage-{name}.json"
    env = {**stack.env, "USAGE_FILE": str(usage_file), "WORK_DIR": str(directory), **changes}
    argv = [sys.executable, "-m", f"infra_under_test.app.{module}"]
    with running(argv, env, log) as process:
        service = Service(process=process, usage_file=usage_file, log=log, directory=directory)
        until(lambda: service.events(f"{module}_ready"), f"the {module}")
        yield service


def make_gif(seed: int, *, frames: int = 4, width: int = 64, height: int = 48) -> bytes:
    """A small animated GIF; another seed is another content."""
    pictures = []
    for frame in range(frames):
        picture = Image.new("RGB", (width, height), (seed * 37 % 256, seed * 91 % 256, frame * 40 % 256))
        picture.putpixel((frame, seed % height), (255, 255, 255))
        pictures.append(picture)
    output = io.BytesIO()
    pictures[0].save(output, "GIF", save_all=True, append_images=pictures[1:], duration=100, loop=0)
    return output.getvalue()
