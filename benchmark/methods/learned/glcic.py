"""Completion with a global and a local discriminator: the last approach of the thesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.methods.base import MaskedFaces, MethodCard
from benchmark.methods.filling.completion import blanked, composited, hole_psnr, mean_errors, randomly_grown
from benchmark.methods.filling.poisson_blending import poisson_blended
from benchmark.methods.learned.glcic_networks import MIN_SIDE, CompletionNetwork, ContextDiscriminators
from benchmark.methods.learned.trained_completer import TrainedCompleter
from benchmark.methods.trained_networks import channels_last
from benchmark.plugins import register_method
from benchmark.training.adversarial import (
    discriminator_loss,
    discriminator_rests,
    generator_loss,
    judgement,
    update_average,
)
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_fabric import Fabric


@dataclass(frozen=True)
class GlcicSettings:
    """A preset of GLCIC.

    Attributes:
        training: length and portions.
        width: the width of the completion network's first layer.
        discriminator_width: of the discriminators' first layers.
        features: that each discriminator hands to the layer that joins them.
        normalised_discriminators: with batch normalisation, as published.
        completion_share: share of the steps in which the completion network learns alone (T_C of T_train).
        discriminator_share: share of the steps, after those, in which the discriminators learn alone (T_D).
        alpha: weight of the adversarial loss beside the error.
        squared: the error is the mean square in the hole, as published; otherwise the mean absolute one.
        known_weight: weight of the error outside the hole, which `poisson` needs to be small near the rim.
        adaptive_steps: ADADELTA at rate 1, as published; otherwise Adam with a cosine decay.
        learning_rate: the learning rate of the completion network, for Adam.
        discriminator_rate: of the discriminators, for Adam.
        rests_above: the discriminators rest while their running accuracy is above this; None = never.
        average_decay: of the moving average of the completion network that paints; 0 = the network itself.
        poisson: blend the painted hole into the face.
    """

    training: TrainingSettings
    width: int
    discriminator_width: int
    features: int
    normalised_discriminators: bool
    completion_share: float
    discriminator_share: float
    alpha: float
    squared: bool
    known_weight: float
    adaptive_steps: bool
    learning_rate: float
    discriminator_rate: float
    rests_above: float | None
    average_decay: float
    poisson: bool


@register_method("glcic")
class Glcic(TrainedCompleter):
    """Complete the face with a fully convolutional network that a global and a local discriminator trained (GLCIC).

    The completion network first learns to reproduce the hole, then the discriminators learn to tell its completions
    from true faces, then all learn together. Both see the composited face. Presets:

    * ``tuned`` (default): a quarter of the widths, Adam, the mean absolute error, discriminators that rest while they
      are right too often, and a larger `alpha` to go with that.
    * ``paper``: full-size networks, ADADELTA, mean squared error, alpha 4e-4, phases of 90,000, 10,000 and 400,000
      steps of 96 faces of 256 px. Smaller faces lose the discriminators' last halvings.

    What the paper leaves open or does otherwise: the hole is grey instead of the training set's mean colour; the
    completion network ascends −log D instead of descending log(1 − D); a true face is judged round the hole of another
    face of the batch.
    """

    card = MethodCard(
        source="S. Iizuka, E. Simo-Serra, H. Ishikawa, Globally and Locally Consistent Image Completion, "
        "ACM TOG 36(4), 2017, section 3, tables 1 and 2, algorithm 1; S. M. Thakur's thesis, section 12",
        parameters={"generator": 382_547, "discriminator": 729_281},
    )
    architecture = "glcic 1"
    names_in_file: ClassVar[dict[str, str]] = {"generator": "average"}
    averages = True
    presets: ClassVar[dict[str, GlcicSettings]] = {
        "tuned": GlcicSettings(
            training=TrainingSettings(epochs=2, max_steps=3_000, batch_size=16, flip=True, precision="bfloat16"),
            width=16,
            discriminator_width=16,
            features=128,
            normalised_discriminators=False,
            completion_share=0.5,
            discriminator_share=0.02,
            alpha=0.01,
            squared=False,
            known_weight=0.1,
            adaptive_steps=False,
            learning_rate=2e-3,
            discriminator_rate=2e-4,
            rests_above=0.8,
            average_decay=0.995,
            poisson=True,
        ),
        "paper": GlcicSettings(
            training=TrainingSettings(epochs=10_000, max_steps=500_000, batch_size=96, size=256),
            width=64,
            discriminator_width=64,
            features=1024,
            normalised_discriminators=True,
            completion_share=0.18,
            discriminator_share=0.02,
            alpha=4e-4,
            squared=True,
            known_weight=0.0,
            adaptive_steps=True,
            learning_rate=1.0,
            discriminator_rate=1.0,
            rests_above=None,
            average_decay=0.0,
            poisson=True,
        ),
    }
    settings: GlcicSettings

    def build(self, side: int) -> dict[str, nn.Module]:
        """Completion network and joint discriminators."""
        if side < MIN_SIDE:
            raise RequestError(f"glcic needs faces of {MIN_SIDE} px or more, not {side}; raise --size")
        settings = self.settings
        generator = CompletionNetwork(side, settings.width)
        CompletionNetwork(side, settings.width)  # drawn as when the shipped weights were made, so that all else is too
        discriminator = ContextDiscriminators(
            side,
            width=settings.discriminator_width,
            features=settings.features,
            normalised=settings.normalised_discriminators,
        )
        return {"generator": channels_last(generator), "discriminator": channels_last(discriminator)}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Algorithm 1 of the paper."""
        return GlcicTask(modules, self.settings, steps=steps)

    def paint(self, faces: MaskedFaces) -> Tensor:
        """The completion network's face, blended into the known pixels if the preset says so."""
        painted: Tensor = self.modules["generator"](blanked(faces.pixels, faces.holes))
        return poisson_blended(painted, faces.pixels, faces.holes) if self.settings.poisson else painted


class GlcicTask(TrainingTask):
    """Algorithm 1: the completion network alone, the discriminators alone, then each in turn on the same completions.

    One side's step never touches the other's parameters, nor leaves gradients in them: see `descend`.

    Args:
        modules: of `Glcic.build`, and the completion network's ``average``.
        settings: the settings of the method.
        steps: the number of steps of the whole training.
    """

    monitor = "hole_error"

    def __init__(self, modules: dict[str, nn.Module], settings: GlcicSettings, *, steps: int) -> None:
        self._settings = settings
        self._accuracy: Tensor = modules["discriminator"].accuracy  # type: ignore[assignment]
        self._alone = round(settings.completion_share * steps)
        self._joint = self._alone + round(settings.discriminator_share * steps)
        completion, judges = modules["generator"].parameters(), modules["discriminator"].parameters()
        optimisers: dict[str, torch.optim.Optimizer]
        if settings.adaptive_steps:
            optimisers = {"generator": torch.optim.Adadelta(completion), "discriminator": torch.optim.Adadelta(judges)}
            super().__init__(modules, optimisers)
            return
        optimisers = {
            "generator": torch.optim.Adam(completion, lr=settings.learning_rate, fused=True),
            "discriminator": torch.optim.Adam(judges, lr=settings.discriminator_rate, betas=(0.5, 0.99), fused=True),
        }
        least = settings.learning_rate / 20
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimisers["generator"], steps + 1, eta_min=least)
        super().__init__(modules, optimisers, {"generator": decay})

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step of the phase that `batch.step` is in."""
        holes = randomly_grown(batch.holes)
        judged, learns = batch.step >= self._alone, not self._alone <= batch.step < self._joint
        with torch.set_grad_enabled(learns):
            painted = self.modules["generator"](blanked(batch.masked, holes))
        completed = composited(painted, batch.true, holes)
        losses: dict[str, Tensor] = {}
        if learns:
            losses["error"] = self._error(painted, batch.true, holes)
        on_completed = None
        if judged:
            on_completed, figures = self._discriminators_step(batch.true, completed, holes, learns, fabric)
            losses |= figures
        if learns:
            losses |= self._completion_step(losses["error"], on_completed, fabric)
            update_average(
                self.modules["average"], self.modules["generator"], self._settings.average_decay, step=batch.step
            )
        return losses

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error, values in [0, 1], and signal-to-noise ratio, dB, in the hole, without blending."""
        completed = self._completed(batch)
        inside, _ = mean_errors(completed, batch.true, batch.holes)
        return {"hole_error": inside, "hole_psnr": hole_psnr(completed, batch.true, batch.holes)}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked, completed and true faces."""
        return batch.masked, self._completed(batch), batch.true

    def _completed(self, batch: TrainingBatch) -> Tensor:
        painted = self.modules["average"](blanked(batch.masked, batch.holes)).float()
        return composited(painted, batch.masked, batch.holes)

    def _error(self, painted: Tensor, true: Tensor, holes: Tensor) -> Tensor:
        """Equation 2, per pixel of the hole; and a little of the same outside it."""
        difference = painted - true
        error = difference.square() if self._settings.squared else difference.abs()
        inside, outside = mean_errors(error, torch.zeros_like(error), holes)
        return (inside + self._settings.known_weight * outside).mean()

    def _discriminators_step(
        self, true: Tensor, completed: Tensor, holes: Tensor, asked_again: bool, fabric: Fabric
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Equation 3 for the discriminators: up log D on true faces, each judged round another face's hole, and
        log(1 − D) on completed ones. What they said of these (if `asked_again`, what they say now), and figures."""
        discriminator = self.modules["discriminator"]
        real = discriminator(true, holes.roll(1, dims=0))
        fake = discriminator(completed, holes)
        loss = discriminator_loss(real, fake)
        judged = judgement(loss, real, fake)
        if not discriminator_rests(
            judged["discriminator_accuracy"], self._settings.rests_above, running=self._accuracy
        ):
            self.descend("discriminator", loss, fabric)
            if asked_again:
                fake = discriminator(completed, holes)
        return fake, judged

    def _completion_step(self, error: Tensor, on_completed: Tensor | None, fabric: Fabric) -> dict[str, Tensor]:
        """Down the error, and, once there are discriminators, up log D × alpha."""
        if on_completed is None:
            self.descend("generator", error, fabric)
            return {}
        adversarial = generator_loss(on_completed)
        self.descend("generator", error + self._settings.alpha * adversarial, fabric)
        return {"losses_g": adversarial}
