"""The verdict for CI systems: junit.xml."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tidegauge.summary import JudgedObjective, Summary


def junit_xml(summary: Summary) -> str:
    """A test case an objective, and one for the run as a whole: whether it is valid, and ran to its end."""
    suite = ET.Element("testsuite", name="tidegauge")
    _case(suite, "validity", _of_the_run(summary), " ".join(summary.reasons))
    for row in summary.objectives:
        _case(suite, f"{row.target} {row.objective}", _of_objective(row), row.reason)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{kind}"))))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _of_the_run(summary: Summary) -> str | None:
    """What the run as a whole comes to, beside its objectives."""
    if summary.verdict == "INVALID":
        return "error"
    if summary.interrupted or summary.stopped_by or not summary.total.count:
        return "failure" if summary.verdict == "FAIL" else "skipped"
    return None


def _of_objective(row: JudgedObjective) -> str | None:
    kind = {"broken": "failure", "inconclusive": "skipped"}.get(row.state)
    return None if row.default and kind == "skipped" else kind  # a default one leaves no run open


def _case(suite: ET.Element, name: str, kind: str | None, message: str) -> None:
    case = ET.SubElement(suite, "testcase", classname="tidegauge.objectives", name=name)
    if kind is not None:
        ET.SubElement(case, kind, message=message)
    elif message:
        ET.SubElement(case, "system-out").text = message
