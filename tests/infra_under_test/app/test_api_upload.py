"""Uploads through the API, straight to S3, and what is refused on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.local_parts import Api, Stack, run_api_alone, send

GIF = b"GIF89a" + bytes(range(200)) * 5  # the API never looks inside: that is the worker's task


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Api]:
    """Without a worker: what is queued here stays queued."""
    with run_api_alone(stack, MAX_UPLOAD_BYTES="20000000") as running_api:
        yield running_api


def announce(api: Api, **changes: Any) -> Any:
    wanted = {"title": "t", "filename": "a.gif", "mime_type": "image/gif", "file_size": 10, "tags": []}
    return api.request("POST", "/v1/upload", {**wanted, **changes}, token=api.token())


def test_an_upload_is_stored_linked_and_queued(api: Api) -> None:
    upload = api.upload(GIF)
    before = api.asset(upload["asset_id"])
    answer = api.complete(upload)
    after = api.asset(upload["asset_id"])
    stored = api.stack.s3.get_object(
        Bucket="gifdistributor-media-prod", Key=f"assets/{upload['asset_id']}.gif"
    )
    assert (before["status"], before["original"]) == ("uploading", None)
    assert answer.status == 202
    assert answer.json["status"] == after["status"] == "queued"
    assert answer.json["short_code"] == after["short_code"]
    assert len(after["short_code"]) == 8
    assert after["original"]["bytes"] == after["file_size"] == len(GIF)
    assert after["original"]["path"] == f"/assets/{upload['asset_id']}.gif"
    assert stored["Body"].read() == GIF


def test_a_file_above_the_part_size_goes_up_in_several_parts(api: Api) -> None:
    content = b"GIF89a" + bytes(9_000_000)
    upload = api.upload(content)
    assert [part["part_number"] for part in upload["parts"]] == [1, 2]
    assert api.complete(upload).json["status"] == "queued"


def test_completing_twice_gives_the_same_answer(api: Api) -> None:
    upload = api.upload(GIF)
    assert api.complete(upload).json == api.complete(upload).json


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"file_size": 20_000_001}, 413, "file_too_large"),
        ({"file_size": 0}, 422, "empty_file"),
        ({"mime_type": "text/plain"}, 415, "unsupported_media"),
        ({"file_size": "10"}, 422, "invalid_request"),
        ({"title": ""}, 422, "invalid_request"),
        ({"titel": "t"}, 422, "invalid_request"),
    ],
)
def test_an_announcement_is_refused_with_a_reason(
    api: Api, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = announce(api, **changes)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"]


def test_an_object_over_the_limit_is_refused_and_deleted_at_completion(api: Api) -> None:
    started = announce(api, file_size=10).json
    put = send("PUT", started["parts"][0]["url"], bytes(20_000_001), {})
    upload = {
        "asset_id": started["asset_id"],
        "upload_id": started["upload_id"],
        "parts": [{"part_number": 1, "etag": put.headers["ETag"]}],
    }
    answer = api.complete(upload)
    listed = api.stack.s3.list_objects_v2(
        Bucket="gifdistributor-media-prod", Prefix=f"assets/{started['asset_id']}"
    )
    assert (answer.status, answer.json["error"]["code"]) == (413, "file_too_large")
    assert listed["KeyCount"] == 0
    assert "20000001 bytes" in api.asset(started["asset_id"])["reason"]


@pytest.mark.parametrize(("content", "code"), [(b"", "empty_file"), (b"GIF8", "size_mismatch")])
def test_an_object_unlike_its_announcement_is_refused(api: Api, content: bytes, code: str) -> None:
    started = announce(api, file_size=10).json
    put = send("PUT", started["parts"][0]["url"], content, {})
    upload = {
        "asset_id": started["asset_id"],
        "upload_id": started["upload_id"],
        "parts": [{"part_number": 1, "etag": put.headers["ETag"]}],
    }
    answer = api.complete(upload)
    assert (answer.status, answer.json["error"]["code"]) == (422, code)
    assert api.asset(started["asset_id"])["status"] == "failed"


def test_a_wrong_etag_is_refused_with_what_s3_says(api: Api) -> None:
    upload = api.upload(GIF)
    upload["parts"][0]["etag"] = '"00000000000000000000000000000000"'
    answer = api.complete(upload)
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_parts")
    assert api.asset(upload["asset_id"])["status"] == "uploading"


def test_parts_that_do_not_count_from_one_are_refused(api: Api) -> None:
    upload = api.upload(GIF)
    upload["parts"][0]["part_number"] = 2
    assert api.complete(upload).json["error"]["code"] == "invalid_parts"


def test_a_foreign_upload_cannot_be_completed(api: Api) -> None:
    upload = api.upload(GIF)
    answer = api.complete(upload, email="two@example.com")
    assert (answer.status, answer.json["error"]["code"]) == (403, "not_yours")


def test_an_unknown_asset_is_404(api: Api) -> None:
    unknown = {"asset_id": "nobody", "upload_id": "x", "parts": [{"part_number": 1, "etag": "x"}]}
    assert api.complete(unknown).status == 404
    assert api.request("GET", "/v1/asset/nobody").status == 404
    assert api.request("GET", "/v1/metrics/nobody").status == 404


def test_a_completed_upload_is_one_job_in_the_group_of_its_user(api: Api) -> None:
    upload = api.upload(GIF, email="queue@example.com")
    api.complete(upload, email="queue@example.com")
    api.complete(upload, email="queue@example.com")
    user_id = api.request("POST", "/v1/session", {"email": "queue@example.com"}).json["user_id"]
    queue = api.stack.env["QUEUE_TRANSCODE_URL"]
    mine: list[Any] = []
    empty = 0
    while empty < 3:  # on a busy machine one empty answer is not an empty queue
        messages = api.stack.sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["MessageGroupId"],
        ).get("Messages", [])
        empty = 0 if messages else empty + 1
        for message in messages:
            api.stack.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        mine += [m for m in messages if json.loads(m["Body"])["asset_id"] == upload["asset_id"]]
    assert [message["Attributes"]["MessageGroupId"] for message in mine] == [user_id]
