"""The API on Redis in cluster mode, as ElastiCache runs it in the infrastructure guide."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from websockets.sync.client import connect

from infra_under_test.local import discovery, ports
from tests.support.local_parts import Api, Stack, make_gif, run_api, running, until


@pytest.fixture(scope="module")
def clustered(stack: Stack) -> Iterator[Api]:
    """An API on a cluster of one node that holds all slots."""
    port = ports.choose(["redis"], {}, (), random.Random())["redis"]
    directory = stack.directory / "cluster"
    directory.mkdir()
    argv = [str(discovery.find(discovery.VALKEY).path), "--port", str(port), "--bind", "127.0.0.1"]
    argv += ["--save", "", "--cluster-enabled", "yes", "--dir", str(directory)]
    with running(argv, stack.env, directory / "log"):
        client: Any = redis.Redis(port=port, decode_responses=True)
        until(client.ping, "the cluster's node")
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until(lambda: "cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), "the cluster")
        client.close()
        changes = {
            "REDIS_URL": f"redis://127.0.0.1:{port}",
            "REDIS_CLUSTER": "1",
            "RATE_LIMIT_ALLOW": "198.51.100.0/24",
            "RATE_LIMIT_PER_IP_PER_MINUTE": "30",
        }
        with run_api(stack, "api-cluster", **changes) as api:
            yield replace(api, tokens={})


def test_sessions_links_limits_and_progress_work_on_a_cluster(clustered: Api) -> None:
    upload = clustered.upload(make_gif(50))
    with connect(
        f"{clustered.url.replace('http', 'ws', 1)}/ws?token={clustered.token()}", proxy=None
    ) as socket:
        socket.send(json.dumps({"subscribe": upload["asset_id"]}))
        first = json.loads(socket.recv(timeout=10))
        code = clustered.complete(upload).json["short_code"]
        second = json.loads(socket.recv(timeout=10))
    caches = [clustered.request("GET", f"/v1/s/{code}").headers["X-Link-Cache"] for _ in range(2)]
    statuses = [clustered.request("GET", f"/v1/s/{code}").status for _ in range(30)]
    assert (first["status"], second["status"]) == ("uploading", "queued")
    assert caches == ["miss", "hit"]
    assert statuses[-1] == 429
