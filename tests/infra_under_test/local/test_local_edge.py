"""The edge against what CloudFront does: nginx before SeaweedFS, signatures by botocore's own signer."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import http.client
import json
import os
import subprocess
import threading
import time
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from websockets.http11 import Request, Response
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from infra_under_test.local.discovery import NGINX, find, njs_module
from infra_under_test.local.edge.behaviours import BEHAVIOURS
from infra_under_test.local.edge.render import EdgeSettings, render
from infra_under_test.local.resources import Credentials
from infra_under_test.local.signing_key import make_signing_key
from tests.support.local_stack_process import held_stack

pytestmark = pytest.mark.stack
MEDIA, CACHE, TRANSCODE = (f"gifdistributor-{name}-prod" for name in ("media", "cache", "transcode"))
BODY = bytes(range(256)) * 40  # 10,240 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    directory: Path
    descriptor: dict[str, Any]
    s3: Any

    @property
    def cdn_url(self) -> str:
        return str(self.descriptor["cdn_url"])

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return get(self.cdn_url, path, method, **headers)

    def signer(self, key_id: str | None = None, pem: bytes | None = None) -> CloudFrontSigner:
        key = serialization.load_pem_private_key(
            pem or (self.directory / "signing-key.pem").read_bytes(), None
        )
        assert isinstance(key, rsa.RSAPrivateKey)
        return CloudFrontSigner(
            key_id or self.descriptor["signing"]["key_pair_id"],
            lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303  # CloudFront's choice
        )

    def sign(self, path: str, valid_s: float = 60) -> str:
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=valid_s)
        url: str = self.signer().generate_presigned_url(self.cdn_url + path, date_less_than=until)
        return url.removeprefix(self.cdn_url)

    def put(self, bucket: str, path: str, body: bytes = BODY, content_type: str = "image/gif") -> str:
        self.s3.put_object(Bucket=bucket, Key=path.removeprefix("/"), Body=body, ContentType=content_type)
        return path


def get(base: str, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Answer(status=answer.status, headers={k.lower(): v for k, v in answer.getheaders()}, body=body)


def answer_as_api(connection: ServerConnection, request: Request) -> Response | None:
    if request.path.startswith("/ws?"):
        return None
    seen = {"path": request.path, "forwarded": request.headers.get_all("X-Forwarded-For")}
    return connection.respond(200, json.dumps(seen))


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with held_stack("--only", "s3,edge", state_dir=tmp_path_factory.mktemp("state")) as status:
        directory = Path(status["descriptor"]).parent
        descriptor = tomllib.loads(Path(status["descriptor"]).read_text())
        account = json.loads((directory / "s3" / "s3.json").read_text())["identities"][0]["credentials"][0]
        credentials = Credentials(
            region="us-east-1", access_key=account["accessKey"], secret_key=account["secretKey"]
        )
        s3 = credentials.client("s3", status["parts"][0]["url"])
        api_port = int(descriptor["api_url"].rsplit(":", 1)[1])
        with serve(echo, "127.0.0.1", api_port, process_request=answer_as_api) as api:
            thread = threading.Thread(target=api.serve_forever)
            thread.start()
            yield Edge(directory=directory, descriptor=descriptor, s3=s3)
            api.shutdown()
            thread.join()


def fresh(prefix: str, suffix: str) -> str:
    return f"{prefix}{uuid.uuid4()}{suffix}"


def test_a_private_path_without_signature_is_refused_as_cloudfront_does(edge: Edge) -> None:
    answer = edge.get(edge.put(MEDIA, fresh("/assets/", ".gif")))
    assert answer.status == 403
    assert answer.headers["x-cache"] == "Error from cloudfront"
    assert answer.headers["content-type"] == "text/xml"
    assert b"<Code>MissingKey</Code>" in answer.body


@pytest.mark.parametrize("path", ["/assets/{}.gif", "/assets/{}.mp4", "/{}.txt"])
def test_a_url_signed_by_botocore_opens_a_private_media_path(edge: Edge, path: str) -> None:
    path = edge.put(MEDIA, path.format(uuid.uuid4()))
    answer = edge.get(edge.sign(path))
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.headers["x-cache"] == "Miss from cloudfront"


def test_a_url_signed_by_botocore_opens_a_rendition(edge: Edge) -> None:
    path = edge.put(TRANSCODE, fresh("/transcode/", "/preview_mp4.mp4"))
    assert edge.get(edge.sign(path)).body == BODY


def test_the_second_request_is_a_hit_with_an_age(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    assert "age" not in edge.get(edge.sign(path)).headers
    time.sleep(1.1)
    answer = edge.get(edge.sign(path))
    assert answer.headers["x-cache"] == "Hit from cloudfront"
    assert 1 <= int(answer.headers["age"]) <= 3


def test_a_cached_object_is_still_refused_without_signature(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    assert edge.get(edge.sign(path)).status == 200
    assert edge.get(path).status == 403


def test_an_expired_signature_is_refused(edge: Edge) -> None:
    answer = edge.get(edge.sign(edge.put(MEDIA, fresh("/assets/", ".gif")), valid_s=-1))
    assert answer.status == 403
    assert b"<Code>AccessDenied</Code>" in answer.body


def test_a_later_expiry_than_was_signed_is_refused(edge: Edge) -> None:
    signed = edge.sign(edge.put(MEDIA, fresh("/assets/", ".gif")), valid_s=-1)
    assert edge.get(signed.replace("Expires=1", "Expires=2")).status == 403


def test_a_signature_of_another_path_is_refused(edge: Edge) -> None:
    first, second = (edge.put(MEDIA, fresh("/assets/", ".gif")) for _ in range(2))
    assert edge.get(edge.sign(first).replace(first, second)).status == 403


def test_a_signature_by_another_key_is_refused(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    signer = edge.signer(pem=make_signing_key().private_pem.encode())
    url = signer.generate_presigned_url(edge.cdn_url + path, date_less_than=until)
    assert edge.get(url.removeprefix(edge.cdn_url)).status == 403


def test_an_unknown_key_pair_id_is_refused(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    url = edge.signer(key_id="KSOMEONEELSE").generate_presigned_url(edge.cdn_url + path, date_less_than=until)
    answer = edge.get(url.removeprefix(edge.cdn_url))
    assert answer.status == 403
    assert b"<Code>InvalidKey</Code>" in answer.body


@pytest.mark.parametrize(
    ("resource", "address", "status"),
    [
        ("{cdn}/assets/*", "0.0.0.0/0", 200),
        ("{cdn}/assets/????????-*.gif", "127.0.0.0/8", 200),
        ("{cdn}/transcode/*", "0.0.0.0/0", 403),
        ("{cdn}/assets/*", "10.0.0.0/8", 403),
    ],
)
def test_a_custom_policy_is_followed(edge: Edge, resource: str, address: str, status: int) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    condition = {
        "DateLessThan": {"AWS:EpochTime": int(time.time()) + 60},
        "IpAddress": {"AWS:SourceIp": address},
    }
    statement = {"Resource": resource.format(cdn=edge.cdn_url), "Condition": condition}
    policy = json.dumps({"Statement": [statement]})
    url = edge.signer().generate_presigned_url(edge.cdn_url + path, policy=policy)
    assert edge.get(url.removeprefix(edge.cdn_url)).status == status


def test_the_cache_key_leaves_out_the_query(edge: Edge) -> None:
    path = edge.put(CACHE, fresh("/cache/", ".webp"))
    assert edge.get(f"{path}?a=1").headers["x-cache"] == "Miss from cloudfront"
    assert edge.get(f"{path}?b=2").headers["x-cache"] == "Hit from cloudfront"


def test_a_first_range_request_does_not_poison_the_cache(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".mp4"))
    part = edge.get(edge.sign(path), Range="bytes=100-199")
    assert (part.status, part.body) == (206, BODY[100:200])
    assert part.headers["content-range"] == "bytes 100-199/10240"
    whole = edge.get(edge.sign(path))
    assert (whole.status, whole.body) == (200, BODY)
    assert whole.headers["x-cache"] == "Hit from cloudfront"


@pytest.mark.parametrize(("asked", "start"), [("bytes=0-0", 0), ("bytes=10000-", 10000), ("bytes=-5", 10235)])
def test_ranges_are_served_from_the_cache(edge: Edge, asked: str, start: int) -> None:
    path = edge.put(CACHE, fresh("/cache/", ".mp4"))
    edge.get(path)
    part = edge.get(path, Range=asked)
    end = start + 1 if asked == "bytes=0-0" else None
    assert (part.status, part.body) == (206, BODY[start:end])
    assert part.headers["x-cache"] == "Hit from cloudfront"


def test_a_range_beyond_the_end_is_416(edge: Edge) -> None:
    assert edge.get(edge.put(CACHE, fresh("/cache/", ".mp4")), Range="bytes=10240-").status == 416


def test_a_matching_etag_is_answered_304(edge: Edge) -> None:
    path = edge.put(CACHE, fresh("/cache/", ".webp"))
    etag = edge.get(path).headers["etag"]
    answer = edge.get(path, If_None_Match=etag)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["x-cache"] == "Hit from cloudfront"
    assert edge.get(path, If_None_Match='"other"').status == 200


def test_head_gives_the_length_without_a_body(edge: Edge) -> None:
    answer = edge.get(edge.put(CACHE, fresh("/cache/", ".webp")), "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "10240"


def test_a_missing_object_is_an_error_that_is_cached(edge: Edge) -> None:
    path = fresh("/cache/", ".webp")
    assert edge.get(path).headers["x-cache"] == "Error from cloudfront"
    edge.put(CACHE, path)
    again = edge.get(path)
    assert again.status == 404  # for 10 s, CloudFront's default error caching minimum TTL
    assert "age" in again.headers


def test_other_methods_are_refused(edge: Edge) -> None:
    assert edge.get(edge.put(CACHE, fresh("/cache/", ".webp")), "DELETE").status == 403


def test_a_path_with_escapes_reaches_its_object(edge: Edge) -> None:
    edge.put(CACHE, "/cache/a b+c(1)ü.webp")
    assert edge.get("/cache/a%20b%2Bc(1)%C3%BC.webp").status == 200


def test_escaped_line_breaks_smuggle_no_request_to_s3(edge: Edge) -> None:
    assert edge.get("/cache/x%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0aGET%20/y").status in {400, 403, 404}


def test_every_answer_carries_the_security_headers_of_the_guide(edge: Edge) -> None:
    for answer in (edge.get("/assets/none.gif"), edge.get("/cache/none.webp"), edge.get("/api/health")):
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-xss-protection"] == "1; mode=block"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-amz-cf-pop"] == "LOC1-P1"
        assert "CloudFront" in answer.headers["via"]


def test_text_is_compressed_and_media_is_not(edge: Edge) -> None:
    text = json.dumps(["a word"] * 500).encode()
    path = edge.put(CACHE, fresh("/cache/", ".json"), text, "application/json")
    packed = edge.get(path, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == text
    media = edge.get(edge.put(CACHE, fresh("/cache/", ".webp")), Accept_Encoding="gzip")
    assert "content-encoding" not in media.headers


def test_the_api_is_mapped_without_its_prefix_and_sees_the_real_client(edge: Edge) -> None:
    answer = edge.get("/api/v1/s/abc?x=1", X_Forwarded_For="6.6.6.6")
    assert json.loads(answer.body) == {"path": "/v1/s/abc?x=1", "forwarded": ["127.0.0.1"]}
    assert answer.headers["x-cache"] == "Miss from cloudfront"


def test_api_answers_are_not_cached(edge: Edge) -> None:
    for _ in range(2):
        assert edge.get("/api/health").headers["x-cache"] == "Miss from cloudfront"


def test_web_sockets_pass_through(edge: Edge) -> None:
    with connect(f"{edge.cdn_url.replace('http', 'ws')}/api/ws?token=t") as socket:
        socket.send("hello")
        assert socket.recv() == "hello"


def test_s3_itself_refuses_anonymous_readers(edge: Edge) -> None:
    path = edge.put(CACHE, fresh("/cache/", ".webp"))
    assert get(edge.s3.meta.endpoint_url, f"/{CACHE}{path}").status == 403


def test_the_log_repeats_what_the_client_saw_within_a_second(edge: Edge) -> None:
    path = edge.put(MEDIA, fresh("/assets/", ".gif"))
    seen = [edge.get(edge.sign(path)), edge.get(edge.sign(path)), edge.get(path)]
    time.sleep(1)
    log = (edge.directory / "edge-access.jsonl").read_text().splitlines()
    lines = {line["id"]: line for line in map(json.loads, log)}
    for answer in seen:
        line = lines[answer.headers["x-amz-cf-id"]]
        assert f"{line['cache']} from cloudfront" == answer.headers["x-cache"]
        assert (line["s"], line["b"]) == (answer.status, len(answer.body))
        assert (line["m"], line["u"], line["beh"]) == ("GET", path, "/assets/*.gif")
        assert abs(line["t"] - time.time()) < 5


def test_paths_take_the_behaviours_of_the_guide(edge: Edge) -> None:
    table = {
        "/api/v1/x": ("/api/*", 0),
        "/assets/a.gif": ("/assets/*.gif", 31536000),
        "/assets/deep/a.mp4": ("/assets/*.mp4", 31536000),
        "/cache/a.gif": ("/cache/*", 86400),
        "/transcode/a.mp4": ("/transcode/*", 3600),
        "/assets/a.png": ("/*", 3600),
        "/robots.txt": ("/*", 3600),
    }
    asked = {edge.get(path).headers["x-amz-cf-id"]: path for path in table}
    time.sleep(1)
    log = map(json.loads, (edge.directory / "edge-access.jsonl").read_text().splitlines())
    ttls = {behaviour["path_pattern"]: behaviour["ttl_s"] for behaviour in edge.descriptor["behaviour"]}
    logged = {asked[line["id"]]: (line["beh"], ttls[line["beh"]]) for line in log if line["id"] in asked}
    assert logged == table


def test_an_expired_object_that_did_not_change_is_a_refresh_hit(edge: Edge, tmp_path: Path) -> None:
    path = edge.put(CACHE, fresh("/cache/", ".webp"))
    with short_lived_edge(edge, tmp_path) as url:
        assert get(url, path).headers["x-cache"] == "Miss from cloudfront"
        time.sleep(2.1)
        again = get(url, path)
    assert again.headers["x-cache"] == "RefreshHit from cloudfront"
    assert (again.body, again.headers["age"]) == (BODY, "0")


@contextlib.contextmanager
def short_lived_edge(edge: Edge, prefix: Path) -> Iterator[str]:
    """A second edge before the same S3 that keeps objects for a second."""
    account = json.loads((edge.directory / "s3" / "s3.json").read_text())["identities"][0]["credentials"][0]
    nginx = find(NGINX).path
    port = int(edge.cdn_url.rsplit(":", 1)[1]) + 10_000  # reserved with the edge's own
    settings = EdgeSettings(
        port=port,
        api_port=1,
        s3_port=int(edge.s3.meta.endpoint_url.rsplit(":", 1)[1]),
        access_log=prefix / "access.jsonl",
        key_pair_id="K",
        public_key="",
        region="us-east-1",
        s3_access_key=account["accessKey"],
        s3_secret_key=account["secretKey"],
        njs_module=njs_module(nginx),
        as_root=os.geteuid() == 0,
        behaviours=tuple(replace(behaviour, ttl_s=1) for behaviour in BEHAVIOURS),
    )
    (prefix / "nginx.conf").write_text(render(settings))
    with subprocess.Popen([nginx, "-p", prefix, "-e", "stderr", "-c", "nginx.conf"]) as process:
        try:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    get(f"http://127.0.0.1:{port}", "/_edge/ready")
                    break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
