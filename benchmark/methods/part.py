"""Parts: what is registered like a method but only ever works inside one."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.base import Method


class Part(Method):
    """Trained, stored and listed like a method. Asked for alone it is refused; ``--methods all`` leaves it out."""

    alone: ClassVar[str]
    """Why it is no method by itself, and what to ask for: ``"only finds the mask; add …"``; ``{name}`` is its name."""

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Learn from pairs. `progress` is a `benchmark.progress.Progress`."""
