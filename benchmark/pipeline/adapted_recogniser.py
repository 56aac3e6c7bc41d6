"""The recogniser that `train` fits an adapter to, and what the adapter learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.masked_faces import MaskedPairs
from benchmark.methods.base import AdapterExamples, RecogniserAdapter
from benchmark.methods.fit_step import TrainingPairs
from benchmark.named_weights import named_weights
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers
from benchmark.recognisers.step import Embeddings, recognise
from benchmark.views import MaskedView


@dataclass(frozen=True)
class AdaptedRecogniser:
    """One recogniser, to be adapted.

    Attributes:
        name: its label.
        recogniser: ready to use.
    """

    name: str
    recogniser: Recogniser

    @property
    def sha256(self) -> str:
        """Of its weights."""
        return self.recogniser.card.sha256

    def facts(self) -> dict[str, Any]:
        """What the card of the weights says of it."""
        card = self.recogniser.card
        return {"recogniser": self.name, "recogniser_sha256": card.sha256, "parameters": dict(card.parameters)}

    def examples(self, made: TrainingPairs, context: RunContext) -> tuple[AdapterExamples, dict[str, Any]]:
        """What an adapter learns from, and the keys of what that was made from.

        Raises:
            RequestError: the recogniser gives too few of the bare faces an embedding.
        """
        train = self._templates(made.views, "bare training faces", context)
        validation = self._templates(made.validation_views, "bare validation faces", context)
        of_pairs, templates = _finite(made.pairs, made.views, train)
        if made.pairs.validation is None:
            raise AssertionError("validation pairs are made with the training pairs")
        of_validation, validation_templates = _finite(made.pairs.validation, made.validation_views, validation)
        if len(of_pairs) < 2:
            raise RequestError(
                f"{self.name} gives {len(of_pairs)} of {len(made.pairs)} bare training faces an embedding, which is "
                "too few to learn from; train on more people (raise --train-limit)"
            )
        examples = AdapterExamples(
            self.recogniser, replace(of_pairs, validation=of_validation), templates, validation_templates
        )
        keys = {"pairs": made.key, "templates": [one.key for one in (*train, *validation)]}
        return examples, {**keys, "recogniser": self.name, "recogniser_weights": self.sha256}

    def _templates(self, views: Sequence[MaskedView], shown: str, context: RunContext) -> list[Embeddings]:
        return [recognise(self.name, self.recogniser, view.unmasked(), shown=shown, context=context) for view in views]


def recogniser_to_adapt(
    adapter: RecogniserAdapter, asked: str | None, config: RunConfig, device: str
) -> AdaptedRecogniser:
    """The recogniser that ``--recogniser`` names.

    Raises:
        RequestError: none is named, it does not work here, or it cannot be adapted.
    """
    if asked is None:
        raise RequestError(
            f"'{adapter.name}' changes a recogniser; name that one with --recogniser, e.g. face_recognition"
        )
    if asked == "all" or "," in asked:
        raise RequestError(f"--recogniser {asked}: name one recogniser; each one needs a training of its own")
    files = named_weights(config.weights, (asked,)).recognisers
    ready = resolve_recognisers((asked,), weights=files, device=device).ready
    ((name, recogniser),) = ready.items()
    reason = adapter.refusal(recogniser)
    if reason:
        raise RequestError(f"--recogniser {asked} cannot be adapted: {reason}")
    return AdaptedRecogniser(name, recogniser)


def _finite(
    pairs: MaskedPairs, views: Sequence[MaskedView], embeddings: Sequence[Embeddings]
) -> tuple[MaskedPairs, NDArray[np.float32]]:
    """The pairs whose bare face has a template, and these templates; `pairs` are those rows of `views` that did not
    fail."""
    templates = np.concatenate(
        [
            np.asarray(made.values)[[row for row in range(len(view)) if not view.failed(row)]]
            for view, made in zip(views, embeddings, strict=True)
        ]
    )
    whole = np.flatnonzero(np.isfinite(templates).all(axis=1))
    if len(whole) == len(templates):
        return pairs, templates  # as memory maps: the faces may not fit in memory
    return pairs.rows(whole), templates[whole]
