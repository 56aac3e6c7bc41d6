"""The strip of example faces as a figure for papers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from benchmark.reporting.example_faces import face_captions
from benchmark.reporting.figure_style import SMALL_TEXT, NamedFigure, in_lines, new_figure, write_lines
from benchmark.reporting.method_colours import MUTED
from benchmark.reporting.run_results import ExampleStrip

_REASON_WIDTH = 16  # characters that fit a tile


def faces_figure(strips: Sequence[ExampleStrip]) -> NamedFigure | None:
    """All strips as one figure; None where there are none."""
    captions = face_captions(strips)
    if not captions:
        return None
    names = [in_lines(caption, _REASON_WIDTH) for caption in captions]
    tile, gap, letters = 0.95, 0.06, SMALL_TEXT - 1  # inches; the letters in points
    heights = [(1 + name.count("\n")) * letters / 72 for name in names]
    head = 0.13 + max(heights)
    width, height = len(captions) * (tile + gap) + gap, len(strips) * (tile + gap) + head
    figure = new_figure(width, height)
    for across, (caption, name, tall) in enumerate(zip(captions, names, heights, strict=True)):
        left = (gap + across * (tile + gap)) / width
        middle = (left + tile / 2 / width, 1 - (head - 0.05 - tall / 2) / height)
        write_lines(figure, *middle, name, transform=figure.transFigure, fontsize=letters, ha="center")
        for down, strip in enumerate(strips):
            bottom = (height - head - (down + 1) * (tile + gap) + gap) / height
            axes = figure.add_axes((left, bottom, tile / width, tile / height))
            axes.set_axis_off()
            picture = strip.columns.get(caption)
            if picture is not None:
                axes.imshow(picture, interpolation="lanczos")
            else:
                why = strip.reasons.get(caption, "not made")
                why = textwrap.fill(textwrap.shorten(why, 5 * _REASON_WIDTH, placeholder=" …"), _REASON_WIDTH)
                axes.text(0.5, 0.5, why, ha="center", va="center", color=MUTED,
                          fontsize=SMALL_TEXT - 1, transform=axes.transAxes)  # fmt: skip
    return NamedFigure("faces", "Example faces: raw, masked and restored by each method", "Faces", figure)
