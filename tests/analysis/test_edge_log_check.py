from __future__ import annotations

import json
from typing import Any

import pytest
from analysis_frames import SEED, Rule, samples

from tidegauge.analysis.edge_check import cross_check, parse_edge_log
from tidegauge.stored import document_of

_RESULTS = {"Hit": "hit", "RefreshHit": "refresh_hit", "Miss": "miss", "Error": "error", "": "none"}


def line(
    identity: str, result: str = "Hit", *, t: float = 1000.5, path: str = "/cache/x", size: int = 100
) -> str:
    return json.dumps(
        {"t": t, "m": "GET", "u": path, "s": 200, "b": size, "rt": 0.001, "cache": result, "beh": "/cache/*"}
        | {"id": identity, "ut": "-"}
    )


def client(identity: str | None, result: str = "hit", **other: object) -> dict[str, object]:
    return {"request_id": identity, "cache": result, "base": "cdn", "url_path": "/cache/x", **other}


def check(rows: list[dict[str, object]], lines: list[str], behaviours: list[Rule] | None = None) -> Any:
    found = document_of(
        cross_check(
            samples(rows),
            parse_edge_log(lines),
            started_at_s=1000.0,
            ended_at_s=1060.0,
            behaviours=behaviours or [],
        )
    )
    json.dumps(found, allow_nan=False)
    return found


def test_every_line_of_a_sound_log_is_a_row() -> None:
    log = parse_edge_log([line("a", "Miss", path="/assets/x.gif", size=7), line("b", "") + "\n"])
    assert log.torn == 0
    assert log.rows.to_dict("records")[0] == {
        "t_s": 1000.5,
        "request_id": "a",
        "url_path": "/assets/x.gif",
        "status": 200,
        "sent_bytes": 7,
        "cache": "miss",
    }


@pytest.mark.parametrize(
    "torn",
    ['{"t": 1000.5, "u": "/ca', "[]", "7", "\x00\x00", line("a", "Stale"), line(""), '{"t": NaN, "id": "x"}'],
)
def test_a_torn_line_is_counted_and_spoils_nothing_else(torn: str) -> None:
    log = parse_edge_log([line("a"), torn, "", line("b")])
    assert (len(log.rows), log.torn) == (2, 1)


@pytest.mark.parametrize(("edge", "seen"), _RESULTS.items())
def test_equal_results_agree_in_either_wording(edge: str, seen: str) -> None:
    found = check([client("a", seen)], [line("a", edge)])
    assert (found["joined"], found["mismatched"], found["agree"]) == (1, [], True)


def test_a_different_result_is_listed_and_ends_the_agreement() -> None:
    found = check([client("a"), client("b")], [line("b", "Hit"), line("a", "Miss")])
    assert (found["joined"], found["mismatches"], found["agree"]) == (2, 1, False)
    assert found["mismatched"] == [
        {"request_id": "a", "url_path": "/cache/x", "client": "hit", "edge": "miss"}
    ]


def test_an_answer_that_the_log_lacks_ends_the_agreement() -> None:
    found = check([client("a"), client("b")], [line("a")])
    assert (found["client_only"], found["agree"]) == (1, False)


def test_other_clients_during_the_run_are_counted_and_spoil_nothing() -> None:
    found = check([client("a")], [line("a"), line("other"), line("early", t=999.0), line("later", t=1061.0)])
    assert (found["edge_only"], found["agree"]) == (1, True)


def test_ids_of_the_api_and_requests_without_an_answer_are_no_matter_of_the_edge() -> None:
    rows = [client("a"), client("x", base="api"), client(None, status=0, cause="connect"), client(None)]
    found = check(rows, [line("a")])
    assert (found["client_only"], found["without_id"], found["agree"]) == (0, 1, True)


def test_nothing_joined_is_no_agreement() -> None:
    found = check([], [])
    assert (found["joined"], found["agree"]) == (0, False)
    assert found["edge"]["hit_ratio_by_request"] is None


def test_both_sides_hit_ratios_are_over_the_joined_requests() -> None:
    rows = [client("a"), client("b", "miss", received_bytes=300), client("c", "miss", url_path="/api/v1")]
    lines = [line("a"), line("b", "Miss", size=300), line("c", "Miss", path="/api/v1"), line("other")]
    found = check(rows, lines, SEED)
    for side in ("edge", "client"):
        assert found[side]["hit_ratio_by_request"] == 0.5
        assert found[side]["hit_ratio_by_byte"] == 0.25
        assert found[side]["none"] == 1


def test_the_list_of_differences_is_cut_and_its_length_is_not() -> None:
    found = check([client(str(i)) for i in range(150)], [line(str(i), "Miss") for i in range(150)])
    assert (found["mismatches"], len(found["mismatched"])) == (150, 100)
