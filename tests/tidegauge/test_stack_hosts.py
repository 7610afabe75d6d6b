"""The stack descriptor, and the guard that decides which hosts may get traffic."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.stack import Stack, check_url, is_allowed, load_stack, relative_to


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("http://example.com/", "example.com:80"),
        ("https://example.com/", "example.com:443"),
        ("wss://example.com/ws", "example.com:443"),
        ("http://EXAMPLE.com/", "Example.COM"),
        ("https://bucket.s3.amazonaws.com/k", "*.s3.amazonaws.com"),
        ("https://a.b.s3.amazonaws.com/k", "*.s3.amazonaws.com"),
        ("http://a.example.com:81/", "*.example.com:81"),
        ("http://[::1]:8080/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://[::1]:8080/", "::1"),
    ],
)
def test_a_named_host_may_get_traffic(url: str, entry: str) -> None:
    assert is_allowed(url, ("other.example", entry))


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("http://127.0.0.1:8081/", "127.0.0.1:8080"),
        ("https://example.com/", "example.com:80"),
        ("http://127.0.0.2/", "127.0.0.1"),
        ("http://s3.amazonaws.com/", "*.s3.amazonaws.com"),
        ("http://evils3.amazonaws.com/", "*.s3.amazonaws.com"),
        ("http://example.com.evil.net/", "example.com"),
        ("http://example.com@evil.net/", "example.com"),
        ("http://evil.net/example.com", "example.com"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::1]/", "127.0.0.1"),
        ("http://[::1]:81/", "[::1]:80"),
        ("http://evil.net./", "*."),
        ("http://evil.net/", "*"),
        ("http://evil.net/", ""),
        ("/relative", "127.0.0.1"),
        ("http://127.0.0.1:99999/", "127.0.0.1"),
        ("http://[bad/", "127.0.0.1"),
        ("http://a/", "a:99999"),
    ],
)
def test_no_other_host_gets_any(url: str, entry: str) -> None:
    assert not is_allowed(url, (entry,))


def stack_file(folder: Path, text: str) -> Path:
    path = folder / "stack.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_api_url_and_allowed_hosts_are_enough(tmp_path: Path) -> None:
    stack = load_stack(
        stack_file(tmp_path, 'api_url = "http://127.0.0.1:80/"\nallowed_hosts = ["127.0.0.1"]')
    )
    assert stack.url("api") == "http://127.0.0.1:80"
    with pytest.raises(TidegaugeError, match="no cdn_url"):
        stack.url("cdn")


@pytest.mark.parametrize(
    "line",
    [
        'cdn_url = "http://198.51.100.7"',
        '[local]\ncontrol_url = "http://198.51.100.7/"',
    ],
)
def test_the_guard_refuses_the_descriptors_own_urls_too(tmp_path: Path, line: str) -> None:
    text = f'api_url = "http://127.0.0.1"\nallowed_hosts = ["127.0.0.1"]\n{line}\n'
    with pytest.raises(TidegaugeError, match=r"198\.51\.100\.7") as refused:
        load_stack(stack_file(tmp_path, text))
    assert refused.value.exit_code is ExitCode.REFUSED


@pytest.mark.parametrize(
    "entry", ["http://127.0.0.1", "127.0.0.1/x", "*", "*.", "", "a b", "a:99999", "[::1"]
)
def test_an_entry_of_allowed_hosts_that_names_no_host_is_a_mistake(tmp_path: Path, entry: str) -> None:
    text = f'api_url = "http://127.0.0.1"\nallowed_hosts = ["127.0.0.1", "{entry}"]'
    with pytest.raises(TidegaugeError, match=r"allowed_hosts\.1") as refused:
        load_stack(stack_file(tmp_path, text))
    assert refused.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[behaviour]]\npath_pattern = '/x'\nttl_s = -1\n", "behaviour.0.ttl_s"),
        ("[[behaviour]]\npath_pattern = '/x'\nttl_s = nan\n", "behaviour.0.ttl_s is nan"),
        ("[aws]\nsince = 2026-01-01\n", "aws.since is a date"),
        ("[auth]\ntoken = 'x'\n", "unknown key 'auth.token'"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, words: str) -> None:
    head = 'api_url = "http://127.0.0.1"\nallowed_hosts = ["127.0.0.1"]\n'
    with pytest.raises(TidegaugeError, match=words):
        load_stack(stack_file(tmp_path, head + text))


@pytest.mark.parametrize("url", ["ftp://a", "a", "http://", "http://a:x", "http://[a"])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(TidegaugeError, match="URL"):
        check_url(url, "here")


def test_a_password_in_a_url_is_refused_without_being_repeated() -> None:
    with pytest.raises(TidegaugeError) as refused:
        check_url("http://me:secret@127.0.0.1", "here")
    assert "secret" not in f"{refused.value.message}{refused.value.hint.replace('secrets', '')}"


def test_file_names_are_relative_to_the_descriptor() -> None:
    assert relative_to(Path("/a/stack.toml"), "c.jsonl") == Path("/a/c.jsonl")
    assert relative_to(Path("/a/stack.toml"), "/b/c.jsonl") == Path("/b/c.jsonl")


def test_a_trailing_slash_of_a_base_url_is_not_doubled() -> None:
    assert Stack(api_url="http://a/v2/", allowed_hosts=("a",)).url("api") == "http://a/v2"
