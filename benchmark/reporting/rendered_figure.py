"""A figure as the bytes of its files and the text that the page shows; needs nothing that draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.storage.atomic_files import write_atomically

FACES = "faces"
"""The section of the example faces, which the page shows in its own way."""


@dataclass(frozen=True)
class RenderedFigure:
    """A figure that was drawn.

    Attributes:
        name: the name of its files, e.g. ``roc-face_recognition``.
        caption: what tells it from its neighbours on the page.
        svg: the content of its SVG file.
        png: likewise.
        inline: the ``<svg>`` element of the page; empty for one that the page does not show.
    """

    name: str
    caption: str
    svg: bytes
    png: bytes
    inline: str = ""

    def save(self, folder: Path) -> None:
        """Write ``<name>.svg`` and ``<name>.png``.

        Raises:
            StorageError: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{self.name}.svg", self.svg)
        write_atomically(folder / f"{self.name}.png", self.png)
