"""What a part of the campaign did and found, as JSON and as Markdown."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Finding:
    """One trial that did not end as it must.

    Attributes:
        trial: what was done, so that it can be done again with the same seed.
        problem: what was wrong then.
    """

    trial: str
    problem: str


@dataclass
class Part:
    """One part of the campaign while it is going on and afterwards.

    Attributes:
        name: ``kills``, ``images``, ``artefacts`` or ``names``.
        asked: trials that were asked for.
        trials: trials that were made.
        outcomes: how they ended, counted.
        findings: those that ended as they must not.
        seconds: how long they took.
    """

    name: str
    asked: int
    trials: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic, repr=False)

    def ended(self, trial: str, outcome: str, problems: Sequence[str] = ()) -> None:
        """Count a trial, and say on stderr how it ended where that is worth a line."""
        self.trials += 1
        self.outcomes["a finding" if problems else outcome] += 1
        self.findings += [Finding(trial, problem) for problem in problems]
        self.seconds = round(time.monotonic() - self._began, 1)
        step = max(1, self.asked // 20)
        if problems or self.trials % step == 0 or self.trials == self.asked:
            print(f"{self.name} {self.trials}/{self.asked} ({self.seconds:.0f} s): {trial}: {outcome}", file=sys.stderr)
        for problem in problems:
            print(f"  FINDING {problem}", file=sys.stderr)


def as_json(parts: Sequence[Part], seed: int) -> str:
    """All parts as one JSON object."""
    rows = [
        {
            "part": part.name,
            "asked": part.asked,
            "made": part.trials,
            "seconds": part.seconds,
            "outcomes": dict(part.outcomes.most_common()),
            "findings": [asdict(one) for one in part.findings],
        }
        for part in parts
    ]
    return json.dumps({"seed": seed, "parts": rows}, indent=1, ensure_ascii=False) + "\n"


def as_markdown(parts: Sequence[Part], seed: int) -> str:
    """All parts as a page: counts, outcomes, and every finding."""
    lines = [f"# Campaign, seed {seed}", "", "| part | asked | made | findings | seconds |", "|---|---|---|---|---|"]
    lines += [
        f"| {part.name} | {part.asked:,} | {part.trials:,} | {len(part.findings)} | {part.seconds:.0f} |"
        for part in parts
    ]
    for part in parts:
        lines += ["", f"## {part.name}", ""]
        lines += [f"- {count:,} × {outcome}" for outcome, count in part.outcomes.most_common()]
        lines += [f"- **finding** {one.trial}: {' '.join(one.problem.split())}" for one in part.findings]
    return "\n".join(lines) + "\n"
