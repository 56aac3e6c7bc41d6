"""The recogniser's own network, trained on for faces that something covers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.cards import MethodCard
from benchmark.errors import BenchmarkError, RequestError
from benchmark.faces import Points
from benchmark.machine.native_precision import native_precision
from benchmark.methods.adapters.adaptation_task import AdaptationTask, LossSettings, TemplateBank
from benchmark.methods.adapters.correction import Correction, fitted_correction
from benchmark.methods.adapters.probe_chips import UPPER_FACE_DEPTH, ProbeChips, ProbeSettings
from benchmark.methods.adapters.probe_recogniser import ProbeRecogniser
from benchmark.methods.adapters.several_looks import SeveralLooks
from benchmark.methods.recogniser_adapter import AdapterExamples, RecogniserAdapter
from benchmark.methods.weights import load_arrays, load_network, read_about, save_network
from benchmark.plugins import register_method
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.recognisers.onnx_in_torch import differentiable
from benchmark.recognisers.trainable_embedding import TrainableEmbedding
from benchmark.training.loop import train
from benchmark.training.task import TrainingSettings
from benchmark.upper_face import upper_face

_ARCHITECTURE = "adapted network 1"
_KEY_OF_SHARE = {
    "share": "",
    "share_both": "+both sides",
    "share_upper": "+upper face",
    "share_unchanged_upper": "+upper face, unchanged",
}
"""What is added to the key of embeddings, by the correction's share."""


@dataclass(frozen=True)
class _Learned:
    """What training gave: the network, and how its embeddings are made comparable (see `Correction`).

    Attributes:
        network: with the recogniser's inputs and outputs.
        mean: ``float32 (D,)``, of the correction.
        share: of the correction where probes alone go through the network.
        share_both: of the correction where references do as well.
        share_upper: of the correction of embeddings of upper faces, on both sides.
        share_unchanged_upper: the same where the unchanged network gives them.
        mirror: whether the mirror image is looked at, too.
    """

    network: nn.Module
    mean: NDArray[np.float32]
    share: float
    share_both: float
    share_upper: float
    share_unchanged_upper: float
    mirror: bool


@dataclass(frozen=True)
class AdaptedNetworkSettings:
    """A preset of `AdaptedNetwork`.

    Attributes:
        training: length and portions.
        probes: how the faces vary that it learns from.
        loss: its weights and the learning rate.
        both_sides: whether references go through the network, too.
        upper_share: how much a comparison of upper faces alone by this network counts, 0 to 1; see `SeveralLooks`.
        unchanged_upper_share: the same of one by the unchanged network.
    """

    training: TrainingSettings
    probes: ProbeSettings = field(default_factory=ProbeSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    both_sides: bool = False
    upper_share: float = 0.0
    unchanged_upper_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            BenchmarkError: they leave nothing to the whole face, or the unchanged network looks at upper faces alone.
        """
        shares = (self.upper_share, self.unchanged_upper_share)
        if min(shares) < 0 or sum(shares) >= 1 or (self.unchanged_upper_share and not self.upper_share):
            raise BenchmarkError(
                f"shares of the upper face {shares}: give numbers from 0, below 1 together, the second beside the first"
            )

    @property
    def upper_looks(self) -> dict[str, float]:
        """The share of each comparison of upper faces alone, by what its correction's share is called in the weights;
        none where whole faces alone are compared."""
        looks = {"share_upper": self.upper_share, "share_unchanged_upper": self.unchanged_upper_share}
        return {name: share for name, share in looks.items() if share}


_TRAINING = TrainingSettings(
    epochs=1000, max_steps=4000, batch_size=32, size=128, flip=True, precision="bfloat16", checkpoint_every=200
)


@register_method("adapt")
class AdaptedNetwork(RecogniserAdapter):
    """Change the recogniser, not the face: its network is trained on for covered probes.

    It learns to give a covered face the embedding that the unchanged network gives the same face bare (Huber et al.
    2021), and to tell that person from strangers. Half of the covers are drawn masks, half are arbitrary, because the
    network must learn the upper face and not the look of ten masks. Bare faces in each batch keep the embeddings of
    bare probes nearly unchanged, so that it can do without a mask detector.

    The preset ``both-sides`` has the same network, and sends references through it as well: what the lower face adds to
    a template cannot be seen on a masked probe, and is then missing on both sides. It wins back more, and people must
    be enrolled again, from their photos.

    The preset ``two-looks`` has the same network, too, and compares twice: the whole faces as the default does, with
    references by the unchanged network, and the upper faces, for which the lower part of both is made grey. Enrolled
    templates stay as they are, and each needs a second one, made from its photo. ``three-looks`` compares the upper
    faces by the unchanged network as well, for which each needs a third template.
    """

    card = MethodCard(
        source="Huber et al., Mask-invariant Face Recognition through Template-level Knowledge Distillation, FG 2021",
        fitted_to_recogniser=True,
        licence="MIT; what it learned is a derivative of the recogniser's weights and the training photos",
    )
    starts_from_weights = True
    presets: ClassVar[dict[str, AdaptedNetworkSettings]] = {
        "default": AdaptedNetworkSettings(_TRAINING),
        "both-sides": AdaptedNetworkSettings(_TRAINING, both_sides=True),
        # shares chosen on LFW's validation people (fold 7): larger ones cost unmasked probes more
        "two-looks": AdaptedNetworkSettings(_TRAINING, upper_share=0.4),
        "three-looks": AdaptedNetworkSettings(_TRAINING, upper_share=0.3, unchanged_upper_share=0.15),
    }
    settings: AdaptedNetworkSettings
    learned: _Learned | None = None
    _folder: Path | None = None

    @property
    def adapts_references(self) -> bool:
        """See `RecogniserAdapter.adapts_references`."""
        return self.settings.both_sides or self.longer_embeddings

    @property
    def longer_embeddings(self) -> bool:
        """Each look adds a part to the embedding."""
        return bool(self.settings.upper_looks)

    @property
    def weights_preset(self) -> str:
        """All presets have the same network, and how it is corrected for each."""
        return next(iter(self.presets))

    def weights_refusal(self, folder: Path) -> str:
        """Weights of earlier versions do not know the correction of every preset."""
        if self._shares <= set(read_about(folder, _ARCHITECTURE)):
            return ""
        return "these weights are from a version that did not know this preset; train them again"

    @property
    def _shares(self) -> set[str]:
        """What the shares of the corrections that it uses are called in the weights."""
        return {"share_both" if self.settings.both_sides else "share", *self.settings.upper_looks}

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
        about = {
            "width": len(learned.mean),
            "share": learned.share,
            "share_both": learned.share_both,
            "share_upper": learned.share_upper,
            "share_unchanged_upper": learned.share_unchanged_upper,
            "mirror": learned.mirror,
        }
        save_network(folder, _ARCHITECTURE, _stored(learned.network, learned.mean), **about)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; which network it belongs to is known when a recogniser is `adapted`."""
        load_arrays(folder, _ARCHITECTURE)
        self._folder = folder

    def adapted(self, recogniser: Recogniser, *, key: str) -> Recogniser:
        """The recogniser with the loaded network."""
        adapted = self._network_of(recogniser, key=key)
        if not self.settings.upper_looks:
            return adapted("share_both" if self.settings.both_sides else "share")
        return self._several_looks(adapted("share"), adapted, of="probes")

    def for_references(self, recogniser: Recogniser, *, key: str) -> Recogniser:
        """Where there are several looks, whole faces keep the unchanged network."""
        if not self.settings.upper_looks:
            return self.adapted(recogniser, key=key)
        return self._several_looks(recogniser, self._network_of(recogniser, key=key), of="references")

    def _network_of(self, recogniser: Recogniser, *, key: str) -> Callable[[str], ProbeRecogniser]:
        """From what the share of its correction is called in the weights to the recogniser with the loaded network, or
        with its own where that is the share of the unchanged one."""
        if self._folder is None:
            raise BenchmarkError("adapt was used before load()")
        unchanged = differentiable(recogniser)
        network = TrainableEmbedding(unchanged).network
        stored = _stored(network, np.zeros(_width(self._folder)))
        about = load_network(self._folder, _ARCHITECTURE, stored)
        mean = stored.get_buffer("mean").numpy()
        changed = unchanged.with_network(network, sha256=key)

        def corrected(share: str) -> ProbeRecogniser:
            return ProbeRecogniser(
                unchanged if share == "share_unchanged_upper" else changed,
                Correction(mean, about[share], recogniser.card.metric == "cosine"),
                mirror=about["mirror"],
                sha256=f"{recogniser.card.sha256}+{key}" + _KEY_OF_SHARE[share],
            )

        return corrected

    def _several_looks(self, whole: Recogniser, adapted: Callable[[str], ProbeRecogniser], *, of: str) -> SeveralLooks:
        upper, unchanged = self.settings.upper_share, self.settings.unchanged_upper_share
        uppers = [(adapted(name), share) for name, share in self.settings.upper_looks.items()]
        sha256 = f"{uppers[0][0].card.sha256}, looks at {of}: {upper} and {unchanged} to {UPPER_FACE_DEPTH}"
        return SeveralLooks(whole, uppers, depth=UPPER_FACE_DEPTH, sha256=sha256)


def finished(average: TrainableEmbedding, recogniser: NetworkRecogniser, examples: AdapterExamples) -> _Learned:
    """The trained network with what the validation people tell: the correction, and whether the mirror image helps.

    It helps if it brings masked faces nearer to their templates; a recogniser that looks at the mirror image itself
    gains nothing.
    """
    network = average.network
    width = examples.templates.shape[1]
    pairs, templates = examples.pairs.validation, examples.validation_templates
    if pairs is None or not len(pairs):
        no_mean = np.zeros(width, np.float32)
        return _Learned(
            network, no_mean, share=0.0, share_both=0.0, share_upper=0.0, share_unchanged_upper=0.0, mirror=False
        )
    unit = recogniser.card.metric == "cosine"
    changed = recogniser.with_network(copy.deepcopy(network), sha256="")
    none = Correction(np.zeros(width, np.float32), 0.0, unit)
    cut = ProbeChips(recogniser, ProbeSettings(), seed=0)
    masked, bare = (cut.plain(faces, pairs.landmarks) for faces in (pairs.masked, pairs.true))
    probes = ProbeRecogniser(changed, none, mirror=False, sha256="")
    looks = {mirror: none(probes.uncorrected(masked, mirror=mirror)) for mirror in (False, True)}
    own = {mirror: recogniser.scores(templates, embeddings).mean() for mirror, embeddings in looks.items()}
    mirror = bool(own[True] > own[False])
    fitted = partial(fitted_correction, templates, looks[mirror], pairs.subject_ids, recogniser.scores, unit=unit)
    correction, both = fitted(), fitted(references=none(probes.uncorrected(bare, mirror=mirror)))
    masked, bare = (
        cut.plain(_upper_faces(faces, pairs.landmarks), pairs.landmarks) for faces in (pairs.masked, pairs.true)
    )
    uppers = []
    for network_of in (probes, ProbeRecogniser(recogniser, none, mirror=mirror, sha256="")):
        covered, shown = (none(network_of.uncorrected(chips, mirror=mirror)) for chips in (masked, bare))
        uppers.append(
            fitted_correction(templates, covered, pairs.subject_ids, recogniser.scores, unit=unit, references=shown)
        )
    return _Learned(
        network,
        correction.mean,
        share=correction.share,
        share_both=both.share,
        share_upper=uppers[0].share,
        share_unchanged_upper=uppers[1].share,
        mirror=mirror,
    )


def _upper_faces(faces: NDArray[np.uint8], landmarks: Points) -> NDArray[np.uint8]:
    return np.stack(
        [upper_face(face, points, depth=UPPER_FACE_DEPTH) for face, points in zip(faces, landmarks, strict=True)]
    )


def _width(folder: Path) -> int:
    """Of an embedding."""
    return int(read_about(folder, _ARCHITECTURE)["width"])


def _stored(network: nn.Module, mean: NDArray[np.floating[Any]]) -> nn.Module:
    """Everything that is an array, under one roof."""
    roof = nn.Module()
    roof.network = network
    roof.register_buffer("mean", torch.from_numpy(np.array(mean, dtype=np.float32)))
    return roof
