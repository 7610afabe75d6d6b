"""`cost what-if` as its users call it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.served import program, tidegauge


def month(folder: Path, *items: Sequence[object]) -> Path:
    rows = [
        {
            "flow": "view",
            "service": service,
            "unit": unit,
            "attributes": attributes,
            "quantity": quantity,
            "provenance": "counted",
        }
        for service, unit, quantity, attributes in items
    ]
    document = {
        "schema_version": 1,
        "region": "us-east-1",
        "window_s": str(730 * 3600),
        "items": rows,
    }
    path = folder / "month.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


REDIS = ("elasticache", "node_hour", "730", {"engine": "redis", "node_type": "cache.r6g.large"})
EDGE = ("cloudfront", "https_request", "20000000", {"geo": "us"})
GETS = ("s3", "get_request", "2000000", {"storage_class": "standard"})


@pytest.mark.option("cost what-if --json")
def test_a_month_of_usage_is_asked(tmp_path: Path) -> None:
    code, document, _ = tidegauge("cost", "what-if", month(tmp_path, REDIS, EDGE, GETS))
    assert code == 0
    rows = {row["id"]: row for row in document["what_ifs"]}
    assert rows["valkey"]["saves_usd_per_month"] == "30.076"  # 730 x (.206 - .1648)
    assert document["total"] == "161.18"  # 150.38 + (20M - 10M free) x .01 / 10,000 + 2M x .0004 / 1,000
    assert "hit ratio 90.0%" in rows["hit_ratio_higher"]["assumptions"][0]
    assert [each["name"] for each in document["elsewhere"]] == ["Cloudflare"]


def test_each_row_has_the_traffic_at_which_both_cost_the_same(tmp_path: Path) -> None:
    task = ("fargate", "vcpu_second", "3600000", {"arch": "x86", "capacity": "on_demand"})
    _, document, _ = tidegauge("cost", "what-if", month(tmp_path, REDIS, task))
    rows = {row["id"]: row for row in document["what_ifs"]}
    assert rows["savings_plan_1yr"]["break_even"] == {
        "unit": "fargate vcpu_second",
        "quantity": "2880000",  # a fifth off
        "times_now": "0.8",
        "pays": "above",
        "reason": None,
    }
    assert rows["valkey"]["break_even"]["quantity"] is None
    assert rows["valkey"]["break_even"]["reason"] == "it costs less at any traffic"
    assert rows["reserved_nodes_1yr"]["break_even"]["quantity"] == "498.298"  # 730 x .6826


def test_people_read_the_break_even_and_what_is_not_sure(tmp_path: Path) -> None:
    code, stdout, words = program("cost", "what-if", month(tmp_path, REDIS))
    shown = " ".join(f"{stdout} {words}".split())
    assert code == 0
    assert "node_hours a month; its terms are" in shown
    assert "prices are official; Cloudflare" in shown
    assert "one call of a Durable Object an API request, unverified" in shown


@pytest.mark.option("cost what-if --note")
def test_notes_stand_beside_the_usage(tmp_path: Path) -> None:
    path = month(tmp_path, EDGE, GETS)
    _, document, _ = tidegauge("cost", "what-if", path, "--note", "hit_ratio=0.5")
    higher = next(row for row in document["what_ifs"] if row["id"] == "hit_ratio_higher")
    assert higher["message"].startswith("from 50.0% to 55.0%")


@pytest.mark.option("cost what-if --month")
def test_a_window_is_scaled_to_a_month(tmp_path: Path) -> None:
    path = month(tmp_path, GETS)
    path.write_text(path.read_text(encoding="utf-8").replace(str(730 * 3600), "73"), encoding="utf-8")
    _, as_it_is, _ = tidegauge("cost", "what-if", path)
    _, scaled, _ = tidegauge("cost", "what-if", path, "--month")
    assert (as_it_is["total"], scaled["total"]) == ("0.8", "28800")  # 36,000 windows of 73 s a month


@pytest.mark.option("cost what-if --prices")
def test_the_prices_may_be_a_files(tmp_path: Path) -> None:
    packaged = Path(__file__).parents[2] / "tidegauge" / "cost" / "prices" / "us-east-1.json"
    book = json.loads(packaged.read_text(encoding="utf-8"))
    for row in book["prices"]:
        if (row["service"], row["unit"]) == ("s3", "get_request"):
            row["price"] = "0.0008"
    (tmp_path / "book.json").write_text(json.dumps(book), encoding="utf-8")
    found = tidegauge("cost", "what-if", month(tmp_path, GETS), "--prices", tmp_path / "book.json")
    assert found[1]["total"] == "1.6"  # 2M at 0.0008 a thousand


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("hit_ration=1", "hit_ratio"),
        ("hit_ratio=many", "is not a number"),
        ("hit_ratio=-1", "is not a number"),
    ],
)
def test_a_note_that_cannot_be_read_is_refused(tmp_path: Path, note: str, said: str) -> None:
    code, document, _ = tidegauge("cost", "what-if", month(tmp_path, EDGE), "--note", note)
    assert code == 2
    assert said in f"{document['error']['message']} {document['error']['hint']}"


def test_a_month_without_a_price_has_no_answer(tmp_path: Path) -> None:
    unknown = ("elasticache", "node_hour", "730", {"engine": "redis", "node_type": "cache.none"})
    code, document, error = tidegauge("cost", "what-if", month(tmp_path, unknown))
    assert (code, document["total"], document["what_ifs"]) == (2, None, [])
    assert "cost price" in error


def test_the_audit_of_an_estimate_ends_in_what_ifs() -> None:
    guide = Path(__file__).parents[2] / "infra_under_test" / "estimates" / "seed.toml"
    _, document, _ = tidegauge("cost", "validate", guide)
    saved = {row["id"]: row["saves_usd_per_month"] for row in document["what_ifs"]}
    assert saved["valkey"] == "180.456"
    assert saved["plan_free"] is None
    assert document["elsewhere"][0]["aws"] == "1467.808225"


@pytest.mark.parametrize(
    "note", ["hit_ratio=1.5", "spot_share=70", "s3_share_of_nat=2", "capacity_utilisation=0"]
)
def test_a_share_beyond_the_whole_is_refused(tmp_path: Path, note: str) -> None:
    code, document, _ = tidegauge("cost", "what-if", month(tmp_path, EDGE, GETS), "--note", note)
    assert code == 2
    assert document["error"]["message"] == note.replace("=", " is ")
    assert document["error"]["hint"].startswith("a share from 0 to 1: ")
