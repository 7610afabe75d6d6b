"""The flow of a replayed line: one request, as the log had it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

import pandas as pd

from tidegauge.engine.flows import RunnableFlow
from tidegauge.engine.request import Request
from tidegauge.engine.session import Session
from tidegauge.plan import Plan
from tidegauge.replay import REPLAY_FLOW
from tidegauge.signing import load_signer
from tidegauge.stack import Stack

SIGNED_AHEAD = 20_000  # the most frequent paths, 5 s of work; others are signed when first sent
SIGNED_KEPT = 100_000
VALID_MARGIN_S = 3600.0  # signatures outlast the run by this: clocks differ, and runs begin late

Sign = Callable[[str, str], str]


def replay_flow(
    plan: Plan, sessions: pd.DataFrame, stack: Stack, environ: Mapping[str, str], unix_s: float
) -> RunnableFlow:
    """The flow that sends row `session.index` of `sessions` (columns as in Replayed).

    Signed URLs get one expiry for the whole run, so that a path is signed once, as a client that keeps its
    URL would ask; the key comes from the environment that `[signing]` of the stack names (exit 2 without).
    """
    method, path, base, endpoint = (_texts(sessions[name]) for name in ("method", "path", "base", "endpoint"))
    sign = sessions["sign"].tolist()
    expected = _expected(sessions)
    signed: Sign | None = None
    if any(sign):
        signed = _signing(stack, environ, int(unix_s + plan.duration_s + plan.drain_s + VALID_MARGIN_S))
        often = Counter(zip(sessions["base"][sign], sessions["path"][sign], strict=True))
        for (its_base, its_path), _ in often.most_common(SIGNED_AHEAD):
            signed(its_base, its_path)

    def run(session: Session) -> None:
        index = session.index
        where, its_base = path[index], base[index]
        if sign[index]:
            assert signed is not None
            where = signed(its_base, where)
        session.send(
            Request(
                method[index],
                where,
                endpoint=endpoint[index],
                base=its_base,
                expect_status=expected[index],
                keep_body=False,
            )
        )

    own = sessions["flow"] == REPLAY_FLOW
    return RunnableFlow(name=REPLAY_FLOW, run=run, endpoints=tuple(sessions["endpoint"][own].unique()))


def _texts(column: pd.Series) -> list[str]:
    """A text for each row, with one object for all equal ones: logs repeat theirs by the million."""
    codes, values = pd.factorize(column)
    texts = [str(value) for value in values]
    return [texts[code] for code in codes]


def _expected(sessions: pd.DataFrame) -> list[Collection[int]]:
    pairs = zip(sessions["status_low"].tolist(), sessions["status_high"].tolist(), strict=True)
    shared: dict[tuple[int, int], Collection[int]] = {}
    return [shared.setdefault((low, high), range(low, high + 1)) for low, high in pairs]


def _signing(stack: Stack, environ: Mapping[str, str], expires_unix_s: int) -> Sign:
    assert stack.signing is not None  # without [signing] no line is marked for signing
    signer = load_signer(stack.signing, environ)

    @lru_cache(maxsize=SIGNED_KEPT)
    def signed(base: str, path: str) -> str:
        added = signer.query(stack.url(base) + path, expires_unix_s)
        return f"{path}{'&' if '?' in path else '?'}{added}"

    return signed
