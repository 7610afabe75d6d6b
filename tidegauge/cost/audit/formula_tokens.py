"""A formula's text as numbers, words and marks; spelling that means nothing is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from tidegauge.cost.audit.dimensions import FormulaError
from tidegauge.cost.audit.formula_words import OVER, TIMES

Token = tuple[str, str]  # kind (number, word, mark, thing or remark) and text
DIGITS_MAX = 30
_MULTIPLES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9}
_MARKS = {"×": "*", "·": "*", "✕": "*", "@": "*", "÷": "/", "∕": "/", "−": "-", "≈": "=", "=": "="}
_SIZES = "nano|micro|small|medium|metal|[0-9]*x?large"
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])"
    r"|[0-9]{1,3}(?:['’\u00a0\u2009\u202f][0-9]{3})+(?![0-9])"
    r"|[0-9][0-9_]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?|\.[0-9]+)(?P<multiple>[kKMB](?![A-Za-z0-9]))?"
    r"|(?P<times>(?<=[0-9)%])[xX](?=[\s0-9$(.]))"
    r"|(?P<dollar>US\$|USD?\s*\$|\$|USD(?=\s*[0-9.]))"
    rf"|(?P<thing>(?:(?:cache|db|ml)\.)?[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.(?:{_SIZES})\b)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z]+)*(?:\(s\))?)"
    r"|(?P<mark>[-+*/()×·✕÷∕%@−=≈])|(?P<space>[\s~•]+)"
)
_REMARK = re.compile(r"\(\s*([A-Za-z][^()=$@*×+/÷]*)\)")  # what is said of a value: `20 GB (EBS gp2)`
_LABEL = re.compile(r"[^:=]*[A-Za-z)][^:=]*:\s+(?=\S)")
_REFUSED = {
    ",": "a comma separates thousands, as in 1,000; decimals take a point",
    "–": "a range is no amount",
    "—": "a range is no amount",
    **dict.fromkeys("€£¥", "amounts are in US dollars"),
}


def tokens(formula: str) -> Iterator[Token]:
    """The tokens of `formula` without a label in front (`NAT: 730 hours × $0.045`)."""
    label = _LABEL.match(formula)
    at, follows_value = 0 if label is None else label.end(), False
    while at < len(formula):
        remark = _REMARK.match(formula, at) if follows_value else None
        match = remark or _TOKEN.match(formula, at)
        if match is None:
            reason = f": {_REFUSED[formula[at]]}" if formula[at] in _REFUSED else ""
            raise FormulaError(f"'{formula[at]}' is not expected there{reason}")
        at = match.end()
        token = ("remark", match[1]) if remark else _token(match)
        if token is not None:
            follows_value = token[0] != "mark" or token[1] in ")%"
            yield token


def _token(match: re.Match[str]) -> Token | None:
    if match["number"]:
        return "number", _digits(match["number"], match["multiple"] or "")
    if match["thing"]:
        return "thing", match["thing"]
    if match["word"]:
        return "word", match["word"]
    if match["times"]:
        return "mark", "*"
    if match["dollar"]:
        return "mark", "$"
    return ("mark", _MARKS.get(match["mark"], match["mark"])) if match["mark"] else None


def _digits(written: str, multiple: str) -> str:
    digits = re.sub(r"[_,'’\u00a0\u2009\u202f]", "", written)
    if len(digits) > DIGITS_MAX:
        raise FormulaError("one of its numbers is too long")
    return str(Decimal(digits) * _MULTIPLES[multiple])


def operator(token: Token) -> str | None:
    """The token as `*` or `/`, be it a mark or a word (`x`, `at`, `per`)."""
    kind, text = token
    if kind == "mark":
        return text if text in "*/" else None
    if kind == "word" and text.lower() in TIMES:
        return "*"
    return "/" if kind == "word" and text.lower() in OVER else None
