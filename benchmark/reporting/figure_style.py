"""How every figure looks, and how it is stored: files for papers, inline SVG for the report."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

from benchmark.reporting.method_colours import INK, LINE, MUTED, PAPER, THEME

TEXT_SIZE = 10.0
SMALL_TEXT = 9.0
LABEL_CHARACTERS = 19
"""Of a method's name beside the axes, in figures with one line or strip a method."""
_FILE_DPI = 200
_COMPRESSION = 2
"""Of PNGs: a third of the time of the usual 6, for files that are a tenth larger."""


@dataclass(frozen=True)
class NamedFigure:
    """A drawn figure.

    Attributes:
        name: the name of its files, e.g. ``roc-face_recognition``.
        title: what it shows, for readers who cannot see it.
        caption: what tells it from its neighbours on the page.
        figure: as drawn, light colours.
    """

    name: str
    title: str
    caption: str
    figure: Figure


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw and save inside this context."""
    style: dict[Any, Any] = {
        "axes.axisbelow": True,
        "patch.edgecolor": "white",
        "patch.force_edgecolor": True,
        "xtick.bottom": False,
        "ytick.left": False,
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
        "axes.edgecolor": LINE,
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.titlesize": TEXT_SIZE,
        "axes.labelsize": SMALL_TEXT,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "text.color": INK,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "xtick.labelsize": SMALL_TEXT,
        "ytick.labelsize": SMALL_TEXT,
        "font.size": TEXT_SIZE,
        "font.family": "sans-serif",
        "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
        "lines.solid_capstyle": "round",
        "svg.hashsalt": "unmask-benchmark",
        "text.parse_math": False,  # a `$` in a plugin's name is a dollar sign, not the beginning of a formula
    }
    with mpl.rc_context(style):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` × `height` inches, outside pyplot's global state."""
    return Figure(figsize=(width, height))


def bare(axes: Axes, *, grid: str | None = None) -> None:
    """Remove the frame but for the bottom line; a faint grid across `grid` (``"x"``, ``"y"`` or both)."""
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.tick_params(length=0, pad=4)
    if grid is not None:
        axes.grid(axis=grid)  # type: ignore[arg-type]
        axes.set_axisbelow(True)


def in_lines(name: str, most: int) -> str:
    """A name over several lines of at most `most` characters, broken after ``+`` or ``:`` or at a space, else at ``-``.

    What has no such place stays in one line, however long.

    >>> in_lines("identity-completer:identity-first", 20)
    'identity-completer:\\nidentity-first'
    >>> in_lines("identity-completer (tuned)", 20), in_lines("true-mask+co-mod-gan", 19)
    ('identity-completer\\n(tuned)', 'true-mask+\\nco-mod-gan')
    >>> in_lines("residual-regressor", 16), in_lines("telea", 16)
    ('residual-\\nregressor', 'telea')
    """
    lines = [""]
    parts = []
    for part in re.findall(r"[^+: ]*[+: ]|[^+: ]+", name):
        parts += [part] if len(part.rstrip()) <= most else re.findall(r"[^-]*-|[^-]+", part)
    for part in parts:
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def write_lines(
    on: Axes | Figure, x: float, y: float, text: str, *, transform: Transform, fontsize: float = TEXT_SIZE, **style: Any
) -> None:
    """Write a text of several lines, half of them above `y`, each as a text of its own.

    In one text matplotlib places the lines by the widths and heights that it measured; the page shows them in another
    font, and they would not end at the same place.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        up = ((len(lines) - 1) / 2 - number - 0.35) * fontsize  # letters reach from the baseline to 0.7 of their size
        moved = transform + ScaledTranslation(0, up / 72, on.figure.dpi_scale_trans)
        on.text(x, y, line, transform=moved, va="baseline", fontsize=fontsize, **style)


def figure_files(drawn: NamedFigure) -> tuple[bytes, bytes]:
    """The figure as SVG (text as outlines, so that it looks alike everywhere) and as PNG."""
    files = []
    for suffix, settings in (
        ("svg", {"metadata": {"Date": None, "Title": drawn.title}}),
        ("png", {"metadata": {"Title": drawn.title}, "pil_kwargs": {"compress_level": _COMPRESSION}}),
    ):
        content = io.BytesIO()
        with mpl.rc_context({"svg.fonttype": "path"}):
            drawn.figure.savefig(content, format=suffix, dpi=_FILE_DPI, **settings)
        files.append(content.getvalue())
    svg, png = files
    return svg, png


def inline_svg(drawn: NamedFigure) -> str:
    """The figure as an ``<svg>`` element that takes fonts and colours, dark or light, from the page around it."""
    content = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": drawn.name}):
        drawn.figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    text = content.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{drawn.name}-', text)
    text = re.sub(r"url\(#", f"url(#{drawn.name}-", text)
    text = re.sub(r'(xlink:)?href="#', f'href="#{drawn.name}-', text)
    text = re.sub(r"font:\s*(?:(\d{3}|bold)\s+)?([\d.]+)px\s+[^;\"]+", _font, text)
    for colour, variable in THEME.items():
        text = re.sub(re.escape(colour), variable, text, flags=re.IGNORECASE)
    text = re.sub(r"\n\s*", "\n", text)
    view = re.search(r'viewBox="[^"]+"', text)
    head = f'<svg {view.group(0) if view else ""} role="img" aria-label="{html.escape(drawn.title)}">'
    return head + text[text.index(">") + 1 :]


def _font(match: re.Match[str]) -> str:
    weight = f"font-weight: {match.group(1)}; " if match.group(1) else ""
    return f"{weight}font-size: {match.group(2)}px"
