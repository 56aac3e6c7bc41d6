"""Numbers are learned that help on scores whose structure is known, and none where nothing helps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import MemberScores, choice, fused, gated
from benchmark.methods.combinations.combination_spec import FusionNumbers, GateNumbers
from benchmark.methods.combinations.learning import (
    HARM_ALLOWED,
    LearningScores,
    _shares,
    learn_fusion,
    learn_gate,
)

TARGETS = (0.01, 0.001)
PROBES, REFERENCES = 150, 40


def scored(
    means: tuple[float, ...],
    *,
    seed: int,
    noise: tuple[float, ...],
    helped: Callable[[np.ndarray], np.ndarray] | None = None,
    movement: np.ndarray | None = None,
    scales: tuple[float, ...] | None = None,
) -> LearningScores:
    """Each probe is compared with its own reference and with `REFERENCES` strangers.

    Args:
        means: by member, by how much mated scores exceed non-mated ones.
        seed: of all draws.
        noise: by member, standard deviation of every score; of each member by itself.
        helped: from the probes' movements to what the last member adds to their mated scores.
        movement: ``(PROBES,)``, of the last member.
        scales: by member, of its scores.
    """
    rng = np.random.default_rng(seed)
    probe = np.repeat(np.arange(PROBES), REFERENCES + 1)
    mated = np.tile(np.arange(REFERENCES + 1) == 0, PROBES)
    scores = np.stack(
        [mean * mated + rng.normal(0, spread, len(mated)) for mean, spread in zip(means, noise, strict=True)]
    )
    moved = np.ones((len(means), PROBES)) if movement is None else np.stack([np.ones(PROBES), movement])
    if helped is not None:
        scores[-1] += helped(moved[-1])[probe] * mated
    scores *= np.array(scales or (1.0,) * len(means))[:, None]
    movements = moved[:, probe].astype(np.float32)
    return LearningScores(MemberScores(scores.astype(np.float32), lambda: movements), mated, probe)


def gfrr(part: LearningScores, scores: np.ndarray, target: float) -> float:
    strangers = np.sort(scores[~part.mated])
    threshold = strangers[len(strangers) - 1 - int(target * len(strangers))]
    return float((scores[part.mated] <= threshold).mean())


def test_members_of_independent_errors_are_averaged_whatever_their_scales() -> None:
    """Two of equal worth, one on a scale of a hundred, and one that knows nothing: the best weights are 1 : 1 : 0."""
    made = {"noise": (1.0, 1.0, 1.0), "scales": (1.0, 100.0, 1.0)}
    masked, bare = scored((3, 3, 0), seed=1, **made), scored((5, 5, 0), seed=2, **made)
    learned = learn_fusion(masked, bare, TARGETS)
    assert isinstance(learned.numbers, FusionNumbers)
    first, second, third = np.array(learned.numbers.weights) * [1, 100, 1]
    assert second / first == pytest.approx(1, abs=0.7)
    assert abs(third) < 0.3 * first
    test = scored((3, 3, 0), seed=3, **made)
    combined = fused(test.members.scores, learned.numbers)
    for target in TARGETS:
        assert gfrr(test, combined, target) < 0.75 * gfrr(test, test.members.scores[0], target)
        before, after = learned.gfrr[target]
        assert before == pytest.approx(gfrr(masked, masked.members.scores[0], target), abs=0.02)
        assert after < before


def test_a_fusion_has_the_scale_of_the_first_member() -> None:
    made = {"noise": (1.0, 1.0), "scales": (0.1, 7.0)}
    masked, bare = scored((3, 3), seed=1, **made), scored((5, 5), seed=2, **made)
    learned = learn_fusion(masked, bare, TARGETS)
    combined = fused(bare.members.scores, learned.numbers)
    for rate in (0.1, 0.001):
        wanted = np.quantile(bare.members.scores[0][~bare.mated], 1 - rate)
        assert np.quantile(combined[~bare.mated], 1 - rate) == pytest.approx(wanted, abs=0.01)


def test_where_the_second_knows_nothing_no_method_is_chosen() -> None:
    masked, bare = (scored((3, 0), seed=seed, noise=(1.0, 3.0)) for seed in (1, 2))
    learned = learn_fusion(masked, bare, TARGETS)
    assert learned.numbers.weights[1] < 0.05 * learned.numbers.weights[0]
    assert max(learned.harm.values()) <= HARM_ALLOWED


def test_what_harms_bare_probes_is_not_chosen() -> None:
    """The second member is better on masked probes and useless on bare ones."""
    masked = scored((2, 6), seed=1, noise=(1.0, 1.0))
    bare = scored((6, 0), seed=2, noise=(1.0, 1.0))
    free = learn_fusion(masked, scored((9, 9), seed=2, noise=(1.0, 1.0)), TARGETS)
    bound = learn_fusion(masked, bare, TARGETS)
    assert free.numbers.weights[1] > bound.numbers.weights[1]
    assert max(bound.harm.values()) <= HARM_ALLOWED


MOVED = np.random.default_rng(9).uniform(0, 1, PROBES)


def test_a_gate_takes_the_other_member_where_its_movement_promises_something() -> None:
    """The second member helps what moves far, and harms what moves little; its scores have another scale."""
    made = {
        "noise": (1.0, 1.0),
        "scales": (1.0, 5.0),
        "movement": MOVED,
        "helped": lambda moved: np.where(moved < 0.5, 4.0, -4.0),
    }
    masked, bare = scored((2.5, 2.5), seed=1, **made), scored((6, 6), seed=2, **made)
    learned = learn_gate(masked, bare, TARGETS)
    assert isinstance(learned.numbers, GateNumbers)
    test = scored((2.5, 2.5), seed=3, **made)
    chosen = choice(test.members.movements(), learned.numbers)
    far = test.members.movements()[1]
    assert (chosen[far < 0.3] == 1).all()
    assert (chosen[far > 0.7] == 0).all()
    combined = gated(test.members, learned.numbers)
    assert gfrr(test, combined, 0.01) < 0.7 * gfrr(test, test.members.scores[0], 0.01)
    assert gfrr(test, combined, 0.01) < 0.7 * gfrr(test, test.members.scores[1], 0.01)


def test_a_gate_that_nothing_promises_anything_leaves_every_probe_as_it_is() -> None:
    made = {"noise": (1.0, 1.0), "movement": MOVED, "helped": lambda moved: np.full(len(moved), -3.0)}
    masked, bare = scored((3, 3), seed=1, **made), scored((6, 6), seed=2, **made)
    learned = learn_gate(masked, bare, TARGETS)
    test = scored((3, 3), seed=3, **made)
    assert (choice(test.members.movements(), learned.numbers) == 0).all()
    np.testing.assert_allclose(gated(test.members, learned.numbers), test.members.scores[0], atol=1e-4)
    assert max(learned.harm.values()) == 0


def test_a_probe_without_movement_or_score_is_no_choice_and_a_failure_stays_one() -> None:
    numbers = GateNumbers(scales=(1, 2), offsets=(0, 1), gains=((0, 0), (1, 0)))
    members = MemberScores(
        np.float32([[1, 1, np.nan], [3, 3, 3]]), lambda: np.float32([[1, 1, np.nan], [0, np.nan, 0]])
    )
    np.testing.assert_array_equal(gated(members, numbers), np.float32([7, 1, 7]))
    np.testing.assert_array_equal(fused(np.float32([[1, np.nan]]), FusionNumbers(weights=(2,))), [2, np.nan])
    np.testing.assert_array_equal(fused(np.float32([[1], [np.nan]]), FusionNumbers(weights=(2, 0))), [2])


def test_too_few_comparisons_and_too_many_members_are_one_line() -> None:
    few = scored((3, 3), seed=1, noise=(1.0, 1.0))
    with pytest.raises(RequestError, match="too few comparisons to learn from"):
        learn_fusion(few, few, (1e-6,))
    with pytest.raises(RequestError, match="5 members at most"):
        many = scored((3,) * 6, seed=1, noise=(1.0,) * 6)
        learn_fusion(many, many, TARGETS)
    flat = scored((3, 0), seed=1, noise=(1.0, 0.0))
    with pytest.raises(RequestError, match="same score"):
        learn_fusion(flat, flat, TARGETS)


def test_every_share_is_tried_once() -> None:
    shares = list(_shares(4))
    assert len(shares) == len(set(shares)) == 286
    assert all(sum(share) == 10 for share in shares)
