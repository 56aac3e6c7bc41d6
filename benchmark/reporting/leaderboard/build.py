"""Reads submitted run folders, believes those that can be recomputed, and writes the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import RequestError, StorageError
from benchmark.progress import Progress
from benchmark.reporting.leaderboard.recompute import recompute
from benchmark.reporting.leaderboard.render import leaderboard_csv, leaderboard_markdown, leaderboard_page
from benchmark.reporting.leaderboard.standings import Board, Submission, boards
from benchmark.reporting.run_folder import MANIFEST
from benchmark.reporting.stored_run import read_run
from benchmark.reporting.stored_scores import SCORES
from benchmark.storage.atomic_files import write_together
from benchmark.storage.utf8 import as_utf8, writable


@dataclass(frozen=True)
class Refusal:
    """A folder that is not on the leaderboard.

    Attributes:
        name: of the folder.
        reason: one line.
        is_run: whether it claims to be a finished run with scores; anything else is only passed over.
    """

    name: str
    reason: str
    is_run: bool


@dataclass(frozen=True)
class Leaderboard:
    """What `write_leaderboard` wrote.

    Attributes:
        page: the path of ``leaderboard.html``; beside it are ``leaderboard.md`` and ``leaderboard.csv``.
        boards: what may stand side by side.
        refused: folders that are not shown.
    """

    page: Path
    boards: tuple[Board, ...]
    refused: tuple[Refusal, ...]


def write_leaderboard(folders: Sequence[Path], out: Path, progress: Progress) -> Leaderboard:
    """Write ``leaderboard.html``, ``leaderboard.md`` and ``leaderboard.csv``.

    Args:
        folders: of runs; what is no run is passed over, what cannot be believed is refused, and both are listed.
        out: folder to write to, made if absent.
        progress: recomputing takes about as long as measuring did.

    Raises:
        RequestError: no folder can be shown.
        StorageError: `out` cannot be written.
    """
    submissions: list[Submission] = []
    refused: list[Refusal] = []
    given = list(dict.fromkeys(folder.resolve() for folder in folders))
    with progress.bar("recompute runs", total=len(given), unit="run") as bar:
        for folder in given:
            try:
                run = read_run(folder)
                submissions.append(Submission(folder, run, recompute(folder, run)))
            except RequestError as error:
                claims = all((folder / name).exists() for name in (MANIFEST, SCORES))
                refused.append(Refusal(writable(folder.name), str(error), claims))
            bar.update(1)
    found = boards(submissions)
    if not found:
        raise RequestError(
            "no run can be shown"
            + "".join(f"; {one.name}: {one.reason}" for one in refused[:3])
            + (f"; and {len(refused) - 3} more" if len(refused) > 3 else "")
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out} cannot be made ({error.strerror}); choose another folder with --out") from error
    passed_over = [(one.name, one.reason) for one in refused]
    page = out / "leaderboard.html"
    write_together(
        {
            out / "leaderboard.csv": as_utf8(leaderboard_csv(found)),
            out / "leaderboard.md": as_utf8(leaderboard_markdown(found, passed_over)),
            page: as_utf8(leaderboard_page(found, passed_over)),
        }
    )
    return Leaderboard(page, tuple(found), tuple(refused))
