"""AWS' clients: made once for a service and region, and as patient as their use says."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.served import Answer, good_after, http_server
from tidegauge.aws.clients import Clients, Patience, aws_errors
from tidegauge.errors import TidegaugeError

HASTY = Patience(attempts=2, connect_s=1, read_s=0.3)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def test_a_client_is_made_once_for_a_service_and_region() -> None:
    clients = Clients(HASTY)
    assert clients.of("sqs", "us-east-1") is clients.of("sqs", "us-east-1")
    assert clients.of("sqs", "us-east-1") is not clients.of("sqs", "eu-west-1")
    assert clients.of("sqs", "eu-west-1").meta.region_name == "eu-west-1"


def read_object(monkeypatch: pytest.MonkeyPatch, url: str) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with aws_errors("the object cannot be read"):
        return Clients(HASTY).of("s3", "us-east-1").get_object(Bucket="bucket", Key="key")


def test_a_throttled_call_is_made_as_often_as_its_use_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def throttled(path: str) -> Answer:
        asked.append(path)
        return 503, {}, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"

    with http_server(throttled) as url, pytest.raises(TidegaugeError, match="SlowDown: Reduce"):
        read_object(monkeypatch, url)
    assert len(asked) == 2


def test_a_silent_server_is_given_up_when_its_use_says(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with http_server(good_after(5)) as url, pytest.raises(TidegaugeError, match="the object cannot be read"):
        read_object(monkeypatch, url)
    assert time.monotonic() - began < 4  # twice 0.3 s, and a pause of at most 1 s between


def test_what_fails_before_a_call_is_an_error_of_ours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(TidegaugeError, match="nobody"):
        read_object(monkeypatch, "http://127.0.0.1:9")
