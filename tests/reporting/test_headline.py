"""The sentences at the top: what they claim, and what they must not claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_run import DESCRIPTIONS, METHODS, FakeMethod, fake_run

from benchmark.cards import MethodCard
from benchmark.reporting.headline import Headline, headline
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults

TARGET = 1e-3
BY_NAME = {method.name: method for method in METHODS}


def _headline(results: RunResults, target: float | None = TARGET) -> Headline:
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    return headline(index, target, synthetic=results.synthetic)


def _run(*methods: FakeMethod, synthetic: bool = False, recognisers: tuple[str, ...] = ("facenet",)) -> RunResults:
    return fake_run(methods=methods, recognisers=recognisers, mask_types=(), synthetic=synthetic, people=0)


def _with_recovery(results: RunResults, **intervals: tuple[float, float, float]) -> RunResults:
    """The run with other recoveries: value, lower and upper end, by method (``_`` for ``-``)."""
    given = {method.replace("_", "-"): interval for method, interval in intervals.items()}
    metrics = [
        replace(row, value=given[row.method][0], ci_low=given[row.method][1], ci_high=given[row.method][2])
        if row.metric == "recovery" and row.method in given
        else row
        for row in results.metrics
    ]
    return replace(results, metrics=metrics)


@pytest.mark.parametrize(("others_upper_end", "overlap"), [(0.4, True), (0.38, False)])
def test_names_the_best_method_with_its_interval(others_upper_end: float, overlap: bool) -> None:
    results = _run(BY_NAME["telea"], BY_NAME["mask-the-reference"])
    results = _with_recovery(results, telea=(0.51, 0.39, 0.62), mask_the_reference=(0.3, 0.2, others_upper_end))
    found = _headline(results)
    (verdict,) = found.verdicts
    assert verdict.certain and verdict.best_label == "telea"
    assert verdict.best is not None and verdict.best.method == "telea"
    assert "wins back 51\u202f% of that loss (95\u202f% interval 39 to 62)" in verdict.finding
    assert found.title == "The best method wins back 51\u202f% of what a mask takes"
    assert any("overlaps with that of mask-the-reference" in remark for remark in verdict.remarks) is overlap


def test_a_privileged_method_never_leads() -> None:
    found = _headline(_run(BY_NAME["true-pixels"], BY_NAME["telea"]))
    assert found.verdicts[0].best is not None and found.verdicts[0].best.method == "telea"
    alone = _headline(_run(BY_NAME["true-pixels"]))
    assert alone.verdicts[0].best is None
    assert "privileged" in alone.verdicts[0].finding


def test_a_true_mask_makes_any_method_privileged() -> None:
    cheat = replace(BY_NAME["segmenter+glcic"], name="true-mask+glcic", mask_source="true")
    found = _headline(_run(cheat, BY_NAME["telea"]))
    assert found.verdicts[0].best is not None and found.verdicts[0].best.method == "telea"


def test_a_method_is_not_ranked_by_a_recogniser_that_it_saw() -> None:
    found = _headline(_run(BY_NAME["paired-gan"], BY_NAME["telea"], recognisers=("facenet", "dlib")))
    best = {verdict.panel.recogniser: verdict.best.method for verdict in found.verdicts if verdict.best}
    assert best == {"dlib": "paired-gan", "facenet": "telea"}
    assert found.caveats == ("paired-gan saw facenet in training and is not ranked there.",)


def test_without_an_independent_judge_nothing_is_claimed() -> None:
    found = _headline(_run(BY_NAME["paired-gan"]))
    assert "No independent judge: every method saw facenet in training." in found.verdicts[0].finding
    assert "no independent judge" in found.caveats[0]
    assert "wins back" not in found.title + found.verdicts[0].finding


def test_both_halves_of_a_chain_count() -> None:
    results = _run(replace(BY_NAME["segmenter+glcic"], name="seg+gan"))
    cards = {"seg": MethodCard(), "gan": MethodCard(saw_recognisers=("facenet",))}
    found = headline(ResultsIndex(results.metrics, cards, metrics=DESCRIPTIONS), TARGET, synthetic=False)
    assert found.verdicts[0].best is None


@pytest.mark.parametrize("target", [1e-2, TARGET])
def test_synthetic_people_carry_no_recovery_claim(target: float) -> None:
    found = _headline(_run(BY_NAME["paired-gan"], BY_NAME["segmenter+glcic"], synthetic=True), target)
    words = " ".join([found.title, *(verdict.finding for verdict in found.verdicts)])
    assert "wins back" not in words and "segmenter" not in words
    assert found.caveats[0].startswith("Synthetic people show that the pipeline works")
    assert found.verdicts[0].recovery is None


def test_an_interval_that_reaches_zero_is_no_win() -> None:
    results = _run(BY_NAME["telea"])
    metrics = [
        replace(row, value=0.02, ci_low=-0.01, ci_high=0.05) if row.metric == "recovery" else row
        for row in results.metrics
    ]
    found = _headline(replace(results, metrics=metrics))
    assert found.title == "No method reliably wins back what a mask takes"
    assert "No method reliably wins any of it back" in found.verdicts[0].finding
    assert not found.verdicts[0].certain


def test_the_title_counts_only_what_is_certain() -> None:
    results = _run(BY_NAME["telea"], recognisers=("dlib", "facenet"))
    metrics = [
        replace(row, value=0.04, ci_low=-0.01, ci_high=0.11)
        if row.metric == "recovery" and row.recogniser == "facenet"
        else replace(row, value=0.31, ci_low=0.24, ci_high=0.38)
        if row.metric == "recovery"
        else row
        for row in results.metrics
    ]
    found = _headline(replace(results, metrics=metrics))
    assert found.title == (
        "The best method wins back 31\u202f% of what a mask takes from dlib; none reliably does from facenet"
    )


def test_methods_that_saw_the_same_recogniser_share_a_sentence() -> None:
    seen = replace(BY_NAME["paired-gan"], name="another-gan")
    found = _headline(_run(BY_NAME["paired-gan"], seen, BY_NAME["telea"], recognisers=("facenet", "dlib")))
    assert found.caveats == ("another-gan and paired-gan saw facenet in training and are not ranked there.",)


@pytest.mark.parametrize(
    ("low", "said"), [(0.04, "telea does best: on the same"), (-0.01, "No method reliably rejects")]
)
def test_real_masks_have_a_gain_instead_of_a_recovery(low: float, said: str) -> None:
    results = fake_run(
        methods=(BY_NAME["telea"], BY_NAME["true-pixels"]), recognisers=("facenet",), mask_types=("real",), people=0
    )
    metrics = [
        replace(row, metric="gain", value=0.062, ci_low=low, ci_high=0.08) if row.metric == "recovery" else row
        for row in results.metrics
    ]
    (verdict,) = _headline(replace(results, metrics=metrics)).verdicts
    assert said in verdict.finding
    assert f"saves 6.2 percentage points (95\u202f% interval {100 * low:.1f} to 8.0)".replace("-", "\u2212") in (
        verdict.finding
    )
    assert verdict.recovery is None and not verdict.certain


def test_a_method_that_breaks_the_frozen_threshold_is_told_so() -> None:
    found = _headline(_run(BY_NAME["periocular"]))
    assert any("the target: it needs a threshold of its own" in remark for remark in found.verdicts[0].remarks)
    assert any("35.0\u202f% more of their comparisons are rejected" in remark for remark in found.verdicts[0].remarks)


def test_nothing_measured() -> None:
    results = _run()
    assert _headline(results).title == "What a mask costs facenet"
    assert _headline(replace(results, metrics=[]), None).title == "No comparison could be measured"
