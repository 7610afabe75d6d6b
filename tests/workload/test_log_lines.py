"""Lines of AWS's logs, in the structure of its documented examples, as records."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.workload.logs.balancer import Balancer
from tidegauge.workload.logs.cloudfront import JsonLines, TabSeparated, header_fields
from tidegauge.workload.logs.recognise import parser_of, recognise
from tidegauge.workload.logs.record import BadLine, LogRecord, MissingColumns, NoRequest, Period

PERIOD = Period(latest_s=4e9)
SECOND = 1714557607.0  # date -u -d '2024-05-01 10:00:07' +%s
HEADER = (
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol "
    "cs-bytes time-taken"
)
LINE = (
    "2024-05-01\t10:00:07\tFRA56-P1\t2048\t192.0.2.7\tGET\td1.cloudfront.net\t/assets/a.gif\t200\t-\t"
    "Mozilla/5.0%20(X11)\tw=200\t-\tHit\tREQ==\tgifs.example.com\thttps\t30\t0.004"
)
BALANCER = (
    "https 2024-05-01T10:00:07.250000Z app/front/50dc 192.0.2.7:2817 10.0.0.1:80 0.086 0.048 0.037 302 302 "
    '0 57 "GET https://www.example.com:443/v1/s/aB3?from=mail HTTP/1.1" "curl/7.46.0" ECDHE-RSA TLSv1.2 '
    'arn:aws:x:targetgroup/y/z "Root=1-5" "www.example.com" "arn:aws:acm:x" 1 2024-05-01T10:00:07.000000Z '
    '"forward" "-" "-" "10.0.0.1:80" "302" "-" "-" TID_7 "-" "-" "-"'
)


def tsv(line: str, header: str = HEADER) -> LogRecord:
    parser = TabSeparated(PERIOD)
    assert parser.parse(header) is None
    found = parser.parse(line)
    assert found is not None
    return found


def balancer(line: str) -> LogRecord:
    return Balancer(PERIOD).parse(line)


def test_another_order_of_fields_is_read_off_the_header() -> None:
    names, values = HEADER.removeprefix("#Fields: ").split(), LINE.split("\t")
    header = "#Fields: " + " ".join(reversed(names))
    assert tsv("\t".join(reversed(values)), header) == tsv(LINE)


def test_a_header_may_be_a_line_of_names() -> None:
    header = HEADER.removeprefix("#Fields: ").replace(" ", "\t")
    assert tsv(LINE, header) == tsv(LINE)


def test_a_file_without_a_header_has_the_documented_order() -> None:
    assert TabSeparated(PERIOD).parse(LINE) == tsv(LINE)


def test_a_file_without_a_header_has_at_least_the_fields_of_the_first_edition() -> None:
    first_edition = LINE.split("\t")[:12]  # until cs-uri-query
    record = TabSeparated(PERIOD).parse("\t".join(first_edition))
    assert record is not None
    assert (record.path, record.query) == ("/assets/a.gif", "w=200")
    with pytest.raises(BadLine, match=r"^11 fields, where the header names 33$"):
        TabSeparated(PERIOD).parse("\t".join(first_edition[:11]))
    with pytest.raises(BadLine, match=r"^11 fields, where the header names 19$"):
        tsv("\t".join(first_edition[:11]))


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("cs-method", None, "^no cs-method$"),
        ("cs-uri-stem", "-", "^no cs-uri-stem$"),
        ("date", "", "^no date$"),
        ("time", None, "^no time$"),
        ("cs-uri-stem", "/\ud800", "'cs-uri-stem'.*Unicode"),  # half of a character
        ("cs-uri-stem", ["/a"], "'cs-uri-stem'.*text"),
        ("cs-method", True, "'cs-method'.*text"),
    ],
)
def test_a_field_of_a_json_line_that_no_request_has_is_named(field: str, value: object, why: str) -> None:
    fields = dict(zip(HEADER.removeprefix("#Fields: ").split(), LINE.split("\t"), strict=True))
    with pytest.raises(BadLine, match=why):
        JsonLines(PERIOD).parse(json.dumps({**fields, field: value}))


def test_optional_columns_that_are_missing_become_null() -> None:
    record = tsv("2024-05-01\t10:00:07\tGET\t/a.gif", "#Fields: date time cs-method cs-uri-stem")
    assert (record.client, record.user_agent, record.edge, record.status, record.cache) == (
        None,
        None,
        None,
        0,
        "none",
    )
    assert math.isnan(record.sent_bytes)


def test_a_dash_stands_for_what_was_not_logged() -> None:
    line = LINE.replace("192.0.2.7", "-").replace("FRA56-P1", "-").replace("https", "-").replace("w=200", "-")
    record = tsv(line.replace("gifs.example.com", "-"))
    assert (record.client, record.edge, record.scheme, record.query) == (None, None, "https", "")
    assert record.host == "d1.cloudfront.net"  # the distribution's own, where no Host was logged


@pytest.mark.parametrize("column", ["date", "time", "cs-method", "cs-uri-stem"])
def test_a_required_column_that_is_missing_is_named(column: str) -> None:
    with pytest.raises(MissingColumns, match=f"^{column}$"):
        TabSeparated(PERIOD).parse(HEADER.replace(f" {column} ", " ", 1))


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ("date time", "cs-method, cs-uri-stem"),
        ("time date", "cs-method, cs-uri-stem"),
        ("date", "cs-method, cs-uri-stem, time"),
        ("cs-method cs-uri-stem", "date, time"),
        ("cs-method cs-uri-stem date", "time"),
        ("cs-method cs-uri-stem time", "date"),
        ("timestamp", "cs-method, cs-uri-stem"),
        ("timestamp(ms)", "cs-method, cs-uri-stem"),
        ("date time cs-method", "cs-uri-stem"),
        ("date time cs-uri-stem", "cs-method"),
    ],
)
def test_a_short_header_names_all_that_it_lacks(names: str, missing: str) -> None:
    with pytest.raises(MissingColumns) as caught:
        TabSeparated(PERIOD).parse(f"#Fields: {names}")
    assert str(caught.value) == missing


@pytest.mark.parametrize(
    ("names", "values", "quantum_s"),
    [
        ("date time", "2024-05-01\t10:00:07", 1.0),
        ("timestamp", "1714557607", 1.0),
        ("timestamp(ms)", "1714557607000", 0.001),
        ("timestamp time", "1714557607\t10:00:07", 1.0),  # a part of the other clock is no hindrance
        ("timestamp(ms) date", "1714557607000\t2024-05-01", 0.001),
    ],
)
def test_either_clock_alone_is_enough(names: str, values: str, quantum_s: float) -> None:
    record = tsv(f"{values}\tGET\t/a.gif", f"#Fields: {names} cs-method cs-uri-stem")
    assert (record.t_s, record.quantum_s) == (SECOND, quantum_s)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("cs-method\tcs-uri-stem", ("cs_method", "cs_uri_stem")),  # two columns are a header
        ("cs(Host)\tcs-method", ("cs_host", "cs_method")),
        ("#Fields: date time", ("date", "time")),
        ("cs-method", None),  # one column is not
        ("date\ttime", None),  # nor is a line that no request could come from
        ("#Version: 1.0", None),
    ],
)
def test_what_counts_as_a_header(line: str, names: tuple[str, ...] | None) -> None:
    assert header_fields(line) == names


@pytest.mark.parametrize(
    ("result", "word"),
    [
        ("Hit", "hit"),
        ("RefreshHit", "refresh_hit"),
        ("Miss", "miss"),
        ("OriginShieldHit", "miss"),
        ("LimitExceeded", "error"),
        ("CapacityExceeded", "error"),
        ("Error", "error"),
        ("Redirect", "none"),
        ("FunctionGeneratedResponse", "none"),
    ],
)
def test_result_types_become_words_of_the_summary(result: str, word: str) -> None:
    assert tsv(LINE.replace("\tHit\t", f"\t{result}\t")).cache == word


def test_a_path_is_what_the_client_sent_before_the_log_encoded_it() -> None:
    assert tsv(LINE.replace("/assets/a.gif", "/a%2520b%257E.gif")).path == "/a%20b%7E.gif"
    assert tsv(LINE.replace("/assets/a.gif", "/a%20b.gif")).path == "/a%20b.gif"
    assert tsv(LINE.replace("/assets/a.gif", "/é.gif")).path == "/%C3%A9.gif"


def test_the_time_taken_is_taken_off_in_whole_ticks_of_the_clock() -> None:
    assert tsv(LINE).t_s == SECOND
    assert tsv(LINE.replace("0.004", "12.700")).t_s == SECOND - 12


def test_a_millisecond_timestamp_is_finer_than_date_and_time() -> None:
    record = tsv(LINE + "\t1714557607250", HEADER + " timestamp(ms)")
    assert record.t_s == pytest.approx(SECOND + 0.246, abs=1e-6)
    assert record.quantum_s == 0.001


def test_json_and_underscored_names_give_the_same_record() -> None:
    values = dict(zip(HEADER.removeprefix("#Fields: ").split(), LINE.split("\t"), strict=True))
    names = {"cs(Host)": "cs_Host", "cs(User-Agent)": "cs_user_agent"}
    underscored = {names.get(name, name.replace("-", "_")): value for name, value in values.items()}
    for document in (values, underscored, values | {"sc-status": 200, "time-taken": 0.004}):
        assert JsonLines(PERIOD).parse(json.dumps(document)) == tsv(LINE)


def test_a_line_of_a_load_balancer_is_a_record() -> None:
    assert balancer(BALANCER)._asdict() == {
        "t_s": SECOND,
        "quantum_s": 0.000001,
        "method": "GET",
        "scheme": "https",
        "host": "www.example.com",
        "path": "/v1/s/aB3",
        "query": "from=mail",
        "status": 302,
        "sent_bytes": 57.0,
        "client": "192.0.2.7",
        "user_agent": "curl/7.46.0",
        "cache": "none",
        "edge": None,
        "time_taken_s": pytest.approx(0.171),
    }


def test_a_load_balancers_line_of_fewer_fields_begins_its_time_taken_before_its_end() -> None:
    record = balancer(BALANCER[: BALANCER.index(" arn:aws:x")])
    assert record.t_s == pytest.approx(SECOND + 0.25 - 0.171, abs=1e-6)


def test_ipv6_clients_and_websockets_of_a_load_balancer() -> None:
    line = BALANCER.replace("https 2024", "wss 2024").replace("192.0.2.7:2817", "[2001:db8::1]:2817")
    assert (balancer(line).client, balancer(line).scheme) == ("2001:db8::1", "wss")


def test_a_client_that_sent_no_request_is_no_bad_line() -> None:
    begin, end = BALANCER.index('"GET'), BALANCER.index(' "curl')
    with pytest.raises(NoRequest):
        balancer(BALANCER[:begin] + '"- https://www.example.com:443- -"' + BALANCER[end:])


@pytest.mark.parametrize(
    "line",
    [
        LINE[:70],
        LINE + "\textra",
        LINE.replace("2024-05-01", "1999-05-01"),
        LINE.replace("2024-05-01", "9999-05-01"),
        LINE.replace("2024-05-01", "2024-13-01"),
        LINE.replace("10:00:07", "25:00:07"),
        LINE.replace("\tGET\t", "\tget it\t"),
        LINE.replace("\t200\t", "\t999\t"),
        LINE.replace("\t200\t", "\t٢٠٠\t"),
        LINE.replace("\t2048\t", "\t-2048\t"),
        LINE.replace("\t2048\t", "\tinf\t"),
        LINE.replace("/assets/a.gif", "assets/a.gif"),
        LINE.replace("/assets/a.gif", "-"),
        LINE.replace("\thttps\t", "\tgopher\t"),
    ],
)
def test_lines_that_are_no_record_say_why(line: str) -> None:
    with pytest.raises(BadLine, match=r"."):
        tsv(line)


@given(st.text(max_size=300))
def test_no_text_crashes_a_parser(text: str) -> None:
    for name in ("alb", "cloudfront-json", "cloudfront-tsv"):
        with suppress(BadLine, NoRequest, MissingColumns):
            parser_of(name, PERIOD).parse(text)
    recognise([text])


@given(st.data())
def test_no_mangled_line_crashes_a_parser(data: st.DataObject) -> None:
    line = data.draw(st.sampled_from([LINE, BALANCER, json.dumps({"date": LINE, "cs-method": "GET"})]))
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(line))] * 2)))
    mangled = line[:begin] + data.draw(st.text(max_size=20)) + line[end:]
    for parse in (tsv, balancer, JsonLines(PERIOD).parse):
        try:
            record = parse(mangled)
        except (BadLine, NoRequest):
            continue
        assert record.path.isascii()
        assert 1.2e9 < record.t_s < 4e9
