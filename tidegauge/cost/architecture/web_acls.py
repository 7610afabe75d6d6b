"""What a web ACL is billed for by the month: itself, its rules, and rule groups with a fee of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.property_values import entry, entry_text, mappings
from tidegauge.cost.architecture.resources import Holding, Resource

# AWS' own rule groups that cost more than a rule: https://aws.amazon.com/waf/pricing/
SURCHARGED = {
    "AWSManagedRulesBotControlRuleSet": "Bot Control has a monthly fee and one by request",
    "AWSManagedRulesATPRuleSet": "account takeover prevention has a monthly fee and one by login attempt",
    "AWSManagedRulesACFPRuleSet": "account creation fraud prevention has a monthly fee and one by attempt",
    "AWSManagedRulesAntiDDoSRuleSet": "anti-DDoS protection has a monthly fee and one by request",
}
ASKING = {"Captcha": "attempts at a CAPTCHA are billed", "Challenge": "answered challenges are billed"}


def hold_web_acl(resource: Resource) -> Iterator[Holding]:
    """The ACL, and a fee a rule or rule group."""
    yield Holding(service="waf", unit="web_acl_month", quantity=Fraction(1))
    rules = len(resource.items("Rules"))
    yield Holding(service="waf", unit="rule_month", quantity=Fraction(rules))


def unpriced_rules(resource: Resource) -> Iterator[tuple[str, str]]:
    """(property, reason) of what rules cost beyond being there."""
    for number, rule in enumerate(mappings(resource.get("Rules"), "Rules")):
        name = f"Rules.{number}"
        yield from ((name, reason) for reason in _reasons(rule))
        group = entry(entry(rule, "Statement"), "RuleGroupReferenceStatement").get("Arn")
        if group is not None and resource.named(group, "AWS::WAFv2::RuleGroup") is None:
            yield name, "its rule group is in none of the templates"


def _reasons(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from _statement_reasons(entry(rule, "Statement"))
    for action, reason in ASKING.items():
        if action in entry(rule, "Action"):
            yield reason


def _statement_reasons(statement: Mapping[str, Any]) -> Iterator[str]:
    group = entry(statement, "ManagedRuleGroupStatement")
    name, vendor = entry_text(group, "Name", ""), entry_text(group, "VendorName", "AWS")
    if name in SURCHARGED:
        yield SURCHARGED[name]
    if vendor != "AWS":
        yield f"rule group {name:.60} is billed by its vendor, {vendor:.60}"
    for override in mappings(group.get("RuleActionOverrides"), "RuleActionOverrides"):
        for action, reason in ASKING.items():
            if action in entry(override, "ActionToUse"):
                yield reason
