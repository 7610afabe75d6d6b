"""Matplotlib figures as inline SVG whose colours are CSS variables; the same data gives the same bytes.

Figures carry axes and tick labels only. Names that users choose never go through matplotlib: they stand in
the HTML around the chart, where they are escaped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_PX = 360  # the content width of a phone; wider pages put charts side by side
FONT_PX = 11
_DPI = 72  # matplotlib's SVG unit is the point: at 72 dpi one unit is one CSS pixel

# Drawn with these colours, which nothing else uses, then replaced by the page's variables.
_VARIABLES = {
    "#000101": "--chart-axis",
    "#000102": "--chart-grid",
    "#000103": "--chart-shade",
    "#000104": "--asked",
    "#000105": "--sent",
    "#000106": "--done",
    "#000107": "--failed",
    "#000108": "--p50",
    "#000109": "--p99",
    "#00010a": "--max",
    "#00010b": "--count",
    "#00010c": "--response",
    "#00010d": "--service",
    "#00010e": "--front",
    "#00010f": "--beaten",
    "#000110": "--c1",
    "#000111": "--c2",
    "#000112": "--c3",
    "#000113": "--c4",
    "#000114": "--c5",
    "#000115": "--c6",
}
_COLOURS = {name.removeprefix("--"): colour for colour, name in _VARIABLES.items()}
_METADATA: dict[str, None] = {"Creator": None, "Date": None, "Format": None, "Type": None}


def colour(name: str) -> str:
    """The stand-in for the CSS variable `--name`."""
    return _COLOURS[name]


def draw(key: str, height_px: int, paint: Callable[[Figure], None]) -> str:
    """The SVG of what `paint` draws; `key` is unique in the page and keeps the ids of its charts apart."""
    import matplotlib  # here, as a report without charts need not wait for it
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's matplotlibrc must not change the report
        matplotlib.rcParams.update(_settings(key))
        figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI)
        FigureCanvasSVG(figure)
        paint(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata=_METADATA)
    return _inline(buffer.getvalue(), height_px)


def _settings(key: str) -> dict[Any, Any]:
    axis = colour("chart-axis")
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": f"tidegauge {key}",
        "text.parse_math": False,
        "font.size": FONT_PX,
        "text.color": axis,
        "axes.edgecolor": axis,
        "axes.labelcolor": axis,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "grid.color": colour("chart-grid"),
        "grid.linewidth": 0.8,
        "xtick.color": axis,
        "ytick.color": axis,
        "ytick.left": False,
        "ytick.minor.left": False,
        "lines.linewidth": 1.6,
        "path.simplify": True,
    }


def _inline(document: str, height_px: int) -> str:
    """The bare `<svg>`: no prolog, no metadata, no style for all elements, no id that nothing refers to."""
    body = document[document.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|xlink:href="#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", body)
    body = re.sub(r"(?<![-\w])font: [^;\"]*", f"font-size: {FONT_PX}px", body)
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, f"var({variable})")
    opening = f'<svg viewBox="0 0 {WIDTH_PX} {height_px}" aria-hidden="true" focusable="false">'
    return re.sub(r"<svg[^>]*>", opening, body, count=1)
