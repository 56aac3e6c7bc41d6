"""The leaderboard as a page, as Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.reporting.export.markdown import escaped
from benchmark.reporting.formatting import number, plural
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.leaderboard.standings import Board, Standing
from benchmark.reporting.page_policy import content_security_policy
from benchmark.reporting.page_templates import environment, sorting_script, style_sheet
from benchmark.storage.csv_files import csv_text

_HEADINGS = ("Recovery %", "GFRR %", "TAR %", "GFRR %, frozen", "Realised FMR %", "Harm, points")
_NAMES = ("recovery", "gfrr_matched", "tar_matched", "gfrr_frozen", "fmr_frozen", "harm")
_ROLES = {
    "fitted": "Fitted to this recogniser or its templates: they have always seen their judge",
    "seen": "Saw this recogniser in training: no independent judge",
    "privileged": "Privileged: given what a deployed system lacks",
}
_HOW = (
    "Every number was made again from the scores that the run stores; a run whose tables say something else is "
    "refused. What a method was trained on, and whether it was given the truth, is what its run says. The order is by "
    "recovery and is no finding where intervals overlap: compare tests two runs on the comparisons that they share."
)
Refused = Sequence[tuple[str, str]]


def leaderboard_page(boards: Sequence[Board], refused: Refused) -> str:
    """``leaderboard.html``: one file that opens offline."""
    script = sorting_script()
    return (
        environment()
        .get_template("leaderboard.html.j2")
        .render(
            style=style_sheet(),
            script=script,
            policy=content_security_policy(script),
            title=_title(boards),
            how=_HOW,
            headings=_HEADINGS,
            boards=[
                {
                    "title": board.panel.recogniser,
                    "setting": _setting(board),
                    "apart": board.apart,
                    "groups": list(_groups(board)),
                    "several": len(board.runs) > 1,
                }
                for board in boards
            ],
            datasets=[
                (name, [place for place, board in enumerate(boards) if board.panel.dataset == name])
                for name in dict.fromkeys(board.panel.dataset for board in boards)
            ],
            refused=refused,
        )
    )


def leaderboard_markdown(boards: Sequence[Board], refused: Refused) -> str:
    """``leaderboard.md``."""
    lines = [f"# {escaped(_title(boards))}", "", escaped(_HOW)]
    for board in boards:
        lines += ["", f"## {escaped(board.panel.recogniser)} on {escaped(board.panel.dataset)}", "", _setting_md(board)]
        lines += ["", escaped(board.apart)] if board.apart else []
        lines += ["", f"| Method | Run | {' | '.join(_HEADINGS)} |", f"|---|---|{'---:|' * len(_HEADINGS)}"]
        for reason, standings in _groups(board):
            if reason:
                lines.append(f"| *{escaped(reason)}* |{' |' * (1 + len(_HEADINGS))}")
            lines += [_markdown_row(one) for one in standings]
    if refused:
        lines += ["", "## Not shown", ""]
        lines += [f"- {escaped(name)}: {escaped(reason)}" for name, reason in refused]
    return "\n".join(lines) + "\n"


def leaderboard_csv(boards: Sequence[Board]) -> str:
    """``leaderboard.csv``: one row for each method of each run before each recogniser; rates are shares, each beside
    both ends of its 95 % interval."""
    about = ("board", "dataset", "protocol", "acquisition", "size", "recogniser", "masks", "target")
    measured = [f"{name}{part}" for name in _NAMES for part in ("", "_ci_low", "_ci_high")]
    columns = [*about, "run", "role", "method", "preset", "train_data", "mask_source", *measured]
    rows = []
    for place, board in enumerate(boards, start=1):
        panel = board.panel
        setting = (place, panel.dataset, panel.protocol, panel.acquisition, panel.size, panel.recogniser, board.masks)
        for one in (*board.unmasked, *board.standings):
            entry = one.row.entry
            names = (
                (one.row.label, "", "", "")
                if entry is None
                else (
                    entry.method,
                    entry.preset,
                    entry.train_data,
                    entry.mask_source,
                )
            )
            values = [value for cell in one.cells for value in (cell.order, *(cell.ends or (None, None)))]
            rows.append([*setting, board.target, one.run, one.role, *names, *values])
    return csv_text(columns, rows)


def _groups(board: Board) -> Iterator[tuple[str, list[Standing]]]:
    """What stands together, with the reason where it stands apart."""
    yield "", list(board.unmasked)
    yield "", [one for one in board.standings if one.role not in _ROLES]
    for role, reason in _ROLES.items():
        found = [one for one in board.standings if one.role == role]
        if found:
            yield reason, found


def _title(boards: Sequence[Board]) -> str:
    runs = len({run for board in boards for run in board.runs})
    sets = len({board.panel.dataset for board in boards})
    judges = len({board.panel.recogniser for board in boards})
    return f"{plural(runs, 'run')} on {plural(sets, 'data set')}, {plural(judges, 'recogniser')}"


def _setting(board: Board) -> str:
    panel = board.panel
    size = f"{panel.size} px" if panel.size.isdigit() else panel.size
    counted = f"{number(board.n_mated, 0)} mated and {number(board.n_nonmated, 0)} non-mated comparisons"
    masks = f", masks {board.masks}" if board.masks else ""
    return (
        f"{panel.protocol}, {panel.acquisition} acquisition, {size}{masks}; {counted}; FMR {target_text(board.target)}"
    )


def _setting_md(board: Board) -> str:
    return escaped(_setting(board))


def _markdown_row(one: Standing) -> str:
    cells = [f"{cell.text} ({cell.within})" if cell.within else cell.text for cell in one.cells]
    label = one.row.label + (" (baseline)" if one.role == "baseline" else "")
    return f"| {' | '.join(escaped(text) for text in (label, one.run, *cells))} |"
