"""Logins, tokens, rate limits and settings of the API."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import jwt
import pytest

from tests.support.local_parts import Api, Stack, run_api

LIMIT_PER_IP = 5
LIMIT_PER_USER = 3


@pytest.fixture(scope="module")
def limited(stack: Stack) -> Iterator[Api]:
    """An API with limits low enough to reach; 127.0.0.1 is a proxy here, not an allowed client."""
    limits = {
        "RATE_LIMIT_ALLOW": "198.51.100.0/24",
        "RATE_LIMIT_PER_IP_PER_MINUTE": str(LIMIT_PER_IP),
        "RATE_LIMIT_PER_USER_PER_MINUTE": str(LIMIT_PER_USER),
    }
    with run_api(stack, "api-limited", **limits) as running_api:
        yield running_api


def test_the_same_email_is_the_same_user_in_another_session(api: Api) -> None:
    first, second = (
        api.request("POST", "/v1/session", {"email": email}).json
        for email in ("Same@example.com", "same@example.com")
    )
    assert first["user_id"] == second["user_id"]
    assert first["session_id"] != second["session_id"]
    row = api.stack.dynamodb.get_item(
        TableName="Sessions", Key={"session_id": {"S": first["session_id"]}}, ConsistentRead=True
    )["Item"]
    assert abs(int(row["expires_at"]["N"]) - time.time() - 7 * 86400) < 60


@pytest.mark.parametrize("email", ["", "nobody", "a b@example.com"])
def test_a_malformed_email_is_refused(api: Api, email: str) -> None:
    assert api.request("POST", "/v1/session", {"email": email}).status == 422


def forged(api: Api, **changes: object) -> str:
    claims = jwt.decode(api.token(), options={"verify_signature": False})
    key = str(changes.pop("key", api.stack.env["JWT_SIGNING_KEY"]))
    return jwt.encode({**claims, **changes}, key, algorithm="HS256")


def test_a_request_without_a_valid_token_is_401(api: Api) -> None:
    tokens = [
        "",
        "rubbish",
        forged(api, key="another-key-that-is-32-bytes-or-longer"),
        forged(api, exp=int(time.time()) - 1),
        forged(api, sid="a-session-that-nobody-opened"),
        jwt.encode({"sub": "x", "sid": "y", "exp": 2**33}, "", algorithm="none"),
    ]
    answers = [api.request("POST", "/v1/upload", {}, token=token) for token in tokens]
    assert [answer.status for answer in answers] == [401] * len(tokens)
    assert all(answer.headers["WWW-Authenticate"] == "Bearer" for answer in answers)


def test_unknown_paths_and_methods_answer_in_the_same_shape(api: Api) -> None:
    assert api.request("GET", "/v1/nothing").json["error"]["code"] == "not_found"
    wrong = api.request("DELETE", "/v1/upload")
    assert (wrong.status, wrong.json["error"]["code"]) == (405, "method_not_allowed")


def test_an_address_over_its_limit_gets_429_with_when_to_come_back(limited: Api) -> None:
    headers = {"X_Forwarded_For": "203.0.113.1"}
    answers = [limited.request("GET", "/v1/asset/nobody", **headers) for _ in range(LIMIT_PER_IP + 1)]
    assert [answer.status for answer in answers] == [404] * LIMIT_PER_IP + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    other = limited.request("GET", "/v1/asset/nobody", X_Forwarded_For="203.0.113.2")
    assert other.status == 404


def test_addresses_of_one_ipv6_subscriber_share_a_limit(limited: Api) -> None:
    statuses = [
        limited.request("GET", "/v1/asset/nobody", X_Forwarded_For=f"2001:db8::{host}").status
        for host in range(1, LIMIT_PER_IP + 2)
    ]
    assert statuses == [404] * LIMIT_PER_IP + [429]


def test_a_user_over_the_limit_gets_429_from_any_address(limited: Api) -> None:
    token = limited.request("POST", "/v1/session", {"email": "u@example.com"}, X_Forwarded_For="203.0.113.3")
    statuses = [
        limited.request(
            "POST", "/v1/upload", {}, token=token.json["token"], X_Forwarded_For=f"203.0.113.{host}"
        ).status
        for host in range(10, 10 + LIMIT_PER_USER + 1)
    ]
    assert statuses == [422] * LIMIT_PER_USER + [429]


def test_an_allowed_network_is_never_limited(limited: Api) -> None:
    statuses = {
        limited.request("GET", "/v1/asset/nobody", X_Forwarded_For="198.51.100.7").status for _ in range(20)
    }
    assert statuses == {404}


def test_health_is_never_limited(limited: Api) -> None:
    headers = {"X_Forwarded_For": "203.0.113.4"}
    assert {limited.request("GET", "/health", **headers).status for _ in range(20)} == {200}


@pytest.mark.parametrize(
    "module", ["uvicorn", "infra_under_test.app.worker", "infra_under_test.app.consumer"]
)
def test_a_missing_setting_is_named_without_a_traceback(stack: Stack, module: str) -> None:
    env = {name: value for name, value in stack.env.items() if name != "REDIS_URL"}
    app = ["infra_under_test.app.api.app:app", "--port", "0"] if module == "uvicorn" else []
    done = subprocess.run(
        [sys.executable, "-m", module, *app], env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0
    assert "REDIS_URL is not set" in done.stderr
    assert "Traceback" not in done.stderr
