"""From ``fusion:FILE.yaml`` and ``gate:FILE.yaml`` to a method."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import Combination, Gate, ScoreFusion
from benchmark.methods.combinations.combination_spec import CombinationSpec
from benchmark.own_networks.card_reading import read_card

_KINDS: dict[str, type[Combination]] = {"fusion": ScoreFusion, "gate": Gate}


def resolve_combination(text: str, *, label: str, seed: int = 0, device: str = "cpu") -> Combination:
    """The combination in a file; its members are resolved by who asks for it.

    Args:
        text: ``fusion:FILE`` or ``gate:FILE``.
        label: as tables call it.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: there is no such file, or it is no combination of this kind.
    """
    kind, _, path = text.partition(":")
    file = Path(path).expanduser()
    if not file.is_file():
        raise RequestError(
            f"--methods {text}: no such file; `fuse --kind {kind} --methods A,B --file {file}` writes one"
        )
    spec = read_card(file, CombinationSpec)
    if spec.kind != kind:
        raise RequestError(f"--methods {text}: the file is a {spec.kind}; write {spec.kind}:{file}")
    return _KINDS[kind](file, spec, label=label, seed=seed, device=device)
