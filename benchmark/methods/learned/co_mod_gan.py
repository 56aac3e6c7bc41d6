"""The co-modulated GAN: a StyleGAN2 generator that the visible face and chance steer together: it has many answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.methods.base import MaskedFaces, MethodCard
from benchmark.methods.filling.completion import blanked, composited, hole_psnr, mean_errors, randomly_grown
from benchmark.methods.learned.co_mod_gan_networks import Discriminator, Generator, Widths
from benchmark.methods.learned.trained_completer import TrainedCompleter
from benchmark.methods.trained_networks import channels_last
from benchmark.plugins import register_method
from benchmark.training.adversarial import (
    discriminator_loss,
    discriminator_rests,
    generator_loss,
    gradient_penalty,
    judgement,
    update_average,
)
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_fabric import Fabric

SIDES = (64, 128, 256)
_SHOWN_COMPLETIONS = 3


@dataclass(frozen=True)
class CoModSettings:
    """A preset of the co-modulated GAN.

    Attributes:
        training: length and portions.
        widths: the widths of the networks.
        smooth_start: see `Generator`.
        learning_rate: the learning rate of Adam, both sides.
        pixel_weight: of the mean absolute error in the hole; 0 = the paper's purely adversarial loss.
        penalty: γ of R1 (`gradient_penalty`).
        penalty_every: steps between penalties, each of which then weighs as many times more.
        average_decay: of the generator's moving average, which is what is kept.
        rests_above: share of right answers in a batch above which the discriminator does not learn from it (but for
            the penalty); None = it always learns.
    """

    training: TrainingSettings
    widths: Widths
    smooth_start: bool
    learning_rate: float
    pixel_weight: float
    penalty: float
    penalty_every: int
    average_decay: float
    rests_above: float | None


@register_method("co-mod-gan")
class CoModGan(TrainedCompleter):
    """Fill the hole with a StyleGAN2 generator that the visible face and a random latent modulate together.

    Each face has as many completions as there are latents: `restore` takes the one that belongs to its image,
    `completions` draws several. Presets:

    * ``tuned`` (default): narrow networks for a processor, R1 with γ = 1, a discriminator that rests while it wins,
      and, to make something of a short training, two things that the paper has not: the generator adds to the colours
      around the hole, and a mean absolute error in the hole joins the loss.
    * ``paper``: the published widths, learning rate and loss (Zhao et al. 2021, section 5 and appendix A: StyleGAN2's,
      without path length regularisation); batches of 32 and 25 million faces.
    """

    card = MethodCard(
        source="S. Zhao et al., Large Scale Image Completion via Co-Modulated Generative Adversarial Networks, ICLR "
        "2021, sections 3 and 5; T. Karras et al., StyleGAN2, CVPR 2020",
        parameters={"generator": 1_587_512, "discriminator": 879_361},
    )
    presets: ClassVar[dict[str, CoModSettings]] = {
        "tuned": CoModSettings(
            training=TrainingSettings(epochs=2, max_steps=3000, batch_size=16, flip=True, precision="bfloat16"),
            widths=Widths(base=1024, most=128, latent=64, code=128, mapping_layers=4),
            smooth_start=True,
            learning_rate=2e-3,
            pixel_weight=4.0,
            penalty=1.0,
            penalty_every=16,
            average_decay=0.998,
            rests_above=0.8,
        ),
        "paper": CoModSettings(
            training=TrainingSettings(epochs=1000, max_steps=781_250, batch_size=32, flip=True),
            widths=Widths(base=32_768, most=512, latent=512, code=1024, mapping_layers=8),
            smooth_start=False,
            learning_rate=2e-3,
            pixel_weight=0.0,
            penalty=10.0,
            penalty_every=16,
            average_decay=0.999,
            rests_above=None,
        ),
    }
    settings: CoModSettings
    architecture = "co-mod-gan 1"
    grows = True
    averages = True

    def build(self, side: int) -> dict[str, nn.Module]:
        """Generator and discriminator."""
        if side not in SIDES:
            raise RequestError(
                f"co-mod-gan works on faces with sides of {', '.join(map(str, SIDES))} pixels, not {side}"
            )
        widths = self.settings.widths
        return {
            "generator": channels_last(Generator(side, widths, smooth_start=self.settings.smooth_start)),
            "discriminator": channels_last(Discriminator(side, widths)),
        }

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:  # noqa: ARG002
        """Adversarial training."""
        return CoModTask(modules, self.settings, seed=self.seed)

    def paint(self, faces: MaskedFaces) -> Tensor:
        """The completion that belongs to each image's own latent."""
        return self._painted(faces, faces.image_ids)

    def completions(self, faces: MaskedFaces, count: int) -> Tensor:
        """Different completions of the same faces, ``(count, B, 3, side, side)`` in [0, 1]; the first is `restore`'s.

        Args:
            faces: the faces of the method's side (``faces.resized(method.side)``), on its device.
            count: how many; more do not change the first ones.
        """
        drawn = []
        with torch.inference_mode():
            for number in range(count):
                ids = faces.image_ids if number == 0 else tuple(f"{name} ({number})" for name in faces.image_ids)
                drawn.append(composited(self._painted(faces, ids).clamp(0, 1), faces.pixels, faces.holes))
        return torch.stack(drawn)

    def _painted(self, faces: MaskedFaces, latent_names: tuple[str, ...]) -> Tensor:
        latents = self.noise(latent_names, self.settings.widths.latent)
        painted: Tensor = self.modules["generator"](blanked(faces.pixels, faces.holes), latents)
        return painted


class CoModTask(TrainingTask):
    """Discriminator and generator in turn, the moving average behind.

    Args:
        modules: ``generator``, ``discriminator`` and ``average`` (of the generator).
        settings: the settings of the preset.
        seed: the seed of the latents in validation and on sheets.
    """

    monitor = "hole_error"

    def __init__(self, modules: dict[str, nn.Module], settings: CoModSettings, *, seed: int) -> None:
        optimisers = {
            name: torch.optim.Adam(
                modules[name].parameters(), lr=settings.learning_rate, betas=(0.0, 0.99), eps=1e-8, fused=True
            )
            for name in ("generator", "discriminator")
        }
        super().__init__(modules, optimisers)
        self._settings = settings
        self._seed = seed
        self._discriminator = modules["discriminator"]

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step of each side, on the same faces."""
        holes = randomly_grown(batch.holes)
        latents = torch.randn(len(holes), self._settings.widths.latent).to(holes.device)
        painted: Tensor = self.modules["generator"](blanked(batch.masked, holes), latents, fresh_noise=True)
        restored = composited(painted, batch.true, holes)
        on_fake, losses = self._discriminate(batch.true, restored, holes, batch.step, fabric)
        adversarial = generator_loss(on_fake)
        pixels = mean_errors(restored, batch.true, holes)[0].mean()
        self.descend("generator", adversarial + self._settings.pixel_weight * pixels, fabric)
        update_average(
            self.modules["average"], self.modules["generator"], self._settings.average_decay, step=batch.step
        )
        return {"losses_g": adversarial, "pixels": pixels, **losses}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error and PSNR in the hole; mean absolute difference in the hole of two completions."""
        first, second = self._completions(batch, 2)
        return {
            "hole_error": mean_errors(first, batch.true, batch.holes)[0],
            "hole_psnr": hole_psnr(first, batch.true, batch.holes),
            "spread": mean_errors(first, second, batch.holes)[0],
        }

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces, several completions, always of the same latents, and the truth."""
        return (batch.masked, *self._completions(batch, _SHOWN_COMPLETIONS), batch.true)

    def _completions(self, batch: TrainingBatch, count: int) -> list[Tensor]:
        fixed = torch.Generator().manual_seed(self._seed)
        drawn = []
        for _ in range(count):
            latents = torch.randn(len(batch.true), self._settings.widths.latent, generator=fixed).to(batch.true.device)
            painted: Tensor = self.modules["average"](blanked(batch.masked, batch.holes), latents)
            drawn.append(composited(painted.float().clamp(0, 1), batch.masked, batch.holes))
        return drawn

    def _discriminate(
        self, real: Tensor, fake: Tensor, holes: Tensor, step: int, fabric: Fabric
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The discriminator's step; what it now says of `fake`, and figures."""
        settings = self._settings
        penalised = settings.penalty > 0 and step % settings.penalty_every == 0
        if penalised:
            real = real.detach().requires_grad_(True)
            with fabric.autocast():  # Fabric's wrapper lets nothing but `fabric.backward` take gradients
                on_real = self._discriminator(real, holes).float()
        else:
            on_real = self.modules["discriminator"](real, holes)
        on_fake = self.modules["discriminator"](fake, holes)
        loss = discriminator_loss(on_real, on_fake)
        judged = judgement(loss, on_real, on_fake)
        terms = [] if discriminator_rests(judged["discriminator_accuracy"], settings.rests_above) else [loss]
        if penalised:
            terms.append(settings.penalty / 2 * settings.penalty_every * gradient_penalty(on_real, real))
        if terms:
            self.descend("discriminator", torch.stack(terms).sum(), fabric)
            on_fake = self.modules["discriminator"](fake, holes)
        return on_fake, judged
