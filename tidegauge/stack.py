"""The stack descriptor: where the stack under test is, and which hosts may get traffic."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from tidegauge.documents import parse, read_toml
from tidegauge.errors import ExitCode, TidegaugeError

DEFAULT_REGION = "us-east-1"  # whose prices count where nothing names a region


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A cache behaviour of the CDN, in order of precedence."""

    path_pattern: str
    ttl_s: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Where a bearer token comes from; the descriptor never holds it."""

    token_env: str | None = None
    token_command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """CloudFront signed URLs: key pair id, and the environment variable with the private key."""

    key_pair_id: str
    private_key_env: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What only a local stack has."""

    control_url: str | None = None
    edge_log: str | None = None
    directory: str | None = None
    worker_vcpu: float | None = None
    emulation: str | None = None
    provisioned_tables: tuple[str, ...] = ()


Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerRequest:
    """What the templates of the architecture add to a request's cost; false leaves a part out."""

    waf: bool = True  # requests that a web ACL inspects
    edge_functions: bool = True  # calls of Lambda@Edge and CloudFront Functions, and their time
    origin_shield: bool = True  # requests that pass it
    load_balancer: bool = True  # LCUs
    logs: bool = True  # bytes that the API logs
    nat: bool = True  # bytes through NAT gateways
    edge_function_ms: Amount = 5.0  # that a call lasts: an assumption
    log_bytes: Amount = 413.0  # a request: the length of the load balancer's log line in AWS's documentation
    nat_bytes: Amount = 0.0  # a request of the API, beyond its log line and uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack under test. `api_url` and `allowed_hosts` are enough for declared flows."""

    api_url: str
    allowed_hosts: tuple[str, ...]
    name: str = "unnamed"
    cdn_url: str | None = None
    catalogue: str | None = None
    architecture: str | None = None
    lease: str | None = None  # s3://BUCKET/KEY: held while a run goes, for users on several machines
    per_request: PerRequest = PerRequest()
    behaviour: tuple[Behaviour, ...] = ()
    auth: Auth | None = None
    signing: Signing | None = None
    local: Local | None = None
    aws: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The AWS region that its parts are in, and whose prices count."""
        return str(self.aws.get("region", DEFAULT_REGION))

    @property
    def may_be_on_aws(self) -> bool:
        """Whether it names anything that AWS would bill; else it is a plain HTTP server."""
        return bool(self.local or self.aws or self.architecture or self.cdn_url)

    def url(self, base: str) -> str:
        """The base URL called `api` or `cdn`, without a trailing slash."""
        chosen = self.api_url if base == "api" else self.cdn_url
        if chosen is None:
            raise TidegaugeError(
                f"stack '{self.name}' has no cdn_url, which a step needs", "add cdn_url to the stack file"
            )
        return chosen.rstrip("/")


def load_stack(path: Path) -> Stack:
    """The descriptor at `path`; relative file names in it are relative to its folder."""
    data = read_toml(path, "stack")
    stack = parse(Stack, data, f"stack {path}")
    for index, entry in enumerate(stack.allowed_hosts):
        if _host_and_port(entry) is None:
            raise TidegaugeError(
                f"stack {path}: allowed_hosts.{index} '{entry}' is not a host",
                "write HOST, HOST:PORT or *.SUFFIX",
            )
    control_url = stack.local.control_url if stack.local else None
    for key, url in (
        ("api_url", stack.api_url),
        ("cdn_url", stack.cdn_url),
        ("local.control_url", control_url),
    ):
        if url is not None:
            check_url(url, f"stack {path}: {key}")
            if not is_allowed(url, stack.allowed_hosts):
                raise not_allowed(url, f"stack {path}: {key}")
    return stack


def relative_to(path: Path, name: str) -> Path:
    """The file that the descriptor at `path` means by `name`."""
    return path.parent / name


def check_url(url: str, where: str) -> None:
    """Refuses what is not an http(s) URL (exit 2)."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # the property raises on a port out of range
    except ValueError as error:
        raise TidegaugeError(f"{where}: '{url}' is not a URL: {error}", "write http://HOST:PORT") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TidegaugeError(
            f"{where}: '{url}' is not an http(s) URL", "write http://HOST:PORT or https://HOST"
        )
    if "@" in parts.netloc:
        raise TidegaugeError(
            f"{where}: a URL with a user name or password is not taken", "run folders must hold no secrets"
        )


def not_allowed(url: str, where: str) -> TidegaugeError:
    """The guard's refusal (exit 13)."""
    host = urlsplit(url).netloc
    return TidegaugeError(
        f"{where}: host '{host}' is not in allowed_hosts",
        "add it to allowed_hosts of the stack file, if you may send it load",
        ExitCode.REFUSED,
    )


def is_allowed(url: str, allowed_hosts: tuple[str, ...]) -> bool:
    """Whether `url`'s host is named: `host` (any port), `host:port`, or `*.suffix` (subdomains)."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(parts.scheme)
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    if not host:
        return False
    return any(_matches(entry.lower(), host, port) for entry in allowed_hosts)


def _matches(entry: str, host: str, port: int | None) -> bool:
    named = _host_and_port(entry)
    if named is None:
        return False
    name, wanted_port = named
    if wanted_port is not None and wanted_port != port:
        return False
    return host.endswith("." + name) if entry.startswith("*.") else host == name


def _host_and_port(entry: str) -> tuple[str, int | None] | None:
    """What an entry of allowed_hosts names, without `*.`; None when it is not a host."""
    text = entry.removeprefix("*.")
    if text.count(":") > 1 and not text.startswith("["):  # an IPv6 address without brackets has no port
        text = f"[{text}]"
    try:
        named = urlsplit("//" + text)
        name, port = named.hostname or "", named.port
    except ValueError:
        return None
    odd = any(char in "/?#@*\\" or char.isspace() for char in text)
    return None if odd or not name or name.startswith(".") else (name, port)
