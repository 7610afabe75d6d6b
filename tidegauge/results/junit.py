"""The verdict for CI systems: junit.xml."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tidegauge.summary import Summary


def junit_xml(summary: Summary) -> str:
    """A test case an objective, and one for the run's validity."""
    suite = ET.Element("testsuite", name="tidegauge")
    invalid = summary.verdict == "INVALID"
    _case(suite, "validity", "error" if invalid else None, " ".join(summary.reasons) if invalid else "")
    for row in summary.objectives:
        name = f"{row.target} {row.objective}"
        kind = {"broken": "failure", "inconclusive": "skipped"}.get(row.state)
        _case(suite, name, kind, row.reason)
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
