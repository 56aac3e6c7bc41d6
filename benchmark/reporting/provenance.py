"""Where the numbers come from: settings, versions, digests, times, and the plugins with their licences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.cards import Card, DatasetCard, FaceDetectorCard, MethodCard, RecogniserCard
from benchmark.reporting.formatting import duration, number

_KINDS: tuple[tuple[type[Card], str], ...] = (
    (DatasetCard, "data set"),
    (MethodCard, "method"),
    (RecogniserCard, "recogniser"),
    (FaceDetectorCard, "face detector"),
)
_OTHER_KINDS = "mask or metric"
_SHOWN_ELSEWHERE = ("durations", "cards", "notes")
"""Parts of the manifest that the page shows in a form of their own."""


@dataclass(frozen=True)
class PluginRow:
    """One plugin and what a reader must know of it."""

    kind: str
    name: str
    summary: str
    licence: str
    trained_on: str
    saw: str
    parameters: str
    source: str
    link: str


@dataclass(frozen=True)
class StepTime:
    """How long one step took, and its share of the longest."""

    step: str
    text: str
    share: float


def plugin_rows(cards: Mapping[str, Card]) -> list[PluginRow]:
    """One row per plugin: data sets, methods, recognisers, then the rest."""
    rows = []
    for name, card in cards.items():
        kind = kind_of_card(card)
        link = card.source if card.source.startswith(("https://", "http://")) else ""
        parameters = ", ".join(f"{network} {number(count, 0)}" for network, count in card.parameters.items())
        rows.append(
            PluginRow(
                kind,
                name,
                card.summary,
                card.licence,
                ", ".join(card.trained_on),
                ", ".join(card.saw_recognisers),
                parameters,
                card.source,
                link,
            )
        )
    order = [title for _, title in _KINDS] + [_OTHER_KINDS]
    return sorted(rows, key=lambda row: (order.index(row.kind), row.name))


def kind_of_card(card: Card) -> str:
    """What kind of plugin a card belongs to, as a reader calls it."""
    return next((title for base, title in _KINDS if isinstance(card, base)), _OTHER_KINDS)


def step_times(manifest: Mapping[str, Any]) -> list[StepTime]:
    """The durations of the manifest, in its order."""
    durations = manifest.get("durations")
    if not isinstance(durations, Mapping):
        return []
    seconds = {str(step): float(value) for step, value in durations.items() if isinstance(value, int | float)}
    longest = max(seconds.values(), default=0.0)
    return [
        StepTime(step, duration(value), round(100 * value / longest, 1) if longest > 0 else 0.0)
        for step, value in seconds.items()
    ]


def manifest_lines(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The manifest as ``path, value`` lines; a list stands on one line.

    >>> manifest_lines({"config": {"size": 64, "masks": ["cloth"]}})
    [('config.size', '64'), ('config.masks', 'cloth')]
    """
    return [(path, text) for path, text in _lines(manifest, "") if path.partition(".")[0] not in _SHOWN_ELSEWHERE]


def _lines(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in _lines(inner, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return [(path, ", ".join(str(item) for item in value))]
    return [(path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))]
