"""What a run hands back: the same from a run that has just ended and from one that is stored."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from benchmark import RunResult, load_run
from benchmark.errors import RequestError

mpl.use("Agg")


def test_a_stored_run_is_the_same_result(result: RunResult) -> None:
    stored = load_run(str(result.folder))
    pd.testing.assert_frame_equal(stored.metrics, result.metrics)
    pd.testing.assert_frame_equal(stored.table(), result.table())
    assert stored.notes == result.notes
    assert stored.report.is_file()


def test_the_table_holds_the_numbers_of_metrics_csv(result: RunResult) -> None:
    table, rows = result.table(), result.metrics
    assert list(table.loc[["telea", "periocular", "true-pixels"], "role"]) == ["method", "method", "privileged"]
    assert list(table.index[:2]) == ["Raw, native", "Raw"]
    wanted = rows[(rows.method == "telea") & (rows.condition == "raw-restored") & (rows.mask_type == "all")]
    for column, metric, kind in (("gfrr_matched", "gfrr", "matched"), ("gfrr_frozen", "gfrr", "frozen")):
        found = wanted[(wanted.metric == metric) & (wanted.threshold_kind == kind)].value.item()
        assert table.loc["telea", column] == found


def test_scores_are_those_that_were_asked_for(result: RunResult) -> None:
    scores = result.scores(condition="raw-restored", method="telea")
    assert set(scores.condition) == {"raw-restored"}
    assert set(scores.method) == {"telea"}
    gfrr = result.metrics[
        (result.metrics.method == "telea")
        & (result.metrics.condition == "raw-restored")
        & (result.metrics.metric == "gfrr")
        & (result.metrics.threshold_kind == "matched")
        & (result.metrics.mask_type == "all")
    ]
    accepted = scores[scores.mated].score >= gfrr.threshold.item()
    assert 1 - accepted.mean() == pytest.approx(gfrr.value.item())
    with pytest.raises(RequestError, match="no column 'recognizer'"):
        result.scores(recognizer="x")


def test_the_roc_is_drawn_from_the_scores(result: RunResult) -> None:
    axes = result.plot_roc()
    drawn = {text.get_text() for text in axes.texts}
    assert {"raw", "masked probe", "telea", "periocular", "true-pixels"} <= drawn
    scores = result.scores(condition="raw-raw", size="64")
    mated, nonmated = scores[scores.mated].score.to_numpy(), scores[~scores.mated].score.to_numpy()
    raw = next(line for line in axes.lines if line.get_linewidth() == 1.8 and len(line.get_xdata()) > 2)
    for fmr, tar in zip(raw.get_xdata(), raw.get_ydata(), strict=True):
        threshold = np.sort(nonmated)[::-1][round(fmr * len(nonmated)) - 1]
        assert tar == pytest.approx((mated >= threshold).mean(), abs=1 / len(mated))


def test_recovery_is_drawn_or_the_reason_is_told(result: RunResult) -> None:
    shown = result.table()["recovery"].notna().any()
    if shown:
        assert result.plot_recovery().get_xlabel().startswith("recovery at FMR")
    else:
        with pytest.raises(RequestError, match="may be shown"):
            result.plot_recovery()


@pytest.mark.parametrize("wrong", [{"recogniser": "nobody"}, {"target": 0.5}])
def test_a_judge_or_target_that_the_run_lacks_is_told(result: RunResult, wrong: dict[str, object]) -> None:
    with pytest.raises(RequestError, match=r"it has: (face_recognition|0\.1)"):
        result.table(**wrong)  # type: ignore[arg-type]


def test_failures_have_reasons(result: RunResult) -> None:
    images = result.images
    assert len(result.failures) == (images.status == "failed").sum()
    assert (result.failures.reason != "").all()


def test_a_notebook_shows_a_page(result: RunResult) -> None:
    page = result._repr_html_()
    assert "telea" in page
    assert str(result.report) in page
    assert "<table" in page


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(RequestError, match=r"holds no manifest\.json"):
        load_run(tmp_path)


def test_cards_and_notes_stand_in_the_manifest(result: RunResult) -> None:
    manifest = json.loads((result.folder / "manifest.json").read_text("utf-8"))
    assert manifest["cards"]["true-pixels"]["privileged"] is True
    assert manifest["cards"]["face_recognition"]["kind"] == "recogniser"
    assert manifest["notes"] == result.notes != []


def test_the_terminal_s_table_prints_percentages(result: RunResult) -> None:
    rows = result.metrics
    value = rows[
        (rows.metric == "gfrr")
        & (rows.condition == "raw-masked")
        & (rows.threshold_kind == "matched")
        & (rows.mask_type == "all")
    ].value.item()
    masked = next(line for line in result.terminal_table().splitlines() if line.startswith("Masked"))
    assert masked.split()[2] == f"{100 * value:.1f}"
