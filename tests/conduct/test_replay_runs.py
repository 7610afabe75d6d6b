"""Access logs sent again, end to end, against servers that remember what they were asked."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1

from tests.support.served import Answer, http_server, tidegauge, write_stack
from tidegauge.conduct import preflight
from tidegauge.conduct.flows import python_flows
from tidegauge.errors import TidegaugeError
from tidegauge.plan import load_plan
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder

FIELDS = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol \
cs-bytes time-taken"
KEY_ENV = "TEST_REPLAY_PRIVATE_KEY"
SIGNING = f'[signing]\nkey_pair_id = "KTEST"\nprivate_key_env = "{KEY_ENV}"\n'
OLD_SIGNATURE = "Expires=1&Signature=old&Key-Pair-Id=KOLD"
CATALOGUE = "".join(
    json.dumps({
        "asset_id": f"t{number}", "short_code": f"c{number}",
        "renditions": {"original": {"path": f"/assets/t{number}.gif", "bytes": 2, "sha256": None}},
    }) + "\n"
    for number in range(3)
)  # fmt: skip
Line = tuple[int, str, str, str]  # second, method, path, query


class Asked:
    """What a server was asked for, and when."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self.paths: list[str] = []
        self.at: list[float] = []

    def answer(self, path: str) -> Answer:
        with self._gate:
            self.paths.append(path)
            self.at.append(time.monotonic())
        return (404 if "gone" in path else 200), {}, b"ok"


def write_log(folder: Path, lines: list[Line]) -> None:
    rows = [
        f"2024-11-01\t18:00:{second:02d}\tFRA56-P1\t900\t203.0.113.9\t{method}\td1.cloudfront.net\t"
        f"{path}\t{404 if 'gone' in path else 200}\t-\tcurl\t{query or '-'}\t-\tHit"
        "\tid==\tmedia.example\thttps\t99\t0.0"
        for second, method, path, query in lines
    ]
    text = "\n".join(["#Version: 1.0", f"#Fields: {FIELDS}", *rows])
    (folder / "edge.log").write_text(text + "\n", encoding="utf-8")


def write_trace(folder: Path, *, phase: str = "", tail: str = "") -> Path:
    path = folder / "plan.toml"
    text = f'[[arrivals]]\nshape = "trace"\npath = "edge.log"\n{phase}\n{tail}\n'
    path.write_text(text, encoding="utf-8")
    return path


def run(
    folder: Path, plan: Path, *options: object, extra: str = "", cdn: bool = True
) -> tuple[dict[str, object], Asked, Asked]:
    """The summary, and what API and edge were asked; the run must be valid."""
    api, edge = Asked(), Asked()
    with http_server(api.answer) as api_url, http_server(edge.answer) as cdn_url:
        head = (f'cdn_url = "{cdn_url}"\n' if cdn else "") + extra
        stack = write_stack(folder, api_url, extra=head)
        code, summary, words = tidegauge("run", plan, "--stack", stack, "--out", folder / "run", *options)
    assert code in (0, 10), (summary, words)
    return summary, api, edge


def test_a_log_is_sent_again_in_order_at_its_spacing_by_the_speed(tmp_path: Path) -> None:
    write_log(
        tmp_path, [(second, "GET", f"/img/{second}-{k}.png", "") for second in range(6) for k in range(5)]
    )
    plan = write_trace(tmp_path, phase="speed = 2")
    summary, api, edge = run(tmp_path, plan)
    assert api.paths == []
    assert len(edge.paths) == summary["total"]["count"] == 30  # type: ignore[index]
    seconds = [int(path.split("/")[2].split("-")[0]) for path in edge.paths]
    assert seconds == sorted(seconds)
    arrivals = pd.read_parquet(tmp_path / "run" / "arrivals.parquet")
    samples = RunFolder(tmp_path / "run").read_rows("samples")[0].to_pandas().sort_values("session")
    logged = samples["url_path"].str.extract(r"/img/(\d+)-")[0].astype(int).to_numpy()
    assert ((arrivals["intended_s"] > logged / 2) & (arrivals["intended_s"] <= (logged + 1) / 2)).all()
    late_s = (samples["sent_s"] - samples["intended_s"]).to_numpy()
    assert late_s.max() < 0.25
    assert summary["generator"]["rate_asked_per_s"] == pytest.approx(10)  # type: ignore[index]  # 30 in 3 s


def test_three_processes_send_each_line_once(tmp_path: Path) -> None:
    lines = [(second, "GET", f"/img/{second}", f"k={k}") for second in range(3) for k in range(4)]
    write_log(tmp_path, lines)
    summary, _api, edge = run(tmp_path, write_trace(tmp_path, phase="speed = 3"), "--processes", 3)
    assert summary["verdict"] == "PASS"
    assert sorted(edge.paths) == sorted(f"{path}?{query}" for _, _, path, query in lines)
    arrivals = pd.read_parquet(tmp_path / "run" / "arrivals.parquet")
    assert arrivals["process"].tolist() == [0, 1, 2] * 4
    samples = RunFolder(tmp_path / "run").read_rows("samples")[0].to_pandas().sort_values("session")
    assert samples["intended_s"].tolist() == arrivals["intended_s"].tolist()


def test_paths_become_test_assets_and_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    (tmp_path / "assets.jsonl").write_text(CATALOGUE)
    lines = [(k % 2, "GET", path, "") for k, path in enumerate(
        ["/assets/hot.gif"] * 4 + ["/assets/warm.gif"] * 2 + ["/v1/s/Lnk", "/v1/asset/hot", "/gone.txt"]
    )]  # fmt: skip
    write_log(tmp_path, [*lines, (0, "POST", "/v1/upload", ""), (1, "DELETE", "/v1/asset/hot", "")])
    plan = write_trace(tmp_path, tail='[replay]\npaths = "assets"\nexpect = "logged"')
    summary, api, edge = run(tmp_path, plan, extra='catalogue = "assets.jsonl"\n')
    assert sorted(edge.paths) == ["/assets/t0.gif"] * 4 + ["/assets/t1.gif"] * 2 + ["/gone.txt"]
    assert sorted(api.paths) == ["/v1/asset/t0", "/v1/s/c0"]
    assert summary["total"]["failures"] == 0  # type: ignore[index]  # a logged 404 is answered with one
    assert {row["endpoint"] for row in summary["endpoints"]} == {  # type: ignore[attr-defined]
        "GET /assets/{asset_id}.gif", "GET /v1/s/{short_code}", "GET /v1/asset/{asset_id}", "GET /gone.txt",
    }  # fmt: skip
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert document["trace"]["records"] == 11
    assert document["trace"]["replayed"] == 9
    assert {reason.split()[0]: count for reason, count in document["trace"]["not_replayable"].items()} == {
        "POST": 1,
        "DELETE": 1,
    }
    assert any("Not replayable" in note for note in document["notes"])
    arrivals = pd.read_parquet(tmp_path / "run" / "arrivals.parquet")
    assert arrivals["asset"].isna().sum() == 1  # /gone.txt
    assert arrivals["asset"].value_counts().to_dict() == {0: 6, 1: 2}


def verified(url: str, key: rsa.RSAPublicKey) -> int:
    """The expiry of a signed URL, as CloudFront would check it: the canned policy from URL and Expires."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    kept = "&".join(
        part
        for part in parts.query.split("&")
        if part.split("=")[0] not in ("Expires", "Signature", "Key-Pair-Id")
    )
    resource = f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{kept}" if kept else "")
    expires = int(query["Expires"][0])
    policy = (
        '{"Statement":[{"Resource":"' + resource + '","Condition":{"DateLessThan":{"AWS:EpochTime":'
        + str(expires) + "}}}]}"
    )  # fmt: skip
    text = query["Signature"][0].replace("-", "+").replace("_", "=").replace("~", "/")
    key.verify(base64.b64decode(text, validate=True), policy.encode(), padding.PKCS1v15(), SHA1())  # noqa: S303
    assert query["Key-Pair-Id"] == ["KTEST"]
    return expires


def test_signed_urls_are_signed_anew_so_that_the_public_key_verifies_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    monkeypatch.setenv(KEY_ENV, pem)
    write_log(
        tmp_path,
        [(0, "GET", "/assets/a.gif", OLD_SIGNATURE), (0, "GET", "/assets/a.gif", "w=1&" + OLD_SIGNATURE)],
    )
    _summary, _api, edge = run(tmp_path, write_trace(tmp_path), extra=SIGNING)
    stack = (tmp_path / "stack.toml").read_text()
    cdn_url = stack.partition('cdn_url = "')[2].partition('"')[0]
    assert sorted(path.partition("Expires")[0] for path in edge.paths) == [
        "/assets/a.gif?",
        "/assets/a.gif?w=1&",
    ]
    for path in edge.paths:
        assert verified(cdn_url + path, key.public_key()) > time.time()
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or b"PRIVATE KEY" not in file.read_bytes(), file


def test_signed_urls_without_a_key_are_counted(tmp_path: Path) -> None:
    write_log(tmp_path, [(0, "GET", "/assets/a.gif", OLD_SIGNATURE), (0, "GET", "/x", "")])
    summary, _api, _edge = run(tmp_path, write_trace(tmp_path), "--dry-run", extra=SIGNING)
    assert summary["trace"]["not_replayable"] == {  # type: ignore[index]
        f"a signed URL: {KEY_ENV}, which [signing] of the stack file names, is not set": 1
    }


def test_a_mapped_line_runs_its_flow(tmp_path: Path) -> None:
    write_log(tmp_path, [(0, "POST", "/v1/upload", ""), (1, "GET", "/x", "")])
    flow = '[[flow]]\nname = "put"\n[[flow.step]]\npath = "/first"\n[[flow.step]]\npath = "/second"\n'
    plan = write_trace(tmp_path, tail=f'[replay]\nflows = {{ "POST /v1/upload" = "put" }}\n{flow}')
    summary, api, edge = run(tmp_path, plan)
    assert api.paths == ["/first", "/second"]
    assert edge.paths == ["/x"]
    assert {row["flow"]: row["sessions"] for row in summary["flows"]} == {"replay": 1, "put": 1}  # type: ignore[attr-defined]


def test_a_dry_run_reads_the_logs_and_sends_nothing(tmp_path: Path) -> None:
    write_log(tmp_path, [(0, "GET", "/x", ""), (9, "GET", "/y", ""), (9, "PUT", "/y", "")])
    summary, api, edge = run(tmp_path, write_trace(tmp_path, phase="speed = 5"), "--dry-run")
    assert api.paths + edge.paths == []
    assert (summary["sessions"], summary["duration_s"]) == (2, 2.0)
    assert summary["trace"]["not_replayable"].popitem()[1] == 1  # type: ignore[index]
    assert not (tmp_path / "run").exists()


def _no_log(folder: Path) -> Path:
    return write_trace(folder)


def _short(folder: Path) -> Path:
    write_log(folder, [(0, "GET", "/x", "")])
    return write_trace(folder, tail="").rename(folder / "short.toml")


def _with_head(head: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = _short(folder)
        path.write_text(head + path.read_text())
        return path

    return make


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (_no_log, "edge.log"),
        (_with_head("warmup_s = 60\n"), "warmup_s is 60"),
        (_with_head("[mix]\nview = 1.0\n"), "[mix] beside shape 'trace'"),
        (_with_head('[replay]\npaths = "assets"\n'), "names no catalogue"),
        (_with_head('[replay.flows]\n"POST /v1/upload" = "uplod"\n'), "did you mean 'upload'?"),
        (_with_head('[replay.flows]\n"/v1/upload" = "upload"\n'), "is not METHOD /PATH"),
        (_with_head('[objectives."GET /y"]\np99_ms = 5\n'), "no flow of the mix calls this endpoint"),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(
    tmp_path: Path, plan: Callable[[Path], Path], words: str
) -> None:
    stack, known = write_stack(tmp_path, "http://127.0.0.1:9"), python_flows()
    with pytest.raises(TidegaugeError) as refused:
        preflight.prepare(
            load_plan(plan(tmp_path), (), frozenset(known)), load_stack(stack), stack, known, tmp_path
        )
    assert refused.value.exit_code == 2
    assert words in refused.value.message + refused.value.hint
