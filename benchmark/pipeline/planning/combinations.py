"""What a run must know of its combinations: their members, and the recognisers that they have numbers for."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.combinations.combination_spec import NONE
from benchmark.methods.method import Method
from benchmark.methods.own_completers.names import COMBINATIONS
from benchmark.methods.resolve import resolve_method
from benchmark.recognisers.base import Recogniser


def with_members(asked: str) -> tuple[str, ...]:
    """What one name of ``--methods`` asks for: itself, and before it the members that it combines."""
    if not asked.startswith(COMBINATIONS):
        return (asked,)
    combination = resolve_method(asked)
    members = combination.members if isinstance(combination, Combination) else ()
    return (*(member for member in members if member != NONE), asked)


def introduce_members(methods: Mapping[str, Method], labels: Mapping[str, str]) -> None:
    """Tell every combination which methods its members are.

    Args:
        methods: of the run, by label.
        labels: by name as asked for, the label.

    Raises:
        RequestError: a member is no method that can be one.
    """
    for method in methods.values():
        if not isinstance(method, Combination):
            continue
        known = {member: labels[member] for member in method.members if member in labels}
        own = [methods[label] for label in known.values()]
        if any(isinstance(member, Combination) for member in own):
            raise RequestError(f"'{method.label}': a combination cannot be a member of another one")
        method.know_members(known, own)


def check_combinations(
    methods: Mapping[str, Method], recognisers: Mapping[str, Recogniser], config: RunConfig
) -> dict[str, str]:
    """By ``COMBINATION@RECOGNISER`` those that have no numbers for a recogniser, with the reason.

    Args:
        methods: of the run, by label.
        recognisers: of the run, by label.
        config: the configuration of the run.

    Raises:
        RequestError: a combination has numbers for no recogniser of the run, or no bare probe is sent through methods.
    """
    left_out: dict[str, str] = {}
    for label, method in methods.items():
        if not isinstance(method, Combination):
            continue
        reasons = {name: method.refusal(name, one.card.sha256) for name, one in recognisers.items()}
        if recognisers and all(reasons.values()):
            raise RequestError(f"'{label}': {'; '.join(reasons.values())}")
        left_out |= {f"{label}@{name}": reason for name, reason in reasons.items() if reason}
        if not config.passthrough:
            raise RequestError(
                f"'{label}' sets its thresholds on bare probes that are sent through it; raise --passthrough"
            )
    return left_out
