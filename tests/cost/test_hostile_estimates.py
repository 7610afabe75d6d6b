"""Any estimate is audited or refused with a reason: no traceback, no NaN, no negative money."""

from __future__ import annotations

import json
from decimal import Decimal

from audits import audited
from cost_builders import BOOK
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.cli.cost.validate import print_audit
from tidegauge.collect.prices.packaged import read_references
from tidegauge.cost.audit.claims import audit_claims
from tidegauge.cost.audit.corrected_month import what_if_month
from tidegauge.cost.audit.document import audit_document
from tidegauge.cost.audit.result import Audit
from tidegauge.errors import TidegaugeError
from tidegauge.results.month import what_if_lists

REFERENCES = read_references()
PLAIN = ["0", "1", "500", "2190", "0.0004", "0.226", "1e30", "1e-60", '"500 GB"', '"2 TB"', '"10 M requests"']
STRANGE = [
    *("nan", "inf", "-inf", "-1", "1e31", "1e-61", "9" * 61, "true", "1979-05-27", "07:32:00", "[]", "{}"),
    *('""', '"nan"', '"1e400"', '"5 %"', '"1 GB - 1 GB"', '"\\u0000"', '"1,00"', '"-5"'),
]
PRICES = ["0", "0.226", "1e30", "1e-60", '"$3/1000"', '"$0.023/GB"', '"$0.226/hour"', '"$150/month"', '"$0"']
AMOUNTS = ["0", "1", "495", "1e30", "1e-60", '"$1,200/month"', "nan", "-1"]
ATOMS = [
    *(
        "3 nodes",
        "730 hours",
        "500 GB",
        "$0.023/GB",
        "$0.226/hour",
        "10M requests",
        "0.5 vCPU",
        "30 days",
        "0",
    ),
    *(
        "$3",
        "1e30",
        "9e99M",
        "(2 TB - 1 TB free)",
        "(12M - 10M)",
        "4 weeks",
        "views",
        "1e-30",
        "$1/month",
        "B",
    ),
]
SIGNS = [" × ", " @ ", " / ", " + ", " - ", " per ", " = ", " "]
FORMULAS = st.tuples(
    st.sampled_from(ATOMS), st.lists(st.tuples(st.sampled_from(SIGNS), st.sampled_from(ATOMS)), max_size=3)
).map(lambda parts: parts[0] + "".join(sign + atom for sign, atom in parts[1]))


@st.composite
def lines(draw: st.DrawFn) -> str:
    price = draw(st.sampled_from(list(BOOK.prices.values())))
    named = f'service = "{price.service}"\nunit = "{price.unit}"'
    attributes = ", ".join(f'{key} = "{value}"' for key, value in price.attributes)
    rows = [named, f"attributes = {{{attributes}}}"]
    if draw(st.integers(0, 5)) == 0:
        task = 'service = "fargate"\nunit = "task_hour"\nattributes = {vcpu = "2", memory_gb = "4"}'
        rows = [draw(st.sampled_from(['service = "rds"', 'service = "other"\nunit = "gb_month"', task]))]
    for key, values in (
        ("quantity", PLAIN * 4 + STRANGE),
        ("price", PRICES * 4 + STRANGE),
        ("amount", AMOUNTS),
    ):
        if draw(st.booleans()):
            rows.append(f"{key} = {draw(st.sampled_from(values))}")
    if draw(st.booleans()):
        rows.append(f"formula = {json.dumps(draw(FORMULAS), ensure_ascii=False)}")
    rows += draw(st.sampled_from([[], ['source = "list"'], ["net_of_free_tier = true"]]))
    return "\n".join(rows)


def audit_of(estimate: str) -> Audit | str:
    """The audit, or why there is none."""
    try:
        return audited(estimate)
    except TidegaugeError as error:
        return error.message


@given(st.lists(lines(), min_size=1, max_size=3), st.sampled_from(["0", "5", "1000000", "1e30"]))
@settings(deadline=None, max_examples=300)
def test_any_estimate_is_audited_or_refused(written: list[str], views: str) -> None:
    rows = "".join(f'[[line]]\nid = "line{at}"\n{text}\n' for at, text in enumerate(written))
    result = audit_of(f'name = "x"\n[scenario]\nviews = {views}\n{rows}')
    if isinstance(result, str):
        assert result.startswith("estimate.toml")
        return
    month = what_if_lists(None if result.total is None else what_if_month(result, BOOK))
    document = audit_document(
        result,
        findings=(),
        claims=audit_claims(result, BOOK, REFERENCES),
        what_ifs=month["what_ifs"],
        elsewhere=month["elsewhere"],
        old_prices=(),
    )
    json.dumps(document, allow_nan=False)
    print_audit(document)
    for line in result.lines:
        assert Decimal(0) <= line.corrected
        assert Decimal(0) <= line.reading.amount
