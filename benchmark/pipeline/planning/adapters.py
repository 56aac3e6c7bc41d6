"""Which recognisers of a run the adapters among its methods have weights for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.method import Method
from benchmark.methods.recogniser_adapter import RecogniserAdapter
from benchmark.methods.trained_weights import TrainedWeights, shipped_weights
from benchmark.named_weights import named_weights
from benchmark.recognisers.base import Recogniser

AT = "@"
"""Between an adapter and the recogniser that its weights were fitted to, as in ``--weights adapt@NAME=DIR``."""


def adapter_of(method: Method) -> RecogniserAdapter | None:
    """The adapter that `method` is, or that a detector is put before; None for every other kind."""
    if isinstance(method, DetectedProbes):
        return method.adapter
    return method if isinstance(method, RecogniserAdapter) else None


def choose_adapters(
    methods: Iterable[Method], recognisers: Mapping[str, Recogniser], config: RunConfig
) -> tuple[dict[str, TrainedWeights], dict[str, str]]:
    """Weights by ``ADAPTER@RECOGNISER``: those named with ``--weights``, else those shipped.

    Args:
        methods: the methods of the run.
        recognisers: the recognisers of the run, by label.
        config: the configuration of the run.

    Returns:
        The weights; and why there are none, likewise.

    Raises:
        RequestError: ``--weights`` names weights of something else, or of an adapter or recogniser not in the run.
        StorageError: a card is missing or damaged.
    """
    named = adapter_folders(config)
    used: set[str] = set()
    chosen: dict[str, TrainedWeights] = {}
    absent: dict[str, str] = {}
    adapters = {adapter.label: adapter for adapter in map(adapter_of, methods) if adapter is not None}
    for label, adapter in adapters.items():
        sharing = _sharing(adapter, adapters.values())
        for name, recogniser in recognisers.items():
            both = f"{label}{AT}{name}"
            given = next((f"{other}{AT}{name}" for other in sharing if f"{other}{AT}{name}" in named), None)
            found = _found(adapter, name, None if given is None else named[given], config.size)
            reason = _mismatch(adapter, name, recogniser, found) or adapter.refusal(recogniser)
            if given is not None:
                used.add(given)
            if found is not None and not reason:
                chosen[both] = found
            elif given is not None:
                for_whom = "" if given == both else f" (for {label})"
                raise RequestError(f"--weights {given}={named[given]}: {reason}{for_whom}")
            else:
                absent[both] = reason
    for both in named.keys() - used:
        asked = ", ".join(f"{label}{AT}{name}" for label in adapters for name in recognisers) or "no adapter"
        raise RequestError(f"--weights {both}: this run has {asked}")
    return chosen, absent


def weights_for(method: Method, recogniser: str, weights: Mapping[str, TrainedWeights]) -> TrainedWeights | None:
    """The weights of `method`, an adapter, for one recogniser; None for every other kind, or where there are none."""
    adapter = adapter_of(method)
    return None if adapter is None else weights.get(f"{adapter.label}{AT}{recogniser}")


def without_unfit(
    methods: Mapping[str, Method], named: Set[str], absent: Mapping[str, str], recognisers: Iterable[str]
) -> tuple[dict[str, Method], dict[str, str]]:
    """The methods without the adapters that fit no recogniser of the run; and these, with the reason.

    Args:
        methods: the methods of the run, by label.
        named: labels that the user named himself.
        absent: as `choose_adapters` returns it.
        recognisers: labels of the run's.

    Raises:
        RequestError: one of them was named.
    """
    kept, unfit = dict(methods), {}
    for label, method in methods.items():
        adapter = adapter_of(method)
        if adapter is None:
            continue
        reasons = [absent.get(f"{adapter.label}{AT}{name}", "") for name in recognisers]
        if reasons and all(reasons):
            if label in named:
                raise RequestError(f"method '{label}' cannot adapt any recogniser of this run: {'; '.join(reasons)}")
            unfit[label] = "; ".join(reasons)
            del kept[label]
    return kept, unfit


def adapter_folders(config: RunConfig) -> dict[str, Path]:
    """What ``--weights`` names for adapters, by ``METHOD@RECOGNISER``."""
    parts = named_weights(config.weights, config.recognisers).parts
    return {label: folder for label, folder in parts.items() if AT in label}


def _sharing(adapter: RecogniserAdapter, others: Iterable[RecogniserAdapter]) -> tuple[str, ...]:
    """The labels under which ``--weights`` may name what `adapter` uses: its own; that of the preset whose weights it
    uses; those of the run's `others` that use the same."""

    def shared(other: RecogniserAdapter) -> bool:
        return (other.name, other.weights_preset) == (adapter.name, adapter.weights_preset)

    preset = adapter.weights_preset
    owner = adapter.name if preset == next(iter(adapter.presets)) else f"{adapter.name}:{preset}"
    return tuple(dict.fromkeys((adapter.label, owner, *(other.label for other in others if shared(other)))))


def _found(adapter: RecogniserAdapter, recogniser: str, given: Path | None, size: int) -> TrainedWeights | None:
    if given is not None:
        return TrainedWeights(given)
    return shipped_weights(adapter.name, f"{adapter.weights_preset}/{recogniser}", size)


def _mismatch(adapter: RecogniserAdapter, label: str, recogniser: Recogniser, weights: TrainedWeights | None) -> str:
    """Why these weights do not fit; empty if they do."""
    if weights is None:
        command = f"train --method {adapter.label} --recogniser {label}"
        return f"it has no weights fitted to {label}; train them with `{command}`"
    card = weights.card
    if card.method != adapter.name:
        return f"these weights belong to '{card.method}'"
    if card.recogniser != label:
        return f"these weights are fitted to {card.recogniser or 'no recogniser'}"
    if card.recogniser_sha256 != recogniser.card.sha256:
        return f"these weights are fitted to other weights of {label} (SHA-256 {card.recogniser_sha256[:8]}…)"
    return adapter.weights_refusal(weights.folder)
