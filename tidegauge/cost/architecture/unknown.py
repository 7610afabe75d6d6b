"""Values of a template that only deployment knows: they may name a thing, but never make a price."""

from __future__ import annotations

import re
from typing import Any

# A part of a text that is not known stands between these private signs: an id of a resource, or anything.
_ID, _ANY, _END = "\ue000", "\ue001", "\ue002"
_PART = re.compile(f"[{_ID}{_ANY}]([^{_END}]*){_END}")
LIST_ATTRIBUTES = (  # of Fn::GetAtt: lists, where any other attribute is a single text
    "CidrBlockAssociations",
    "DnsEntries",
    "Ipv6CidrBlocks",
    "NameServers",
    "NetworkInterfaceIds",
    "SecondaryPrivateIpAddresses",
    "SecurityGroups",
)


class Unresolvable(Exception):  # no error: a value that only deployment knows
    """Why a value is not known."""


class Absent(Exception):  # no error: AWS::NoValue takes the property away
    """The property is not set."""


class Unknown(str):
    """A text with parts that only deployment knows, and why; good for a label, and for nothing else.

    `may_be_absent`: it could turn out to be AWS::NoValue, which changes the length of its list.
    """

    reason: str
    may_be_absent: bool

    @classmethod
    def of(cls, text: str, reason: str, *, may_be_absent: bool = False) -> Unknown:
        """`text` as it is known, for `reason`."""
        new = cls(text)
        new.reason, new.may_be_absent = reason, may_be_absent
        return new


def unknown_id(name: str, reason: str) -> Unknown:
    """A single id, such as a resource's: without a comma, so that lists of it have a known length."""
    return Unknown.of(f"{_ID}{name}{_END}", reason)


def unknown_value(name: str, reason: str, *, may_be_absent: bool = False) -> Unknown:
    """A value of which nothing is known."""
    return Unknown.of(f"{_ANY}{name}{_END}", reason, may_be_absent=may_be_absent)


def joined(text: str, parts: list[Any]) -> str:
    """`text`, made of `parts`: not known where one of them is not."""
    reasons = [part.reason for part in parts if isinstance(part, Unknown)]
    return Unknown.of(text, reasons[0]) if reasons else text


def split(delimiter: str, text: Any) -> list[str] | Unknown:
    """The pieces of `text`; their number is open where an unknown part could hold the delimiter."""
    if not isinstance(text, str):
        raise TypeError
    if not isinstance(text, Unknown):
        return text.split(delimiter)
    if not delimiter or _ANY in text or any(delimiter in name for name in names_in(text)):
        return unknown_value(text, text.reason)
    return [
        Unknown.of(piece, text.reason) if _PART.search(piece) else piece for piece in text.split(delimiter)
    ]


def are_one(left: Any, right: Any) -> bool:
    """Whether two unknown texts are surely the same: the same ids in the same places."""
    return isinstance(left, Unknown) and isinstance(right, Unknown) and left == right and _ANY not in left


def names_in(value: Any) -> list[str]:
    """What the unknown parts of a text name, as `stack path:logical id.attribute`."""
    return _PART.findall(value) if isinstance(value, Unknown) else []


def literals(value: str) -> list[str]:
    """The known stretches of a text, in order; between them stand unknown parts."""
    return _PART.sub(_END, value).split(_END)


def need(value: Any) -> Any:
    """`value`, unless it is not known: then Unresolvable."""
    if isinstance(value, Unknown):
        raise Unresolvable(value.reason)
    return value
