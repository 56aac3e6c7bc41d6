"""The recogniser's own network, trained on for faces that something covers."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.cards import MethodCard
from benchmark.errors import BenchmarkError, RequestError
from benchmark.machine.native_precision import native_precision
from benchmark.methods.adapters.adaptation_task import AdaptationTask, LossSettings, TemplateBank
from benchmark.methods.adapters.correction import Correction, fitted_correction
from benchmark.methods.adapters.probe_chips import ProbeChips, ProbeSettings
from benchmark.methods.adapters.probe_recogniser import ProbeRecogniser
from benchmark.methods.recogniser_adapter import AdapterExamples, RecogniserAdapter
from benchmark.methods.weights import load_arrays, load_network, read_about, save_network
from benchmark.plugins import register_method
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.recognisers.onnx_in_torch import differentiable
from benchmark.recognisers.trainable_embedding import TrainableEmbedding
from benchmark.training.loop import train
from benchmark.training.task import TrainingSettings

_ARCHITECTURE = "adapted network 1"


@dataclass(frozen=True)
class _Learned:
    """What training gave: the network, and how its embeddings are made comparable (see `Correction`)."""

    network: nn.Module
    mean: NDArray[np.float32]
    share: float
    mirror: bool


@dataclass(frozen=True)
class AdaptedNetworkSettings:
    """A preset of `AdaptedNetwork`.

    Attributes:
        training: length and portions.
        probes: how the faces vary that it learns from.
        loss: its weights and the learning rate.
    """

    training: TrainingSettings
    probes: ProbeSettings = field(default_factory=ProbeSettings)
    loss: LossSettings = field(default_factory=LossSettings)


@register_method("adapt")
class AdaptedNetwork(RecogniserAdapter):
    """Change the recogniser, not the face: its network is trained on for covered probes.

    It learns to give a covered face the embedding that the unchanged network gives the same face bare (Huber et al.
    2021), and to tell that person from strangers. Half of the covers are drawn masks, half are arbitrary, because the
    network must learn the upper face and not the look of ten masks. Bare faces in each batch keep the embeddings of
    bare probes unchanged, so that no mask detector is needed.
    """

    card = MethodCard(
        source="Huber et al., Mask-invariant Face Recognition through Template-level Knowledge Distillation, FG 2021",
        fitted_to_recogniser=True,
        licence="code: MIT; what it learned is a derivative of the recogniser's weights and the training photos",
    )
    starts_from_weights = True
    presets: ClassVar[dict[str, AdaptedNetworkSettings]] = {
        "default": AdaptedNetworkSettings(
            TrainingSettings(
                epochs=1000,
                max_steps=4000,
                batch_size=32,
                size=128,
                flip=True,
                precision="bfloat16",
                checkpoint_every=200,
            )
        )
    }
    settings: AdaptedNetworkSettings
    learned: _Learned | None = None
    _folder: Path | None = None

    @classmethod
    def refusal(cls, recogniser: Recogniser) -> str:
        """Gradients must pass through the recogniser's network: one of PyTorch, or a converted ONNX file."""
        try:
            differentiable(recogniser)
        except RequestError as error:
            return str(error)
        return ""

    def fit(self, examples: AdapterExamples, *, progress: Any) -> None:
        """Train a copy of the recogniser's network."""
        recogniser, pairs, settings = differentiable(examples.recogniser), examples.pairs, self.settings
        metric = recogniser.card.metric
        validation = None
        if pairs.validation is not None and len(pairs.validation):
            validation = TemplateBank.of(examples.validation_templates, pairs.validation.subject_ids, metric=metric)
        embedding = TrainableEmbedding(recogniser).to(self.device)
        start = self.workspace.start_from
        if start is not None:
            load_network(start.folder, _ARCHITECTURE, _stored(embedding.network, np.zeros(_width(start.folder))))
        task = AdaptationTask(
            embedding,
            ProbeChips(recogniser, settings.probes, seed=self.seed),
            TemplateBank.of(examples.templates, pairs.subject_ids, metric=metric),
            validation,
            settings.loss,
            teacher=recogniser.in_precision(native_precision(settings.training.precision, self.device)),
            steps=settings.training.steps(len(pairs)),
            unit=metric == "cosine",
            seed=self.seed,
        )
        average = cast("TrainableEmbedding", task.modules["average"])
        self.losses = train(
            task,
            pairs,
            settings.training,
            name=self.name or type(self).__name__,
            identity=repr((_ARCHITECTURE, settings, self.version, recogniser.card.sha256, start)),
            seed=self.seed,
            device=self.device,
            progress=progress,
            checkpoints=self.workspace.checkpoints,
            samples=self.workspace.samples,
        )
        self.learned = finished(average, recogniser, examples)

    def save(self, folder: Path) -> None:
        """Write the network and its correction."""
        if self.learned is None:
            raise BenchmarkError("adapt has learned nothing to save")
        learned = self.learned
        about = {"width": len(learned.mean), "share": learned.share, "mirror": learned.mirror}
        save_network(folder, _ARCHITECTURE, _stored(learned.network, learned.mean), **about)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; which network it belongs to is known when a recogniser is `adapted`."""
        load_arrays(folder, _ARCHITECTURE)
        self._folder = folder

    def adapted(self, recogniser: Recogniser, *, key: str) -> Recogniser:
        """The recogniser with the loaded network."""
        if self._folder is None:
            raise BenchmarkError("adapt was used before load()")
        unchanged = differentiable(recogniser)
        network = TrainableEmbedding(unchanged).network
        stored = _stored(network, np.zeros(_width(self._folder)))
        about = load_network(self._folder, _ARCHITECTURE, stored)
        mean = stored.get_buffer("mean").numpy()
        unit = recogniser.card.metric == "cosine"
        changed = unchanged.with_network(network, sha256=key)
        return ProbeRecogniser(
            changed,
            Correction(mean, about["share"], unit),
            mirror=about["mirror"],
            sha256=f"{recogniser.card.sha256}+{key}",
        )


def finished(average: TrainableEmbedding, recogniser: NetworkRecogniser, examples: AdapterExamples) -> _Learned:
    """The trained network with what the validation people tell: the correction, and whether the mirror image helps.

    It helps if it brings masked faces nearer to their templates; a recogniser that looks at the mirror image itself
    gains nothing.
    """
    network = average.network
    width = examples.templates.shape[1]
    pairs, templates = examples.pairs.validation, examples.validation_templates
    if pairs is None or not len(pairs):
        return _Learned(network, np.zeros(width, np.float32), share=0.0, mirror=False)
    unit = recogniser.card.metric == "cosine"
    changed = recogniser.with_network(copy.deepcopy(network), sha256="")
    none = Correction(np.zeros(width, np.float32), 0.0, unit)
    chips = ProbeChips(recogniser, ProbeSettings(), seed=0).plain(pairs.masked, pairs.landmarks)
    probes = ProbeRecogniser(changed, none, mirror=False, sha256="")
    both = {mirror: none(probes.uncorrected(chips, mirror=mirror)) for mirror in (False, True)}
    own = {mirror: recogniser.scores(templates, embeddings).mean() for mirror, embeddings in both.items()}
    mirror = bool(own[True] > own[False])
    correction = fitted_correction(templates, both[mirror], pairs.subject_ids, recogniser.scores, unit=unit)
    return _Learned(network, correction.mean, correction.share, mirror)


def _width(folder: Path) -> int:
    """Of an embedding."""
    return int(read_about(folder, _ARCHITECTURE)["width"])


def _stored(network: nn.Module, mean: NDArray[np.floating[Any]]) -> nn.Module:
    """Everything that is an array, under one roof."""
    roof = nn.Module()
    roof.network = network
    roof.register_buffer("mean", torch.from_numpy(np.array(mean, dtype=np.float32)))
    return roof
