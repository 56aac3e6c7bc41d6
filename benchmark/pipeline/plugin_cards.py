"""The cards of everything that took part in a run, for the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from benchmark.acquisition.face_detectors.known import face_detector_class
from benchmark.cards import Card, MethodCard
from benchmark.masking.resolve import mask_style
from benchmark.methods.base import Method
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.detectors.base import Detector
from benchmark.methods.shipped_weights import with_data
from benchmark.pipeline.planning.adapters import AT
from benchmark.pipeline.planning.chosen_weights import loads
from benchmark.pipeline.planning.plan import Plan


def plugin_cards(plan: Plan) -> dict[str, Card]:
    """The card of every plugin that took part, by name; those of methods and of their parts by label."""
    cards: dict[str, Card] = {plan.config.dataset: plan.dataset.card}
    if plan.training is not None:
        cards |= {source.dataset_name: source.dataset.card for source in plan.training.sources}
    cards |= {name: mask_style(name).card for name in plan.config.masks}
    cards |= {name: recogniser.card for name, recogniser in plan.recognisers.items()}
    cards |= {name: face_detector_class(name).card for name in plan.face_search.face_detectors}
    for method in plan.methods.values():
        parts = {part.label: _card_of(part, plan) for part in method.parts()}
        whole = parts.get(method.label)
        if whole is None:
            seen = dict.fromkeys(name for card in parts.values() for name in card.saw_recognisers)
            whole = replace(_card_of(method, plan), saw_recognisers=tuple(seen))
        if method.fitted_to_recogniser:
            whole = replace(whole, saw_recognisers=tuple(plan.recognisers))
        whole = replace(whole, may_know_tested=_may_know_tested(method, plan))
        if isinstance(method, Combination):
            whole = _with_members(whole, [cards[label] for label in _members(method) if label in cards])
        cards |= {label: card for label, card in parts.items() if label not in plan.methods}  # which has its own
        cards[method.label] = whole
    return cards


def _members(method: Combination) -> list[str]:
    return [method.label_of(member) for member in method.members]


def _with_members(card: MethodCard, members: Iterable[Card]) -> MethodCard:
    """The card of a combination: its scores are those of its members, and so is what these have seen."""
    own = [member for member in members if isinstance(member, MethodCard)]
    trained_on = dict.fromkeys(name for one in (card, *own) for name in one.trained_on)
    may_know_tested = any(one.may_know_tested for one in (card, *own))
    return replace(card, trained_on=tuple(trained_on), may_know_tested=may_know_tested)


def _may_know_tested(method: Method, plan: Plan) -> bool:
    """Whether nobody can say if the people tested are among those that a part of the method learned from."""
    if plan.dataset.card.synthetic:  # rendered people are nobody
        return False
    return any(verdict != "disjoint" and loads(method, label) for label, verdict in plan.overlap.items())


def _card_of(method: Method, plan: Plan) -> MethodCard:
    """The card of a method or part, with what its own parts have seen: a search learns nothing, its generator does.

    It *learns* if any part does but the detector that finds its holes.
    """
    own = {part.label: part for part in method.parts()}
    trained = [weights.card for label, weights in plan.weights.items() if label.partition(AT)[0] in own]
    card = method.card
    if trained:
        licences = {name: licence for one in trained for name, licence in one.trained_on.items()}
        trained_on = dict.fromkeys((*card.trained_on, *licences))
        card = replace(with_data(card, licences), trained_on=tuple(trained_on))
    teachers = tuple(dict.fromkeys(name for one in trained for name in one.teachers))
    if teachers:
        card = replace(card, saw_recognisers=teachers)
    of_itself = [part for part in own.values() if isinstance(method, Detector) or not isinstance(part, Detector)]
    learns = any(part.trains for part in of_itself)
    return replace(card, learns=learns, fitted_to_recogniser=method.fitted_to_recogniser)
