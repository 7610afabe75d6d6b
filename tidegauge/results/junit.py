"""The verdict for CI systems: junit.xml and summary.md."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any


def junit_xml(summary: Mapping[str, Any]) -> str:
    """A test case an objective, and one for the run's validity."""
    suite = ET.Element("testsuite", name="tidegauge")
    invalid = summary["verdict"] == "INVALID"
    _case(suite, "validity", "error" if invalid else None, " ".join(summary["reasons"]) if invalid else "")
    for row in summary["objectives"]:
        name = f"{row['target']} {row['objective']}"
        kind = {"broken": "failure", "inconclusive": "skipped"}.get(row["state"])
        _case(suite, name, kind, row["reason"])
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{kind}"))))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, name: str, kind: str | None, message: str) -> None:
    case = ET.SubElement(suite, "testcase", classname="tidegauge.objectives", name=name)
    if kind is not None:
        ET.SubElement(case, kind, message=message)


def summary_markdown(summary: Mapping[str, Any]) -> str:
    """The summary as a few lines for a pull request."""
    total = summary["total"]
    times = total["response_time_ms"]
    lines = [f"### Tidegauge: {summary['verdict']}", ""]
    lines += [f"- {_plain(reason)}" for reason in summary["reasons"]]
    lines += [
        f"- {total['count']} requests, {total['failures']} failures, {total['rate_per_s']:.1f}/s",
        "",
        "| flow | requests | failures | P50 ms | P99 ms |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in [{"flow": "total", **total}, *summary["flows"]]:
        times = row["response_time_ms"]
        cells = [_plain(row["flow"]), row["count"], row["failures"], _ms(times, "p50"), _ms(times, "p99")]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _ms(times: Mapping[str, Any], name: str) -> str:
    if times[name] is not None:
        return f"{times[name]:.2f}"
    return f"n/a ({times['unsupported'][name]})" if name in times["unsupported"] else "n/a"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
