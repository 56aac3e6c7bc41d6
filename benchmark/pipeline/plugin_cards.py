"""The cards of everything that took part in a run, for the report."""

from __future__ import annotations

from dataclasses import replace

from benchmark.acquisition.face_detectors.known import face_detector_class
from benchmark.cards import Card, MethodCard
from benchmark.masking.resolve import mask_style
from benchmark.methods.base import Method
from benchmark.methods.shipped_weights import with_data
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
            whole = replace(method.card, saw_recognisers=tuple(seen))
        if method.fitted_to_recogniser:
            whole = replace(whole, saw_recognisers=tuple(plan.recognisers))
        cards |= {**parts, method.label: replace(whole, may_know_tested=_may_know_tested(method, plan))}
    return cards


def _may_know_tested(method: Method, plan: Plan) -> bool:
    """Whether nobody can say if the people tested are among those that a part of the method learned from."""
    if plan.dataset.card.synthetic:  # rendered people are nobody
        return False
    return any(verdict != "disjoint" and loads(method, label) for label, verdict in plan.overlap.items())


def _card_of(part: Method, plan: Plan) -> MethodCard:
    trained = plan.weights.get(part.label)
    card = part.card if trained is None else with_data(part.card, trained.card.trained_on)
    if trained is not None and trained.card.teachers:
        card = replace(card, saw_recognisers=trained.card.teachers)
    return replace(card, learns=part.trains, fitted_to_recogniser=part.fitted_to_recogniser)
