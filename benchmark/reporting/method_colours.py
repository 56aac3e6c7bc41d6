"""One colour a method, the same in every figure and table of a report, told apart by the colour-blind."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reporting.results_index import Entry

# Okabe & Ito's palette (2008), darkened where white paper asks for it; beside each, its twin for dark screens.
_PALETTE: tuple[tuple[str, str], ...] = (
    ("#0072b2", "#4ba6dd"),
    ("#d55e00", "#f58a3c"),
    ("#009e73", "#35c99c"),
    ("#b0559b", "#d98bc6"),
    ("#b8860b", "#e0b23e"),
    ("#46a5d8", "#93d0f5"),
    ("#7a4b2a", "#c0926c"),
    ("#5d6bb5", "#9aa6ea"),
    ("#7d8b1f", "#b9c65a"),
    ("#a3324a", "#e27a8f"),
)
_DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", (0.0, (5.0, 1.6)), (0.0, (1.4, 1.4)))
INK = "#1b1e23"
MUTED = "#66707d"
LINE = "#dfe3e8"
PAPER = "#ffffff"
ALERT = "#b3261e"

THEME: dict[str, str] = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    PAPER: "var(--surface)",
    ALERT: "var(--alert)",
    **{light: f"var(--m{number})" for number, (light, _) in enumerate(_PALETTE)},
}
"""Figure colours and the style-sheet variables that replace them inside the report, so that it can turn dark."""


def theme_variables(dark: bool) -> list[tuple[str, str]]:
    """The style-sheet variables of the method colours."""
    return [(f"--m{number}", pair[1 if dark else 0]) for number, pair in enumerate(_PALETTE)]


class MethodColours:
    """Gives each entry its colour and dash, by its place in the alphabet: never by its rank, which differs.

    Args:
        entries: the entries of the run, sorted.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._place = {entry: number for number, entry in enumerate(entries)}

    def colour(self, entry: Entry) -> str:
        """Hexadecimal, for light paper."""
        return _PALETTE[self._place[entry] % len(_PALETTE)][0]

    def variable(self, entry: Entry) -> str:
        """The same as a style-sheet variable."""
        return THEME[self.colour(entry)]

    def marker(self, entry: Entry) -> str:
        """Marker for matplotlib: a circle until the colours run out."""
        return "o" if self._place[entry] < len(_PALETTE) else "s"

    def dash(self, entry: Entry) -> str | tuple[float, tuple[float, ...]]:
        """Line style for matplotlib: solid until the colours run out."""
        return _DASHES[self._place[entry] // len(_PALETTE) % len(_DASHES)]
