"""Which pairs a method changes the verdict of: by hand, and against the counts of rejected comparisons."""

from __future__ import annotations

import numpy as np

from benchmark.verification.changed_verdicts import ChangedVerdicts, ScoredTwice, changed_verdicts

NAN = float("nan")
# rescued, rescued more, lost, kept, still out, failed, failed but accepted before; two people: created, kept out
BEFORE = np.array([0.40, 0.30, 0.60, 0.90, 0.20, 0.30, 0.70, 0.10, 0.10])
AFTER = np.array([0.65, 0.80, 0.30, 0.90, 0.25, NAN, NAN, 0.70, 0.20])
MATED = np.array([True] * 7 + [False] * 2)
SCORED = ScoredTwice(BEFORE, AFTER, 0.5, 0.6, MATED)


def _found(*, each: int = 9, masks: list[int] | None = None, seed: int = 0) -> ChangedVerdicts:
    codes = np.array([0] * len(MATED) if masks is None else masks)
    return changed_verdicts(SCORED, codes, each=each, generator=np.random.default_rng(seed))


def test_rescues_come_in_the_order_of_how_far_they_moved() -> None:
    assert _found().rows["rescue"].tolist() == [1, 0]


def test_failures_that_were_accepted_come_first_and_lost_faces_last_of_either() -> None:
    found = _found()
    assert found.rows["failure"].tolist() == [2, 6, 4, 5]
    assert (found.counts["failure"], found.worsened, found.failed) == (4, 2, 2)


def test_a_created_false_match_was_rejected_before() -> None:
    assert _found().rows["false match"].tolist() == [7]
    assert _found().counts["false match"] == 1


def test_lifting_every_score_and_its_threshold_changes_nothing() -> None:
    lifted = ScoredTwice(BEFORE, BEFORE + 0.3, 0.5, 0.8, MATED)
    found = changed_verdicts(lifted, np.zeros(len(MATED), int), each=9, generator=np.random.default_rng(0))
    assert not len(found.rows["rescue"]) and not len(found.rows["false match"]) and found.worsened == 0


def test_the_sample_is_drawn_by_the_seed_from_mated_comparisons_alone() -> None:
    assert _found(each=3).rows["sample"].tolist() == _found(each=3).rows["sample"].tolist()
    drawn = {tuple(sorted(_found(each=3, seed=seed).rows["sample"].tolist())) for seed in range(9)}
    assert len(drawn) > 1 and all(row < 7 for rows in drawn for row in rows)
    assert _found().counts["sample"] == 7


def test_mask_types_take_turns() -> None:
    masks = [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert _found(each=2, masks=masks).rows["failure"].tolist() == [2, 4]
    assert _found(each=2).rows["failure"].tolist() == [2, 6]


def test_nothing_to_compare() -> None:
    empty = np.empty(0)
    found = changed_verdicts(
        ScoredTwice(empty, empty, 0.5, 0.5, np.empty(0, bool)),
        np.empty(0, int),
        each=3,
        generator=np.random.default_rng(0),
    )
    assert all(len(rows) == 0 for rows in found.rows.values())
