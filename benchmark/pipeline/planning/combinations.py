"""What a run must know of its combinations: their members, and the recognisers that they have numbers for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.combinations.combination import Combination, Gate
from benchmark.methods.combinations.combination_spec import NONE
from benchmark.methods.method import Method
from benchmark.methods.own_completers.file_completer import own_completers
from benchmark.methods.own_completers.names import COMBINATIONS
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.pipeline.planning.adapters import adapter_of
from benchmark.recognisers.base import Recogniser
from benchmark.reporting.formatting import listed


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
        RequestError: a combination has numbers for no recogniser of the run, no bare probe is sent through methods, or
            a gate has a member that it cannot choose.
    """
    left_out: dict[str, str] = {}
    for label, method in methods.items():
        if not isinstance(method, Combination):
            continue
        if isinstance(method, Gate):
            own = {method.label_of(member) for member in method.members}
            check_gate_members((methods[name] for name in own & methods.keys()), gate=f"'{label}': ")
        reasons = {name: method.refusal(name, one.card.sha256) for name, one in recognisers.items()}
        if recognisers and all(reasons.values()):
            raise RequestError(f"'{label}': {'; '.join(reasons.values())}")
        left_out |= {f"{label}@{name}": reason for name, reason in reasons.items() if reason}
        if not config.passthrough:
            raise RequestError(
                f"'{label}' sets its thresholds on bare probes that are sent through it; raise --passthrough"
            )
    return left_out


def weights_in_use(methods: Iterable[Method], weights: Mapping[str, TrainedWeights]) -> dict[str, str]:
    """SHA-256 of everything that `methods` have learned before the run, by the label of the part.

    Args:
        methods: of the run.
        weights: those that they load, likewise by label; networks in files of the user's are their own.
    """
    files = {label: completer.card.sha256 for label, completer in own_completers(methods).items()}
    loaded = {label: trained.sha256 for label, trained in weights.items()}
    return {label: sha256 for label, sha256 in (loaded | files).items() if sha256}


def changed_members(methods: Mapping[str, Method], weights: Mapping[str, TrainedWeights]) -> list[str]:
    """One sentence for each combination that was learned with other weights of its members than those of this run.

    Args:
        methods: of the run, by label.
        weights: as of `weights_in_use`.
    """
    combinations = {label: method for label, method in methods.items() if isinstance(method, Combination)}
    if not any(method.spec.member_weights for method in combinations.values()):
        return []
    now = weights_in_use(methods.values(), weights)
    said = []
    for label, method in combinations.items():
        parts = [
            f"{part} (SHA-256 {sha256[:8]}… then, {now[part][:8]}… now)"
            for part, sha256 in method.spec.member_weights.items()
            if part in now and now[part] != sha256
        ]
        if parts:
            said.append(
                f"{label} was learned with other weights of {listed(parts)}: its numbers may not suit these; `fuse` "
                "learns them again"
            )
    return said


def check_gate_members(members: Iterable[Method], *, gate: str = "") -> None:
    """Refuse members between which a gate cannot choose.

    Args:
        members: without ``none``.
        gate: how the message begins.

    Raises:
        RequestError: one makes longer embeddings than the recogniser, or a detector chooses between its comparisons
            and the recogniser's.
    """
    for member in members:
        adapter = adapter_of(member)
        if adapter is not None and adapter.longer_embeddings:
            raise RequestError(
                f"{gate}a gate compares what its members make of a probe, and '{member.label}' makes longer "
                "embeddings of it than the recogniser; leave it out, or learn a fusion"
            )
        if adapter is not None and adapter.adapts_references and isinstance(member, DetectedProbes):
            raise RequestError(
                f"{gate}a gate compares what its members make of a probe, and '{member.label}' makes one of two things "
                f"of it; take '{adapter.label}' in its place, or learn a fusion"
            )
