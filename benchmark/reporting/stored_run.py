"""A run as it is stored: its metrics, and what its manifest keeps for those who read them later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.cards import Card, MethodCard
from benchmark.reporting.metrics_file import read_metrics
from benchmark.reporting.provenance import kind_of_card
from benchmark.reporting.run_folder import read_finished
from benchmark.storage.utf8 import writable
from benchmark.verification.measurement import Note


@dataclass(frozen=True)
class StoredRun:
    """A run as it stands on disk."""

    name: str
    metrics: pd.DataFrame
    manifest: Mapping[str, Any]


def read_run(folder: Path) -> StoredRun:
    """Read what a run wrote.

    Raises:
        RequestError: the folder is missing, or holds no finished run of this schema, all of whose files are as the run
            left them.
    """
    manifest = read_finished(folder)
    return StoredRun(writable(folder.resolve().name), read_metrics(folder / "metrics.csv"), manifest)


def stored_cards(cards: Mapping[str, Card]) -> dict[str, dict[str, Any]]:
    """Cards as JSON values, by the plugin's name."""
    return {name: {"kind": kind_of_card(card), **asdict(card)} for name, card in cards.items()}


def read_cards(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Card]:
    """Cards from what `stored_cards` made; of what is no method, what every card holds.

    >>> read_cards(stored_cards({"paste": MethodCard(privileged=True, saw_recognisers=("r",))}))["paste"].privileged
    True
    """
    cards: dict[str, Card] = {}
    for name, about in stored.items():
        cls = MethodCard if about.get("kind") == "method" else Card
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in about.items() if key in known
        }
        cards[name] = cls(**values)
    return cards


def stored_notes(notes: Iterable[Note | str]) -> list[str]:
    """The text of every note, each once, in order."""
    return list(dict.fromkeys(note if isinstance(note, str) else note.text for note in notes))
