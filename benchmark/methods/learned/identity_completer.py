"""Our own completer: it learns to paint the face whose identity, to its teachers, is that of the hidden one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.errors import RequestError
from benchmark.machine.native_precision import native_precision
from benchmark.methods.base import MaskedFaces, MaskedPairs, MethodCard
from benchmark.methods.filling.completion import blanked, composited, hole_psnr, mean_errors, randomly_grown
from benchmark.methods.learned.identity_completer_networks import SIDE_STEP, PatchCritic, SlimUNet
from benchmark.methods.learned.trained_completer import TrainedCompleter
from benchmark.methods.losses.colour_error import colour_error
from benchmark.methods.losses.identity_loss import IdentityLoss, StrangersLoss
from benchmark.methods.losses.perceptual_loss import SAW_RECOGNISER, PerceptualLoss
from benchmark.methods.losses.structural_similarity import structural_similarity
from benchmark.methods.occlusion.other_holes import with_other_holes
from benchmark.methods.trained_networks import channels_last
from benchmark.plugins import register_method
from benchmark.recognisers.face_recognition import FaceRecognition
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.training.adversarial import discriminator_loss, discriminator_rests, generator_loss, judgement
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_fabric import Fabric

    from benchmark.recognisers.dlib_resnet import DlibResNet

_STRANGERS = "strangers of "
"""What begins the name of the module that remembers the strangers of the teacher whose name follows."""


@dataclass(frozen=True)
class IdentitySettings:
    """A preset of the identity completer.

    Attributes:
        teachers: recognisers in the loss, unless the training is given others.
        training: length and portions.
        learning_rate: highest of the U-Net's, which falls to zero along a cosine.
        critic_learning_rate: highest of the critic's, likewise.
        pixel_weight: of the mean absolute error in the hole.
        identity_weight: of the squared distance between embeddings, the mean over the teachers.
        strangers_weight: of `StrangersLoss`, likewise; 0 = not computed.
        perceptual_weight: of the difference in texture; 0 = not computed. It is the relative difference of dlib's early
            activations where dlib's recogniser is a teacher, and 1 − SSIM where it is not: then it must not be seen.
        adversarial_weight: of the critic's opinion; 0 = there is no critic.
        rests_above: share of right answers in a batch above which the critic does not learn from it.
        jitter: the jitter of the teachers' chips, see `IdentityLoss`.
        turns: their turns, likewise.
        other_holes: share of the faces with a hole of another shape than that of a drawn mask.
        looks: share of the teachers' chips that are shown in another light, likewise.
        colour_weight: of `colour_error`, which forbids coloured spots; 0 = not computed.
    """

    teachers: tuple[str, ...]
    training: TrainingSettings
    learning_rate: float
    critic_learning_rate: float
    pixel_weight: float
    identity_weight: float
    strangers_weight: float
    perceptual_weight: float
    adversarial_weight: float
    rests_above: float
    jitter: float
    turns: float = 0.0
    other_holes: float = 0.0
    looks: float = 0.0
    colour_weight: float = 0.0


@register_method("identity-completer")
class IdentityCompleter(TrainedCompleter):
    """Fill the hole so that a recogniser's embedding of the face comes out as without the mask.

    A slim U-Net is shown the face with its hole blanked, and the hole. Its loss is the mean absolute error in the
    hole, the squared distance between its teachers' embeddings of the composited face and of the true one, a term
    that rewards a restored face which is closer to its own embedding than to strangers' (making everybody look alike
    also makes distances smaller), a perceptual term, and an adversarial one against a blurred mouth. Presets:

    * ``tuned`` (default): all five terms, in such proportion that what is painted still looks like a face.
    * ``identity-first``: the terms on embeddings weigh several times as much. This is better for the recogniser, but
      what is painted does not look like a mouth: both presets are shipped to show the trade-off.
    * ``plain``: only the first two terms.
    * ``strong-teacher``: the teacher is `edgeface-xxs`, a stronger recogniser than dlib's, which is not seen at all;
      part of the holes have other shapes than drawn masks, coloured spots cost more, and half of the teacher's chips
      have other light. (The 1,200 steps before the last 800 of the shipped weights had weights of 2, 0.5 and 0.3 for
      identity, strangers and critic, and neither of the last two.)

    The first three learn from `face_recognition`; ``train --teachers`` names others.
    """

    card = MethodCard(
        source="this project; U-Net: Ronneberger et al. 2015; distance of embeddings: Schroff et al., FaceNet, 2015; "
        "strangers: van den Oord et al. 2018; critic: Isola et al. 2017",
        saw_recognisers=(SAW_RECOGNISER,),
        parameters={"generator": 1_653_715, "critic": 167_265},
    )
    presets: ClassVar[dict[str, IdentitySettings]] = {
        "tuned": IdentitySettings(
            teachers=(SAW_RECOGNISER,),
            training=TrainingSettings(epochs=2, max_steps=3000, batch_size=16, flip=True, precision="bfloat16"),
            learning_rate=2e-3,
            critic_learning_rate=4e-4,
            pixel_weight=8.0,
            identity_weight=1.0,
            strangers_weight=0.25,
            perceptual_weight=4.0,
            adversarial_weight=0.3,
            rests_above=0.85,
            jitter=0.02,
        ),
        "identity-first": IdentitySettings(
            teachers=(SAW_RECOGNISER,),
            training=TrainingSettings(epochs=2, max_steps=3000, batch_size=16, flip=True, precision="bfloat16"),
            learning_rate=1e-3,
            critic_learning_rate=4e-4,
            pixel_weight=8.0,
            identity_weight=1.0,
            strangers_weight=0.7,
            perceptual_weight=2.0,
            adversarial_weight=0.1,
            rests_above=0.8,
            jitter=0.02,
        ),
        "plain": IdentitySettings(
            teachers=(SAW_RECOGNISER,),
            training=TrainingSettings(epochs=2, max_steps=3000, batch_size=16, flip=True, precision="bfloat16"),
            learning_rate=1e-3,
            critic_learning_rate=0.0,
            pixel_weight=1.0,
            identity_weight=1.0,
            strangers_weight=0.0,
            perceptual_weight=0.0,
            adversarial_weight=0.0,
            rests_above=0.0,
            jitter=0.0,
        ),
        "strong-teacher": IdentitySettings(
            teachers=("edgeface-xxs",),
            training=TrainingSettings(epochs=10, max_steps=1200, batch_size=32, flip=True, precision="bfloat16"),
            learning_rate=6e-4,
            critic_learning_rate=4e-4,
            pixel_weight=8.0,
            identity_weight=2.5,
            strangers_weight=0.6,
            perceptual_weight=6.0,
            adversarial_weight=0.4,
            rests_above=0.85,
            jitter=0.02,
            turns=0.06,
            other_holes=0.35,
            looks=0.5,
            colour_weight=1.0,
        ),
    }
    settings: IdentitySettings
    architecture = "identity-completer 1"
    precision = "bfloat16"

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(preset=preset, seed=seed, device=device)
        self.card = replace(self.card, saw_recognisers=self.settings.teachers)

    @property
    def teachers(self) -> tuple[str, ...]:
        """The preset's."""
        return self.settings.teachers

    def build(self, side: int) -> dict[str, nn.Module]:
        """The U-Net and, where the preset has one, its critic."""
        if side % SIDE_STEP:
            raise RequestError(
                f"identity-completer halves its picture four times: {side} px is not divisible by {SIDE_STEP}; choose "
                "--size 64 or 128"
            )
        networks: dict[str, nn.Module] = {"generator": SlimUNet()}
        if self.settings.adversarial_weight > 0:
            networks["critic"] = PatchCritic()
        return {name: channels_last(network) for name, network in networks.items()}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Pixels, identity, perception and, with a critic, plausibility; what remembers strangers joins `modules`.

        Raises:
            RequestError: the preset learns from recognisers that were not given.
        """
        teachers = self._ready_teachers()
        if self.settings.strangers_weight > 0:
            for name, teacher in teachers.items():
                modules[_STRANGERS + name] = StrangersLoss(embedding_size(teacher)).to(self.device)
        return IdentityTask(modules, teachers, self.settings, steps=steps)

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Train; the strangers are then forgotten."""
        super().fit(pairs, progress=progress)
        for name in [name for name in self.modules if name.startswith(_STRANGERS)]:
            del self.modules[name]

    def _ready_teachers(self) -> dict[str, NetworkRecogniser]:
        """Those that the training was given, or dlib's, whose weights are always here; in the training's precision."""
        precision = native_precision(self.settings.training.precision, self.device)
        if self.workspace.teachers:
            return {name: teacher.in_precision(precision) for name, teacher in self.workspace.teachers.items()}
        if self.teachers != (SAW_RECOGNISER,):
            raise RequestError(
                f"'{self.label}' learns from {' and '.join(self.teachers)}, which a run does not do; train it with: "
                f"python run_benchmark.py train --method {self.label} --teachers {','.join(self.teachers)}"
            )
        return {SAW_RECOGNISER: FaceRecognition(device=self.device, precision=precision)}

    def paint(self, faces: MaskedFaces) -> Tensor:
        """What the U-Net paints."""
        painted: Tensor = self.modules["generator"](blanked(faces.pixels, faces.holes))
        return painted


class IdentityTask(TrainingTask):
    """Paint the hidden pixels and the hidden identity, in a way that a critic cannot tell from a face.

    Args:
        modules: ``generator``, perhaps ``critic``, and perhaps what remembers each teacher's strangers.
        teachers: recognisers by name, in the precision of the training.
        settings: weights of the terms, learning rates.
        steps: the number of steps of the whole training.
    """

    monitor = "hole_error"

    def __init__(
        self,
        modules: dict[str, nn.Module],
        teachers: Mapping[str, NetworkRecogniser],
        settings: IdentitySettings,
        *,
        steps: int,
    ) -> None:
        rates = {"generator": settings.learning_rate, "critic": settings.critic_learning_rate}
        betas = {"generator": (0.9, 0.999), "critic": (0.5, 0.99)}
        optimisers: dict[str, torch.optim.Optimizer] = {
            name: torch.optim.AdamW(
                module.parameters(), lr=rates[name], betas=betas[name], weight_decay=1e-4, fused=True
            )
            for name, module in modules.items()
            if name in rates
        }
        cosines = {
            name: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=max(1, steps))
            for name, optimiser in optimisers.items()
        }
        super().__init__(modules, optimisers, cosines)
        self._settings = settings
        self._identities = {
            name: IdentityLoss(one, jitter=settings.jitter, turns=settings.turns, looks=settings.looks)
            for name, one in teachers.items()
        }
        self._perception: Callable[[Tensor, Tensor], Tensor] | None = None
        if settings.perceptual_weight > 0:
            dlib = teachers.get(SAW_RECOGNISER)
            self._perception = (
                _unlikeness
                if not isinstance(dlib, FaceRecognition)
                else PerceptualLoss(precision=dlib.precision, network=cast("DlibResNet", dlib.network)).to(dlib.device)
            )

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """The critic's step, if there is one, then the U-Net's."""
        settings = self._settings
        batch = with_other_holes(batch, settings.other_holes)
        holes = randomly_grown(batch.holes)
        restored = self._restored(batch, holes)
        on_restored: Tensor | None = None
        judged: dict[str, Tensor] = {}
        if "critic" in self.modules:
            on_restored, judged = self._critic_step(restored, batch.true, holes, fabric)
        pixels = mean_errors(restored, batch.true, holes)[0].mean()
        losses = {"pixels": pixels, **self._as_taught(restored, batch)}
        total = settings.pixel_weight * pixels + settings.identity_weight * losses["identity"]
        if "strangers" in losses:
            total = total + settings.strangers_weight * losses["strangers"]
        if self._perception is not None:
            losses["perception"] = self._perception(restored, batch.true).mean()
            total = total + settings.perceptual_weight * losses["perception"]
        if settings.colour_weight > 0:
            losses["colour"] = colour_error(restored, batch.true, holes).mean()
            total = total + settings.colour_weight * losses["colour"]
        if on_restored is not None:
            losses["losses_g"] = generator_loss(on_restored)
            total = total + settings.adversarial_weight * losses["losses_g"]
        self.descend("generator", total, fabric)
        return {"loss": total, **losses, **judged}

    def _as_taught(self, restored: Tensor, batch: TrainingBatch) -> dict[str, Tensor]:
        """The terms on embeddings, each the mean over the teachers."""
        terms: dict[str, list[Tensor]] = {}
        for name, loss in self._identities.items():
            found, wanted = loss.train().embeddings(restored, batch.true, batch.landmarks)
            terms.setdefault("identity", []).append((found - wanted).square().sum(dim=1).mean())
            if _STRANGERS + name in self.modules:
                terms.setdefault("strangers", []).append(self.modules[_STRANGERS + name](found, wanted).mean())
        return {name: torch.stack(values).mean() for name, values in terms.items()}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error and PSNR in the hole, squared distance of embeddings restored–true and masked–true."""
        restored = self._restored(batch, batch.holes).clamp(0, 1)
        return {
            "hole_error": mean_errors(restored, batch.true, batch.holes)[0],
            "hole_psnr": hole_psnr(restored, batch.true, batch.holes),
            "identity": self._distance(restored, batch),
            "identity_masked": self._distance(batch.masked, batch),
        }

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked, restored and true faces."""
        return (batch.masked, self._restored(batch, batch.holes), batch.true)

    def _distance(self, faces: Tensor, batch: TrainingBatch) -> Tensor:
        """Squared distance of embeddings, ``(B,)``, the mean over the teachers."""
        losses = [loss.eval()(faces, batch.true, batch.landmarks) for loss in self._identities.values()]
        return torch.stack(losses).mean(dim=0)

    def _restored(self, batch: TrainingBatch, holes: Tensor) -> Tensor:
        painted: Tensor = self.modules["generator"](blanked(batch.masked, holes))
        return composited(painted.float(), batch.masked, holes)

    def _critic_step(
        self, restored: Tensor, true: Tensor, holes: Tensor, fabric: Fabric
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The critic's step; what it now says of the restored faces, and figures."""
        fake, real = self._opinion(restored, holes), self._opinion(true, holes)
        loss = discriminator_loss(real, fake, smoothing=0.1)
        judged = judgement(loss, real, fake)
        if not discriminator_rests(judged["discriminator_accuracy"], self._settings.rests_above):
            self.descend("critic", loss, fabric)
            fake = self._opinion(restored, holes)
        return fake, judged

    def _opinion(self, faces: Tensor, holes: Tensor) -> Tensor:
        """Logits of the patches in which something was painted, in one row; elsewhere there is nothing to tell."""
        logits: Tensor = self.modules["critic"](faces, holes)
        painted = functional.adaptive_max_pool2d(holes, logits.shape[-2:]) > 0
        return logits.float()[painted]


def embedding_size(recogniser: NetworkRecogniser) -> int:
    """How many numbers its embedding has."""
    return int(recogniser.embed(np.zeros((1, *recogniser.card.chip_size, 3), dtype=np.uint8)).shape[1])


def _unlikeness(first: Tensor, second: Tensor) -> Tensor:
    """1 − SSIM of each pair of faces ``(B, 3, S, S)``, ``(B,)``: 0 = alike."""
    return 1 - structural_similarity(first, second).flatten(1).mean(dim=1)
