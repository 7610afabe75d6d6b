"""Progress over /ws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.local_parts import Api, Service, make_gif


@contextmanager
def socket_of(api: Api, token: str) -> Iterator[ClientConnection]:
    url = api.url.replace("http", "ws", 1)
    with connect(f"{url}/ws?token={token}", proxy=None, open_timeout=10) as socket:
        yield socket


def ask(socket: ClientConnection, message: str) -> Any:
    socket.send(message)
    return json.loads(socket.recv(timeout=10))


def test_a_subscriber_sees_an_upload_become_ready(api: Api, worker: Service) -> None:
    upload = api.upload(make_gif(30))
    messages = []
    with socket_of(api, api.token()) as socket:
        messages.append(ask(socket, json.dumps({"subscribe": upload["asset_id"]})))
        api.complete(upload)
        while messages[-1]["status"] not in ("ready", "failed"):
            messages.append(json.loads(socket.recv(timeout=30)))
    statuses = list(dict.fromkeys(message["status"] for message in messages))
    shares = [message["progress"] for message in messages]
    finished = [message["rendition"] for message in messages if message["rendition"]]
    assert statuses == ["uploading", "queued", "processing", "ready"]
    assert finished == ["preview_mp4", "slack_gif", "webp", "poster"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {message["asset_id"] for message in messages} == {upload["asset_id"]}


def test_a_foreign_or_unknown_asset_cannot_be_followed(api: Api) -> None:
    upload = api.upload(make_gif(30))
    with socket_of(api, api.token("stranger@example.com")) as socket:
        foreign = ask(socket, json.dumps({"subscribe": upload["asset_id"]}))
        unknown = ask(socket, json.dumps({"subscribe": "nobody"}))
        rubbish = ask(socket, "rubbish")
    codes = [message["error"]["code"] for message in (foreign, unknown, rubbish)]
    assert codes == ["not_yours", "not_found", "invalid_json"]


def test_a_wrong_token_is_told_why_and_closed(api: Api) -> None:
    with socket_of(api, "rubbish") as socket:
        assert json.loads(socket.recv(timeout=10))["error"]["code"] == "unauthorised"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_no_token_reaches_the_log(api: Api) -> None:
    log = api.stack.directory / "api.log"
    with socket_of(api, api.token()) as socket:
        ask(socket, "rubbish")
    assert "WebSocket /ws?token=[hidden]" in log.read_text()
    assert api.token() not in log.read_text()
