"""The stack descriptor: what Tidegauge has to know about a running local stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from infra_under_test.local.edge.behaviours import BEHAVIOURS
from infra_under_test.local.resources import PROVISIONED_TABLES

FILE_NAME = "stack.toml"
SIGNING_KEY_VARIABLE = "TIDEGAUGE_SIGNING_PRIVATE_KEY"


def descriptor_text(
    *,
    name: str,
    directory: Path,
    ports: Mapping[str, int],
    control_url: str,
    key_pair_id: str,
    worker_vcpu: float | None,
    emulation: str,
) -> str:
    """TOML in the form of the contract; `worker_vcpu` only where a quota was asked for."""
    hosts = [f"127.0.0.1:{ports[part]}" for part in ("api", "edge", "s3")]
    head = [
        f"name = {_text(name)}",
        f'api_url = "http://{hosts[0]}"',
        f'cdn_url = "http://{hosts[1]}"',
        f"allowed_hosts = [{', '.join(map(_text, [*hosts, urlsplit(control_url).netloc]))}]",
    ]
    behaviours = [
        f'\n[[behaviour]]\npath_pattern = "{behaviour.path_pattern}"\nttl_s = {behaviour.ttl_s}'
        for behaviour in BEHAVIOURS
    ]
    tail = [
        "\n[signing]",
        f"key_pair_id = {_text(key_pair_id)}",
        f"private_key_env = {_text(SIGNING_KEY_VARIABLE)}",
        "\n[local]",
        f"control_url = {_text(control_url)}",
        f"directory = {_text(str(directory))}",
        f"edge_log = {_text(str(directory / 'edge-access.jsonl'))}",
        f"emulation = {_text(emulation)}",
        f"provisioned_tables = [{', '.join(map(_text, PROVISIONED_TABLES))}]",
    ]
    if worker_vcpu is not None:
        tail.append(f"worker_vcpu = {float(worker_vcpu)}")
    return "\n".join([*head, *behaviours, *tail]) + "\n"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
