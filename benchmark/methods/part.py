"""Parts: what is registered like a method but only ever works inside one."""

from __future__ import annotations

from typing import ClassVar

from benchmark.methods.learner import PairLearner


class Part(PairLearner):
    """Trained, stored and listed like a method. Asked for alone it is refused; ``--methods all`` leaves it out."""

    alone: ClassVar[str]
    """Why it is no method by itself, and what to ask for: ``"only finds the mask; add …"``; ``{name}`` is its name."""
