"""The recognisers that `train` gives to a method whose loss compares embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.methods.base import Learner
from benchmark.named_weights import named_weights
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.recognisers.onnx_in_torch import differentiable
from benchmark.recognisers.resolve import resolve_recognisers

_ALWAYS_HERE = ("face_recognition",)
"""Teachers that a learner makes by itself."""


def teachers_of(
    learners: Sequence[Learner[Any]], asked: Sequence[str], config: RunConfig, device: str
) -> Mapping[str, NetworkRecogniser]:
    """Recognisers by name that `learners` are to be taught by; none where a learner makes its own.

    Args:
        learners: those that are to be trained.
        asked: what ``--teachers`` names; empty = what the preset asks for.
        config: with the recognisers' files.
        device: of the training.

    Raises:
        RequestError: none of the learners has a teacher, or a recogniser is not here or cannot teach.
    """
    taught = [learner for learner in learners if learner.teachers]
    if asked and not taught:
        raise RequestError(f"--teachers {','.join(asked)}: no loss of '{learners[0].label}' compares embeddings")
    names = tuple(dict.fromkeys(asked or [name for learner in taught for name in learner.teachers]))
    if not names or (not asked and names == _ALWAYS_HERE):
        return {}
    if "all" in names:
        raise RequestError("--teachers all: name each one; only those that did not teach a method can judge it")
    files = named_weights(config.weights, names).recognisers
    ready = resolve_recognisers(names, weights=files, device=device)
    if ready.not_made:
        name, reason = next(iter(ready.not_made.items()))
        raise RequestError(f"--teachers {name}: {reason}")
    teachers: dict[str, NetworkRecogniser] = {}
    for name, recogniser in ready.ready.items():
        try:
            teacher = differentiable(recogniser)
        except RequestError as error:
            raise RequestError(f"--teachers {name}: {error}") from error
        if type(teacher).chip_grid is NetworkRecogniser.chip_grid:
            raise RequestError(
                f"--teachers {name}: it does not say where its chips are in a crop; a teacher's chips are aligned by "
                "the landmarks, as those of face_recognition, edgeface-xxs, onnx:FILE or FILE.py:ATTR"
            )
        if not _shows_pixels(teacher):
            raise RequestError(f"--teachers {name}: no gradient reaches the pixels, since the network takes bytes")
        teachers[name] = teacher
    return teachers


def _shows_pixels(teacher: NetworkRecogniser) -> bool:
    """Whether an embedding's gradient reaches the pixels of the chip."""
    chips = torch.zeros(1, 3, *teacher.card.chip_size, device=teacher.device, requires_grad=True)
    with torch.enable_grad():
        return teacher.forward(chips).requires_grad
