"""What a benchmark found, and the file that keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """A row of the table.

    Attributes:
        benchmark: the name under which it is run again.
        stage: what was measured.
        goal: what was wanted, in words.
        measured: what was found, in words.
        met: whether the goal is met; None where there is none.
        ratio: times faster than `against`, for the figure; None where nothing is compared.
        against: what `ratio` compares with.
        check: how the outputs were compared, and what that gave.
        floor: what no program could undercut here, and how far away it is.
    """

    benchmark: str
    stage: str
    goal: str
    measured: str
    met: bool | None = None
    ratio: float | None = None
    against: str = ""
    check: str = ""
    floor: str = ""


@dataclass(frozen=True)
class Findings:
    """All rows, by benchmark, and the machine on which each was measured."""

    rows: dict[str, list[Finding]]
    machines: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> Findings:
        """What the file keeps; nothing where there is none."""
        if not file.exists():
            return cls({}, {})
        stored = json.loads(file.read_text("utf-8"))
        rows = {name: [Finding(**row) for row in of_one] for name, of_one in stored["rows"].items()}
        return cls(rows, stored["machines"])

    def write(self, file: Path) -> None:
        """Keep them."""
        rows = {name: [asdict(row) for row in of_one] for name, of_one in self.rows.items()}
        text = json.dumps({"machines": self.machines, "rows": rows}, indent=1, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")
