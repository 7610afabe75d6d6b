"""What requests say of themselves."""

from __future__ import annotations

import pytest

from tidegauge.engine.targets import Targets
from tidegauge.stack import Stack

STACK = Stack(api_url="http://127.0.0.1", allowed_hosts=("127.0.0.1",))


@pytest.mark.parametrize(
    ("run_id", "said"),
    [
        ("20261123T165702-demo", "tidegauge/20261123T165702-demo"),
        ("a folder\r\nHost: evil", "tidegauge/a-folder--Host--evil"),
    ],
)
def test_the_run_is_named_as_the_user_agent(run_id: str, said: str) -> None:
    head = Targets(STACK, run_id).prepare("GET", "api", "/", ()).head
    assert f"\r\nUser-Agent: {said}\r\n" in head
    assert head.count("Host:") == 1


def test_a_flows_own_user_agent_stands() -> None:
    head = Targets(STACK, "run").prepare("GET", "api", "/", (("User-Agent", "curl/8"),)).head
    assert "User-Agent: curl/8\r\n" in head
    assert "tidegauge/" not in head
