"""The thesis's paired GAN (sections 7 and 8): a generator takes the mask off, a discriminator judges the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from benchmark.masked_faces import resized
from benchmark.methods.base import MaskedFaces, MethodCard, Unmasker
from benchmark.methods.filling.completion import mean_errors
from benchmark.methods.filling.guided_enlargement import enlarged_along_edges
from benchmark.methods.learned.paired_gan_networks import PairedDiscriminator, PairedGenerator
from benchmark.methods.trained_networks import TrainedNetworks, channels_last
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
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class PairedGanSettings:
    """A preset of the paired GAN.

    Attributes:
        training: length and portions.
        side: at which the generator sees the face, at most; None = the side of training. Its error is enlarged along
            the edges of larger faces.
        wide_view: of the generator: see `PairedGenerator`.
        linear_score: of the discriminator: see `PairedDiscriminator`.
        adds_error: the generator's tanh is added to the masked face, as in the thesis's equation 3.1; otherwise it is
            the face.
        learning_rate: the learning rate of the generator: highest of a one-cycle schedule, or constant.
        one_cycle: whether it is a schedule.
        discriminator_rate: learning rate of the discriminator, constant.
        hole_weight: the generator's loss has mean absolute error in the hole × this + mean absolute error elsewhere;
            None = no such term, only the discriminator's judgement.
        adversarial_from: share of the training after which there is a discriminator.
        adversarial_weight: of its judgement in the generator's loss.
        adversarial_faces: of each batch, how many it judges; None = all.
        judges_together: real and restored faces pass the discriminator in one batch. Apart, batch normalisation gives
            every batch the same mean score, and a linear score tells nothing.
        rests_above: share of right answers in a batch above which the discriminator does not learn from it; None = it
            always learns.
        smoothing: see `discriminator_loss`.
        bare_every: of each batch, every so-many-th face is shown without its mask, to learn that a bare face stays as
            it is; None = none.
        average_decay: of the moving average of the generator, which is what is kept; 0 = no average.
    """

    training: TrainingSettings
    side: int | None
    wide_view: bool
    linear_score: bool
    adds_error: bool
    learning_rate: float
    one_cycle: bool
    discriminator_rate: float
    hole_weight: float | None
    adversarial_from: float
    adversarial_weight: float
    adversarial_faces: int | None
    judges_together: bool
    rests_above: float | None
    smoothing: float
    bare_every: int | None
    average_decay: float


@register_method("paired-gan")
class PairedGan(TrainedNetworks, Unmasker):
    """A generator paints the face without mask, a discriminator tells it from real ones (thesis sections 7 and 8).

    Blind: it sees no mask and may change every pixel, so it also changes faces that wear none. Presets:

    * ``tuned`` (default): the thesis's two networks, in balance. The generator sees the whole face (`PairedGenerator`)
      and adds an error to it; it learns by the error in the hole first, then by the discriminator's judgement as well.
      The discriminator judges real and restored faces in one batch and learns only while it is not too good.
    * ``thesis-512``: as in the thesis: 512 px, one face a step, 9 epochs, no loss but the discriminator's judgement.
      There the discriminator wins: the thesis ends at 0.014 against 4.31 (figure 14). Learning rates are not told;
      these are DCGAN's.

    The loss table has the columns of the thesis's figure 14 and the discriminator's accuracy.
    """

    card = MethodCard(
        source="S. M. Thakur, Face Recognition of Masked faces by Image Completion using GANS, IIT Madras 2022, "
        "sections 7 and 8, figures 9, 10 and 14",
        parameters={"generator": 57_779, "discriminator": 174_711},
    )
    presets: ClassVar[dict[str, PairedGanSettings]] = {
        "tuned": PairedGanSettings(
            training=TrainingSettings(epochs=2, max_steps=3000, batch_size=16, flip=True, precision="bfloat16"),
            side=64,
            wide_view=True,
            linear_score=True,
            adds_error=True,
            learning_rate=5e-3,
            one_cycle=True,
            discriminator_rate=3e-4,
            hole_weight=4.0,
            adversarial_from=0.67,
            adversarial_weight=0.1,
            adversarial_faces=8,
            judges_together=True,
            rests_above=0.6,
            smoothing=0.1,
            bare_every=4,
            average_decay=0.99,
        ),
        "thesis-512": PairedGanSettings(
            training=TrainingSettings(epochs=9, batch_size=1, size=512),
            side=None,
            wide_view=False,
            linear_score=False,
            adds_error=False,
            learning_rate=2e-4,
            one_cycle=False,
            discriminator_rate=2e-4,
            hole_weight=None,
            adversarial_from=0.0,
            adversarial_weight=1.0,
            adversarial_faces=None,
            judges_together=False,
            rests_above=None,
            smoothing=0.0,
            bare_every=None,
            average_decay=0.0,
        ),
    }
    settings: PairedGanSettings
    needs_holes = False
    keeps_known_pixels = False
    architecture = "paired-gan 1"
    averages = True

    def build(self, side: int) -> dict[str, nn.Module]:
        """Generator and discriminator."""
        generator = PairedGenerator(wide_view=self.settings.wide_view)
        discriminator = PairedDiscriminator(side, linear_score=self.settings.linear_score)
        networks = {"generator": generator, "discriminator": discriminator}
        return {name: channels_last(network) for name, network in networks.items()}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Adversarial training."""
        return PairedGanTask(modules, self.settings, steps=steps)

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The generator's face, in [0, 1]."""
        return _restored(faces.pixels, self.modules["generator"], self.settings).clamp(0, 1)

    def _set_side(self, side: int) -> None:
        super()._set_side(side)
        self.working_size = None if self.settings.adds_error else side


class PairedGanTask(TrainingTask):
    """Discriminator and generator in turn.

    Args:
        modules: ``generator``, ``discriminator`` and ``average`` (of the generator).
        settings: the settings of the preset.
        steps: the number of steps of the whole training.
    """

    monitor = "hole_error"

    def __init__(self, modules: dict[str, nn.Module], settings: PairedGanSettings, *, steps: int) -> None:
        self._settings = settings
        self._adversarial_from = settings.adversarial_from * steps
        betas = (0.5, 0.999)  # Radford et al. 2016, section 4
        optimisers: dict[str, torch.optim.Optimizer] = {
            "generator": torch.optim.Adam(
                modules["generator"].parameters(), lr=settings.learning_rate, betas=betas, fused=True
            ),
            "discriminator": torch.optim.Adam(
                modules["discriminator"].parameters(), lr=settings.discriminator_rate, betas=betas, fused=True
            ),
        }
        schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler] = {}
        if settings.one_cycle:
            schedulers["generator"] = torch.optim.lr_scheduler.OneCycleLR(
                optimisers["generator"], settings.learning_rate, total_steps=steps + 1, cycle_momentum=False
            )
        super().__init__(modules, optimisers, schedulers)

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step of each network; of the generator alone at first, if the preset says so."""
        masked = torch.ones(len(batch.true), dtype=torch.bool, device=batch.true.device)
        if self._settings.bare_every is not None:
            masked[:: self._settings.bare_every] = False
        true = batch.true.contiguous()  # see `enlarged_along_edges`
        shown = torch.where(masked.view(-1, 1, 1, 1), batch.masked.contiguous(), true)
        restored = _restored(shown, self.modules["generator"], self._settings)
        losses: dict[str, Tensor] = {}
        total = torch.zeros((), device=restored.device)
        if self._settings.hole_weight is not None:
            inside, outside = mean_errors(restored, true, batch.holes)
            losses["error"] = total = (self._settings.hole_weight * inside + outside).mean()
        if batch.step >= self._adversarial_from:
            count = self._settings.adversarial_faces
            fake, real = restored[masked][:count] * 2 - 1, true[masked][:count] * 2 - 1
            on_fake, judged = self._discriminate(real, fake, fabric)
            losses |= judged
            losses["losses_g"] = generator_loss(on_fake)
            total = total + self._settings.adversarial_weight * losses["losses_g"]
        self.descend("generator", total, fabric)
        update_average(
            self.modules["average"], self.modules["generator"], self._settings.average_decay, step=batch.step
        )
        return losses

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error, pixel values in [0, 1], in the hole, elsewhere, and on the face without mask."""
        inside, outside = mean_errors(self._restored(batch.masked), batch.true, batch.holes)
        bare = (self._restored(batch.true) - batch.true).abs().flatten(1).mean(1)
        return {"hole_error": inside, "known_error": outside, "bare_error": bare}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces, restored ones, true ones."""
        return batch.masked, self._restored(batch.masked), batch.true

    def _discriminate(self, real: Tensor, fake: Tensor, fabric: Fabric) -> tuple[Tensor, dict[str, Tensor]]:
        """The discriminator's step; what it now says of `fake`, and figures."""
        on_real, on_fake = self._logits(real, fake)
        loss = discriminator_loss(on_real, on_fake, smoothing=self._settings.smoothing)
        judged = judgement(loss, on_real, on_fake)
        if not discriminator_rests(judged["discriminator_accuracy"], self._settings.rests_above):
            self.descend("discriminator", loss, fabric)
            on_fake = self._logits(real, fake)[1]
        return on_fake, judged

    def _logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        judge = self.modules["discriminator"]
        if self._settings.judges_together:
            both = judge(torch.cat([real, fake]).contiguous(memory_format=torch.channels_last)).float()
            return both[: len(real)], both[len(real) :]
        return judge(real).float(), judge(fake).float()

    def _restored(self, images: Tensor) -> Tensor:
        return _restored(images, self.modules["average"], self._settings).clamp(0, 1)


def _restored(images: Tensor, generator: nn.Module, settings: PairedGanSettings) -> Tensor:
    """The generator's faces ``(B, 3, S, S)``, in [0, 1] but not clamped."""
    planes, size = images.contiguous(), images.shape[-1]
    small = resized(planes, min(size, settings.side or size))
    painted: Tensor = generator(small * 2 - 1).float()
    if not settings.adds_error:
        return (painted + 1) / 2
    return planes + enlarged_along_edges(painted, planes, small)
