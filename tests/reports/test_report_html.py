"""What the report's HTML holds and what it must not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
import summary_samples

from reports.render import render_html
from reports.report_data import ReportData, ValidityLimit

VOID = {"meta", "link", "wbr", "path", "circle", "use"}
ROOT = Path(__file__).resolve().parents[2]


class Page(HTMLParser):
    """The elements, attributes and text of a page; complains about tags that don't nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def page_of(**changes: Any) -> Page:
    """The page of an ordinary run with changes; without charts, which take a second, unless given."""
    bare: dict[str, Any] = {"rates": None, "flow_series": (), "percentiles": ()}
    return Page(render_html(samples.report_data(**(bare | changes))))


@pytest.fixture(scope="module")
def ordinary_html() -> str:
    return render_html(samples.report_data())


@pytest.fixture(scope="module")
def ordinary(ordinary_html: str) -> Page:
    return Page(ordinary_html)


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>$a_b$ {{ 7*7 }} </style></svg>&amp;"


def test_hostile_text_stays_text_wherever_it_comes_from() -> None:
    endpoint = summary_samples.endpoint(HOSTILE, HOSTILE, 400, 2.0, causes={HOSTILE: 1})
    flow = summary_samples.flow(HOSTILE, 400, 400, 2.0, causes={HOSTILE: 1})
    objective = summary_samples.OBJECTIVES[0] | {"target": HOSTILE}
    cost = summary_samples.cost() | {
        "loaded_reason": HOSTILE,
        "lines": [summary_samples.line(HOSTILE, "x", HOSTILE, "1", "1", "1")],
        "unknown": [{"service": HOSTILE, "unit": "x", "flow": HOSTILE, "reason": HOSTILE}],
    }
    page = page_of(
        summary=summary_samples.summary(
            run_id=HOSTILE,
            reasons=[HOSTILE],
            flows=[flow],
            endpoints=[endpoint],
            objectives=[objective],
            cost=cost,
            behaviours=[
                {"path_pattern": HOSTILE, "ttl_s": 1, "cache": summary_samples.cache_counts(1, 1, 1)}
            ],
        ),
        run=samples.run(
            plan=samples.PLAN
            | {"name": HOSTILE, "flow": [{"name": "x", "step": [{"path": "/", "headers": {"a": HOSTILE}}]}]},
            stack={"name": HOSTILE, "api_url": HOSTILE},
            versions={HOSTILE: HOSTILE},
            machine={"cpu_model": HOSTILE},
        ),
        flow_series=[samples.flow_series(HOSTILE, 400, 2.0)],
        percentiles=[samples.percentile_curve(HOSTILE, 400, 2.0)],
        bench={"cells": [samples.bench_cell(HOSTILE, HOSTILE, 1.0, reason=HOSTILE)]},
        warnings=[HOSTILE],
    )
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.elements)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert HOSTILE in page.text


def test_nothing_is_fetched_and_nothing_is_run(ordinary: Page, ordinary_html: str) -> None:
    tags = {tag for tag, _ in ordinary.elements}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "base", "form"})
    assert ordinary.values("src") == []
    assert all(link.startswith(("#", "data:")) for link in ordinary.values("href"))
    assert "@import" not in ordinary_html
    assert re.findall(r"url\((?!#)", ordinary_html) == []
    assert "default-src 'none'" in ordinary_html


def test_ids_are_unique_and_every_link_within_the_page_arrives(ordinary: Page, ordinary_html: str) -> None:
    ids = Counter(ordinary.values("id"))
    assert [name for name, number in ids.items() if number > 1] == []
    links = [*ordinary.values("href"), *ordinary.values("xlink:href")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", ordinary_html)) <= set(ids)


def test_every_column_explains_itself_on_hovering_and_in_a_legend(ordinary: Page) -> None:
    headings = [attributes for _, attributes in ordinary.elements if attributes.get("scope") == "col"]
    assert len(headings) > 60
    meanings = {attributes["title"] for attributes in headings}
    assert [meaning for meaning in meanings if " ".join(meaning.split()) not in ordinary.text] == []
    assert all(meaning.endswith(".") for meaning in meanings)


def test_equal_data_gives_equal_bytes_in_another_process() -> None:
    program = "import report_samples as s, hashlib; from reports.render import render_html as r;"
    program += "print(hashlib.sha256(r(s.report_data()).encode()).hexdigest())"
    hashes = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/reports'}"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        hashes.add(done.stdout)
    assert len(hashes) == 1


def test_the_renderer_is_imported_without_waiting_for_matplotlib() -> None:
    program = (
        "import reports.render, sys; print(sorted({'matplotlib', 'numpy', 'locust'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("PASS", "every objective holds at 95 % confidence (3 of 3)"),
        ("FAIL", "At least one objective is broken"),
        ("INCONCLUSIVE", "too few samples"),
        ("INVALID", "they say nothing reliable about the stack"),
    ],
)
def test_the_verdict_stands_in_words_beside_its_symbol(verdict: str, sentence: str) -> None:
    page = page_of(summary=summary_samples.summary(verdict=verdict, reasons=["because of this"]))
    assert sentence in page.text
    assert "because of this" in page.text
    assert ("svg", "symbol") in [(tag, attributes.get("class")) for tag, attributes in page.elements]


def test_a_pass_without_objectives_says_that_nothing_else_was_judged() -> None:
    reason = "The plan states no objectives: nothing else was judged."
    default = {
        **summary_samples.OBJECTIVES[2],
        "target": "sessions",
        "default": True,
        "state": "inconclusive",
    }
    page = page_of(summary=summary_samples.summary(verdict="PASS", reasons=[reason], objectives=[default]))
    assert "states no objectives that could hold" in page.text
    assert reason in page.text
    assert "sessions at most 0.01 % failed or unsent (default) not surely broken" in page.text


def test_objectives_show_limit_observed_share_and_bounds(ordinary: Page) -> None:
    assert (
        "GET /v1/s/{short_code} P99 at most 50 ms ? inconclusive 252 worth 201 0 0 % 1 % 0 % – 1.2 %"
        in ordinary.text
    )
    assert (
        "flow:view P99 at most 40 ms ✓ holds 12,341 worth 9,120 61 0.49 % 1 % 0.40 % – 0.61 %"
        in ordinary.text
    )
    assert "total at most 0.01 % failed or unsent ✕ broken 12,912" in ordinary.text


def test_quantiles_carry_intervals_and_unsupported_ones_their_counts(ordinary: Page) -> None:
    assert "n/a (252 of 299)" in ordinary.text
    row = ordinary.text.partition("GET /transcode/{asset_id}/preview_mp4.mp4")[2][:200]
    # 1.87 ms as the P50, 6 % below and 9 % above it as its interval
    assert "7,102 worth 2,367 118/s 0 1.87 1.76 – 2.04" in row


def test_failures_are_listed_by_cause_with_what_each_means(ordinary: Page) -> None:
    assert "timeout 2, status 1" in ordinary.text
    assert "No complete answer within the request's time limit" in ordinary.text


def test_money_is_shown_with_its_exact_value_beside_it(ordinary: Page) -> None:
    assert "$0.02148" in ordinary.text
    assert "0.0214837219 USD" in ordinary.values("title")
    assert "0.0000008125 USD" in ordinary.values("title")


def test_an_unknown_cost_says_why() -> None:
    assert "n/a: the stack names no architecture" in page_of().text
    reasons = {"marginal_reason": "nobody counts usage there", "loaded_reason": "nobody counts usage there"}
    without = page_of(summary=summary_samples.summary(cost=reasons))
    assert without.text.count("n/a: nobody counts usage there") == 2


def test_the_sum_of_lines_is_exact(ordinary: Page) -> None:
    # .255 + .010843 + .0020635804 + .0005992 + .0000008125, by hand
    assert "0.2685065929 USD" in ordinary.values("title")


def test_usage_that_is_not_counted_is_listed_with_the_reason(ordinary: Page) -> None:
    assert "waf request all the local stack has no firewall" in ordinary.text


def test_the_edge_locations_that_answered_are_named() -> None:
    page = page_of(summary=summary_samples.summary(edge_locations={"FRA56-P3": 1204, "AMS1": 3}))
    assert "FRA56-P3 (1,204 answers), AMS1 (3 answers)" in page.text
    assert "Edge locations that answered: not recorded" in page_of().text


def test_agreement_with_the_edge_log_is_said_with_its_count(ordinary: Page) -> None:
    assert "Client and edge agree on all 10,471 requests" in ordinary.text


def test_disagreement_with_the_edge_log_names_the_requests() -> None:
    differing = [{"request_id": f"id-{number}", "client": "hit", "edge": "miss"} for number in range(3)]
    check = samples.EDGE_CHECK | {"agree": False, "mismatches": 3, "mismatched": differing, "client_only": 4}
    text = page_of(edge_check=check).text
    assert "do not agree: 3 of 10,471" in text
    assert "the edge's log lacks 4 answers" in text
    assert "id-2 hit miss" in text


def test_a_run_without_an_edge_log_says_that_nothing_was_cross_checked() -> None:
    assert "Not cross-checked" in page_of(edge_check=None).text


def test_a_threshold_looser_than_the_default_is_flagged() -> None:
    limit = ValidityLimit(name="lag_ms_p99_max", limit=50, default=10, observed=12.0)
    assert "50 ms looser than the default of 10 ms" in page_of(validity=[limit]).text
    assert "looser than the default" not in page_of().text


def test_a_threshold_that_was_passed_is_marked() -> None:
    limit = ValidityLimit(name="cpu_ratio_max", limit=0.9, default=0.9, observed=0.953)
    assert "95.3 % 90 % ✕ beyond" in page_of(validity=[limit]).text


def test_the_bench_shows_how_each_figure_came_about(ordinary: Page) -> None:
    assert "emulated 2.31 2.24 – 2.45 3" in ordinary.text
    assert "1 cell was skipped: this ffmpeg has no libwebp encoder (1)." in ordinary.text


def test_provenance_names_machine_versions_seed_protocol_and_cache_state(ordinary: Page) -> None:
    for fact in (
        "AMD EPYC 7B13, 2 cores, 8.0 GiB memory, Linux 6.1, x86_64",
        "Seed 7",
        "HTTP/1.1, connections per_session",
        "Cache before the run warm",
        "locust 2.47.0",
        "edge (nginx) 1.31.3",
        '"rate_per_s": 30',
    ):
        assert fact in ordinary.text


def test_only_a_local_run_says_what_a_local_stack_cannot_say() -> None:
    heading = "What a local stack can and cannot say about AWS"
    assert heading in page_of().text
    assert heading not in page_of(run=samples.run(local=False)).text


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ("all", "Times are exact: every request was stored."),
        ("slow", "from histograms (error at most 0.1 %): the failed and slowest requests were stored"),
        ("none", "from histograms (error at most 0.1 %): no request was stored"),
    ],
)
def test_the_report_says_what_its_times_come_from(stored: str, sentence: str) -> None:
    page = page_of(summary=summary_samples.summary(samples=stored), edge_check=None)
    assert sentence in page.text
    assert ("did not store every request" in page.text) is (stored != "all")


def test_a_run_in_which_nothing_was_due_still_has_a_report() -> None:
    page = Page(render_html(samples.empty_report_data()))
    for sentence in (
        "Interrupted.",
        "No request was due.",
        "Nothing was measured that could be drawn over time.",
        "No flow has the samples for a percentile.",
        "n/a: no request was sent in the measured window",
        "No transcode bench was run",
    ):
        assert sentence in page.text


def test_thirty_endpoints_each_have_their_row() -> None:
    endpoints = [
        summary_samples.endpoint("view", f"GET /v1/thing-{number}", 300 + number, 2.0) for number in range(30)
    ]
    text = page_of(summary=summary_samples.summary(endpoints=endpoints)).text
    assert all(f"GET /v1/thing-{number} {300 + number}" in text for number in range(30))


def test_endpoints_of_an_unlisted_flow_are_not_lost() -> None:
    endpoints = [summary_samples.endpoint("ghost", "GET /ghost", 12, 2.0)]
    assert "ghost: GET /ghost 12" in page_of(summary=summary_samples.summary(endpoints=endpoints)).text


def test_more_flows_than_charts_are_still_in_the_tables() -> None:
    names = [f"flow-{number}" for number in range(9)]
    page = page_of(
        summary=summary_samples.summary(flows=[summary_samples.flow(name, 20, 400, 2.0) for name in names]),
        rates=samples.rates(),
        flow_series=[samples.flow_series(name, 400, 2.0) for name in names],
        percentiles=[samples.percentile_curve(name, 400, 2.0) for name in names],
        audit=None,
    )
    assert [tag for tag, _ in page.elements].count("figure") == 3 + 6 + 6
    assert all(name in page.text for name in names)


def test_a_record_of_only_documents_is_enough() -> None:
    data = samples.report_data()
    Page(render_html(ReportData(summary=data.summary, run=data.run)))


def test_a_price_a_byte_reads_as_the_list_has_it_and_long_quantities_are_short() -> None:
    line = {
        "service": "cloudfront",
        "unit": "egress_byte",
        "flow": "view",
        "tier": "first 10 TB",
        "quantity": "73555680",
        "price": "0.000000000079162418842315673828125",
        "list_price": "0.085",
        "list_unit": "GB",
        "amount": "0.0058228455483913421630859375",
        "provenance": "counted",
        "confidence": "H",
    }
    long = {**line, "unit": "write_request_unit", "quantity": "302.803104077906269019"}
    page = page_of(summary=summary_samples.summary(cost=summary_samples.cost() | {"lines": [line, long]}))
    assert "$0.085 per GB" in page.text
    assert "70.1 MiB" in page.text  # 73,555,680 / 2^20 = 70.148
    assert "302.80" in page.text
    assert "302.803104077906269019" not in page.text
    assert "302.803104077906269019" in page.values("title")


def test_what_fixed_hours_cover_and_what_is_assumed_stands_beside_the_lines() -> None:
    covered = {
        "service": "dynamodb",
        "unit": "read_request_unit",
        "flow": "view",
        "quantity": "6",
        "reason": "prepaid",
    }
    cost = summary_samples.cost() | {"covered_by_fixed": [covered], "assumptions": ["all from one country"]}
    page = page_of(summary=summary_samples.summary(cost=cost))
    assert "prepaid" in page.text
    assert "all from one country" in page.text


def test_sessions_show_what_failed_and_the_generator_s_own_lag(ordinary: Page) -> None:
    upload = next(row for row in summary_samples.summary()["flows"] if row["flow"] == "upload")
    assert f"of {upload['sessions'] + 5} requests" in ordinary.text
    assert f"upload {upload['sessions']} worth {upload['sessions'] // 3} 3 " in ordinary.text
    assert " 0.432 of " in ordinary.text
