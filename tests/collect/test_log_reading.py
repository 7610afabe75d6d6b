"""Logs read from files: what becomes a record, what counts as bad, and where it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegauge.collect.logs import read_logs
from tidegauge.errors import TidegaugeError

V1_HEADER = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header "
    "cs-protocol cs-bytes time-taken\n"
)
V1_LINE = (
    "2024-05-01\t10:00:07\tFRA56-P1\t2048\t192.0.2.7\tGET\td1.cloudfront.net\t/assets/a.gif\t200\t-\t"
    "Mozilla/5.0%20(X11)\tw=200\t-\tRefreshHit\tREQ==\tgifs.example.com\thttps\t30\t0.004\n"
)


def test_a_line_of_cloudfront_v1_is_one_record(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(V1_HEADER + V1_LINE)
    read = read_logs([log])
    assert read.records.iloc[0].to_dict() == {
        "t_s": 1714557607.0,  # date -u -d '2024-05-01 10:00:07' +%s
        "quantum_s": 1.0,
        "method": "GET",
        "scheme": "https",
        "host": "gifs.example.com",
        "path": "/assets/a.gif",
        "query": "w=200",
        "status": 200,
        "sent_bytes": 2048.0,
        "client": "192.0.2.7",
        "user_agent": "Mozilla/5.0 (X11)",
        "cache": "refresh_hit",
        "edge": "FRA56-P1",
        "time_taken_s": 0.004,
        "source": f"{log}:3",
    }
    assert (read.formats, read.lines, read.bad) == (("cloudfront-tsv",), 1, 0)


def test_torn_lines_above_the_share_are_refused_with_their_places(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(V1_HEADER + V1_LINE * 8 + V1_LINE[:60] + "\n" + V1_LINE)
    with pytest.raises(TidegaugeError, match=r"1 of 10 lines.*log:11: "):
        read_logs([log])
    read = read_logs([log], bad_share_max=0.1)
    assert (len(read.records), read.bad) == (9, 1)
