"""The sentences at the top: what they claim, and what they must not claim."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_run import DESCRIPTIONS, METHODS, FakeMethod, fake_run

from benchmark.cards import MethodCard
from benchmark.reporting.headline import Headline, headline
from benchmark.reporting.judges_table import ranking_tables
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.results_table import method_table
from benchmark.reporting.run_results import RunResults
from benchmark.verification.difference import Difference

TARGET = 1e-3
BY_NAME = {method.name: method for method in METHODS}


def _headline(results: RunResults, target: float | None = TARGET) -> Headline:
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    return headline(index, target, synthetic=results.synthetic)


def _run(*methods: FakeMethod, synthetic: bool = False, recognisers: tuple[str, ...] = ("facenet",)) -> RunResults:
    return fake_run(methods=methods, recognisers=recognisers, mask_types=(), synthetic=synthetic, people=0)


def _with_recovery(results: RunResults, values: dict[tuple[str, str], tuple[float, float, float]]) -> RunResults:
    """Recovery by method and recogniser: value and interval."""
    changed = []
    for row in results.metrics:
        found = values.get((row.method, row.recogniser)) if row.metric == "recovery" else None
        if found is not None:
            row = replace(row, value=found[0], ci_low=found[1], ci_high=found[2])  # noqa: PLW2901
        changed.append(row)
    return replace(results, metrics=changed)


def _with_strength(results: RunResults, rejected: dict[str, float]) -> RunResults:
    """GFRR without a mask at FMR 0.1 %, by recogniser."""
    changed = [
        replace(row, value=rejected[row.recogniser])
        if (row.metric, row.condition, row.target) == ("gfrr", "raw-raw", 1e-3) and row.recogniser in rejected
        else row
        for row in results.metrics
    ]
    return replace(results, metrics=changed)


def test_the_best_restoration_stands_beside_the_best_baseline_with_intervals() -> None:
    results = _run(BY_NAME["telea"], BY_NAME["segmenter+glcic"], BY_NAME["mask-the-reference"])
    results = _with_recovery(
        results,
        {
            ("segmenter+glcic", "facenet"): (0.31, 0.24, 0.38),
            ("mask-the-reference", "facenet"): (0.42, 0.37, 0.47),
            ("telea", "facenet"): (-0.1, -0.2, -0.02),
        },
    )
    found = _headline(results)
    (verdict,) = found.verdicts
    assert verdict.certain and verdict.best_label == "segmenter+glcic"
    assert (
        "The best restoration, segmenter+glcic, wins back 31\u202f% of that loss (95\u202f% interval 24 to 38) "
        "if the threshold is set anew for it." in verdict.finding
    )
    assert (
        "The best baseline, mask-the-reference, wins back 42\u202f% of that loss (95\u202f% interval 37 to 47)."
        in verdict.finding
    )
    assert any("Without re-tuning, at the threshold set on raw faces" in remark for remark in verdict.remarks)
    assert found.title == (
        "segmenter+glcic wins back 31\u202f% of what a mask takes from facenet, a weak judge; the best baseline, "
        "mask-the-reference, 42\u202f%"
    )


def test_the_bar_and_its_key_say_what_became_of_all_mated_comparisons() -> None:
    results = _run(BY_NAME["segmenter+glcic"])
    results = _with_recovery(results, {("segmenter+glcic", "facenet"): (0.31, 0.24, 0.38)})
    bar = _headline(results).verdicts[0].bar
    assert [part.kind for part in bar] == ["kept", "lost", "won", "accepted"]
    assert [part.text for part in bar] == [
        "rejected even without a mask",
        "still lost with segmenter+glcic",
        "won back by segmenter+glcic",
        "accepted even with a mask",
    ]
    assert sum(part.width for part in bar) == pytest.approx(100, abs=0.05)
    lost = _headline(_run(BY_NAME["true-pixels"])).verdicts[0].bar
    assert [part.text for part in lost][1] == "lost to the mask"


@pytest.mark.parametrize(("rejected", "strong"), [(0.01, True), (0.0101, False)])
def test_a_strong_judge_rejects_at_most_one_percent_without_a_mask(rejected: float, strong: bool) -> None:
    results = _with_strength(_run(BY_NAME["telea"]), {"facenet": rejected})
    found = _headline(results)
    assert found.verdicts[0].strength.strong == strong
    assert any("No recogniser of this run is a strong judge" in caveat for caveat in found.caveats) != strong


def test_without_the_target_a_judge_is_not_called_strong() -> None:
    results = _run(BY_NAME["telea"])
    results = replace(results, metrics=[row for row in results.metrics if row.target != 1e-3])
    judge = _headline(results, 1e-2).verdicts[0].strength
    assert not judge.strong and "could not be measured" in judge.text


def test_what_helps_a_weak_judge_and_harms_a_strong_one_is_no_help() -> None:
    results = _run(BY_NAME["segmenter+glcic"], recognisers=("dlib", "edgeface"))
    results = _with_strength(results, {"dlib": 0.08, "edgeface": 0.004})
    results = _with_recovery(
        results, {("segmenter+glcic", "dlib"): (0.13, 0.08, 0.18), ("segmenter+glcic", "edgeface"): (-1.1, -1.9, -0.6)}
    )
    found = _headline(results)
    assert found.title == "No method reliably wins back what a mask takes from a strong judge"
    weak = next(verdict for verdict in found.verdicts if verdict.panel.recogniser == "dlib")
    assert not weak.certain
    assert "segmenter+glcic harms the strong judge edgeface (−110\u202f%): not a finding." in weak.finding


def test_the_strong_judges_alone_decide_and_are_counted() -> None:
    results = _run(BY_NAME["segmenter+glcic"], BY_NAME["telea"], recognisers=("dlib", "edgeface", "facenet"))
    results = _with_strength(results, {"dlib": 0.08, "edgeface": 0.004, "facenet": 0.02})
    results = _with_recovery(
        results,
        {
            **{("telea", judge): (-0.2, -0.4, -0.1) for judge in ("dlib", "edgeface", "facenet")},
            ("segmenter+glcic", "dlib"): (0.5, 0.4, 0.6),
            ("segmenter+glcic", "facenet"): (0.4, 0.3, 0.5),
            ("segmenter+glcic", "edgeface"): (0.2, 0.1, 0.3),
        },
    )
    assert _headline(results).title == (
        "segmenter+glcic wins back 20\u202f% of what a mask takes, as judged by 1 of 3 recognisers (1 strong); "
        "no baseline reliably does"
    )
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    (table,) = ranking_tables(index, TARGET)
    assert [judge.title for judge in table.judges] == ["edgeface", "dlib", "facenet"], "strong ones first"
    assert [(row.label, row.judges, row.mean.text, row.baseline) for row in table.rows] == [
        ("segmenter+glcic", "3 of 3, 1 strong", "20", False),
        ("telea", "3 of 3, 1 strong", "−20", True),
    ]


def test_what_is_fitted_to_a_recogniser_has_a_ranking_of_its_own() -> None:
    results = _run(BY_NAME["template-ridge"], BY_NAME["segmenter+glcic"], recognisers=("dlib", "facenet"))
    always = replace(BY_NAME["template-ridge"].card, saw_recognisers=("dlib", "facenet"))  # as a run fills it in
    results = replace(results, cards={**results.cards, "template-ridge": always})
    results = _with_recovery(
        results,
        {(name, judge): (value, value - 0.05, value + 0.05) for name, value in
         (("template-ridge", 0.8), ("segmenter+glcic", 0.2)) for judge in ("dlib", "facenet")},
    )  # fmt: skip
    found = _headline(results)
    assert found.title.startswith("segmenter+glcic wins back 20")
    assert any("Fitted to this recogniser and therefore ranked separately: template-ridge" in one for one in
               found.verdicts[0].remarks)  # fmt: skip
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    tables = ranking_tables(index, TARGET)
    assert [[row.label for row in table.rows] for table in tables] == [["segmenter+glcic"], ["template-ridge"]]
    assert tables[1].rows[0].judges == "2 of 2" and all(cell.text == "80" for cell in tables[1].rows[0].cells)
    assert not any("left out of every ranking" in caveat for caveat in found.caveats)
    panel = method_table(index, index.panels[0], TARGET, {})
    assert [row.label for row in panel.methods] == ["segmenter+glcic"]
    assert [row.label for row in panel.fitted] == ["template-ridge"]


def test_a_method_that_saw_its_judge_is_in_no_ranking() -> None:
    results = _run(BY_NAME["paired-gan"], BY_NAME["telea"])
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    table = method_table(index, index.panels[0], TARGET, {})
    assert [row.label for row in table.methods] == ["telea"]
    assert [row.label for row in table.seen] == ["paired-gan"]


def test_a_method_that_failed_on_every_image_is_the_headline() -> None:
    results = _run(BY_NAME["telea"], BY_NAME["segmenter+glcic"])
    metrics = [
        replace(row, value=1.0) if (row.metric, row.method) == ("fta", "segmenter+glcic") else row
        for row in results.metrics
    ]
    assert _headline(replace(results, metrics=metrics)).title == "segmenter+glcic failed on every image"


def test_few_comparisons_are_told_from_none() -> None:
    results = _run(BY_NAME["telea"])
    few = [replace(row, n_mated=24, n_nonmated=552) for row in results.metrics if row.target is None]
    found = _headline(replace(results, metrics=few), None)
    assert found.title == "Too few comparisons to set a threshold"
    said = found.verdicts[0].finding
    assert said.startswith("With 24 mated and 552 non-mated comparisons, no threshold could be set")
    assert "equal error rate" in said and "AUC" in said and "was not measured" not in said
    assert "The smallest target that they support is 0.6\u202f% (--targets 0.006); from 6\u202f% on" in said


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
    assert found.caveats[1:] == ("paired-gan saw facenet in training and is not ranked by that recogniser.",)


def test_without_an_independent_judge_nothing_is_claimed() -> None:
    found = _headline(_run(BY_NAME["paired-gan"]))
    assert "No independent judge: every method saw facenet in training." in found.verdicts[0].finding
    assert "no independent judge" in found.caveats[1]
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
    assert "No baseline reliably wins any of it back" in found.verdicts[0].finding
    assert not found.verdicts[0].certain


@pytest.mark.parametrize(
    ("interval", "title"),
    [
        (
            (0.48, 0.36, 0.6),
            "Only a method fitted to the recogniser wins back what a mask takes: template-ridge, 48\u202f% from a "
            "strong judge",
        ),
        ((0.48, -0.1, 0.6), "No method reliably wins back what a mask takes"),
    ],
)
def test_a_method_fitted_to_the_recogniser_is_named_where_no_other_wins(
    interval: tuple[float, float, float], title: str
) -> None:
    results = _with_strength(_run(BY_NAME["telea"], BY_NAME["template-ridge"]), {"facenet": 0.004})
    others = {("telea", "facenet"): (0.2, 0.1, 0.3)}
    fitted = {("template-ridge", "facenet"): interval}
    harmed = {("telea", "facenet"): (-0.2, -0.3, -0.1)}
    assert "telea, wins back 20" in _headline(_with_recovery(results, others | fitted)).title
    assert _headline(_with_recovery(results, harmed | fitted)).title == title


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
        "The best baseline, telea, wins back 31\u202f% of what a mask takes, as judged by 1 of 2 recognisers, "
        "none of them strong"
    )


def test_methods_that_saw_the_same_recogniser_share_a_sentence() -> None:
    seen = replace(BY_NAME["paired-gan"], name="another-gan")
    found = _headline(_run(BY_NAME["paired-gan"], seen, BY_NAME["telea"], recognisers=("facenet", "dlib")))
    assert found.caveats[1:] == (
        "another-gan and paired-gan saw facenet in training and are not ranked by that recogniser.",
    )


@pytest.mark.parametrize(
    ("low", "said"), [(0.04, "telea does best: on the same"), (-0.01, "No method reliably avoids")]
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
    assert f"avoids 6.2 percentage points (95\u202f% interval {100 * low:.1f} to 8.0)".replace("-", "\u2212") in (
        verdict.finding
    )
    assert verdict.recovery is None and not verdict.certain


def test_a_method_that_breaks_the_frozen_threshold_is_told_so() -> None:
    found = _headline(_run(BY_NAME["periocular"]))
    assert any("false match rate: it needs its own threshold" in remark for remark in found.verdicts[0].remarks)
    assert any("35.0\u202f% more of their comparisons are rejected" in remark for remark in found.verdicts[0].remarks)


def test_nothing_measured() -> None:
    results = _run()
    assert _headline(results).title == "What a mask costs facenet"
    assert _headline(replace(results, metrics=[]), None).title == "No comparison could be measured"


def _tested(method: str, other: str, difference: float, p_holm: float | None) -> Difference:
    row = next(row for row in _run(BY_NAME[method]).metrics if row.method == method)
    return Difference(
        **{name: getattr(row, name) for name in ("dataset", "protocol", "acquisition", "size")},
        recogniser="facenet",
        method=method,
        preset=row.preset,
        mask_source=row.mask_source,
        other=other,
        other_preset="",
        other_mask_source="",
        metric="gfrr",
        threshold_kind="matched",
        target=TARGET,
        difference=difference,
        ci_low=difference - 0.01,
        ci_high=difference + 0.01,
        tested=p_holm is not None,
        p=p_holm,
        p_holm=p_holm,
        n_mated=100,
        n_nonmated=1000,
    )


def test_the_best_is_said_to_be_chosen_on_these_people_beside_what_the_tests_support() -> None:
    results = _run(BY_NAME["residual-regressor"], BY_NAME["segmenter+glcic"], BY_NAME["telea"])
    recoveries = {
        ("segmenter+glcic", "facenet"): (0.31, 0.24, 0.38),
        ("residual-regressor", "facenet"): (0.2, 0.1, 0.3),
        ("telea", "facenet"): (0.1, 0.05, 0.15),
    }
    results = _with_recovery(results, recoveries)
    index = ResultsIndex(results.metrics, results.cards, metrics=DESCRIPTIONS)
    tests = [
        _tested("segmenter+glcic", "none", -0.1, 0.001),
        _tested("segmenter+glcic", "telea", -0.02, 0.2),
        _tested("residual-regressor", "none", -0.1, 0.001),
        _tested("segmenter+glcic", "residual-regressor", -0.1, None),
    ]
    (verdict,) = headline(index, TARGET, synthetic=False, differences=tests).verdicts
    assert verdict.best_label == "segmenter+glcic"
    assert verdict.remarks[:2] == (
        "segmenter+glcic is the best of 2 restorations on these same people, so its figure is biased in its favour.",
        "At FMR 0.1\u202f%, corrected for all tests of this recogniser and so also for the choice of the best: "
        "segmenter+glcic rejects fewer comparisons than leaving the mask on; no difference from telea is certain.",
    )
    worse = [replace(row, difference=-row.difference) for row in tests[:1]]
    (verdict,) = headline(index, TARGET, synthetic=False, differences=worse).verdicts
    assert "segmenter+glcic rejects more comparisons than leaving the mask on." in verdict.remarks[1]
    (alone,) = _headline(_with_recovery(_run(BY_NAME["segmenter+glcic"], BY_NAME["telea"]), recoveries)).verdicts
    assert not any("biased in its favour" in remark for remark in alone.remarks), "one restoration, no choice"
