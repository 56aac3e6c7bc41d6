"""Text in figures, as the page shows it."""

from __future__ import annotations

import re

from benchmark.reporting.figure_style import NamedFigure, figure_style, inline_svg, new_figure, write_lines


def test_every_line_of_a_name_ends_where_the_others_do_whatever_the_font() -> None:
    with figure_style():
        figure = new_figure(3, 1)
        write_lines(
            figure, 0.5, 0.5, "identity-completer\n(tuned)", transform=figure.transFigure, fontsize=10, ha="right"
        )
        svg = inline_svg(NamedFigure("name", "title", "caption", figure))
    style = r'<text style="[^"]*text-anchor: end[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>'
    lines = [re.search(style + re.escape(text), svg) for text in ("identity-completer", "(tuned)")]
    (first_x, first_y), (second_x, second_y) = [tuple(map(float, line.groups())) for line in lines if line]
    assert first_x == second_x == 0.5 * 3 * 72
    assert abs((second_y - first_y) - 10) < 1e-3
    assert abs((first_y + second_y) / 2 - 36 - 0.35 * 10) < 1e-3
