"""The thesis's random-face GAN (section 10): learns what faces look like, and is the prior of `gan-prior`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.masked_faces import resized
from benchmark.methods.base import MethodCard
from benchmark.methods.filling.completion import blanked, mean_errors, randomly_grown
from benchmark.methods.learned.face_generator_networks import (
    LATENT,
    SIDES,
    FaceDiscriminator,
    LatentEncoder,
    LatentGenerator,
)
from benchmark.methods.part import Part
from benchmark.methods.trained_networks import TrainedNetworks, channels_last
from benchmark.plugins import register_method
from benchmark.training.adversarial import (
    discriminator_loss,
    frozen,
    generator_loss,
    gradient_penalty,
    judgement,
    update_average,
)
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_RANDOM_ROWS = 3


@dataclass(frozen=True)
class FaceGeneratorSettings:
    """A preset of the face generator.

    Attributes:
        training: length and portions.
        learning_rate: of generator, discriminator and encoder, at first.
        decays_from: share of the training after which the learning rates fall, linearly, to nothing.
        penalty: γ of the gradient penalty R1 on real faces; 0 = none.
        penalty_every: steps between two penalties, each weighted by this number (Karras et al., *StyleGAN2*, 2020,
            section 3.1: lazy regularisation).
        average_decay: of the moving average of the generator, which is what is kept; 0 = no average.
        encoder_from: share of the training after which the encoder learns; 1 = never, and there is none.
        hole_weight: weight of the encoder's error in the hole; the known pixels' is 1.
        latent_weight: weight of the mean square of the encoder's vectors.
    """

    training: TrainingSettings
    learning_rate: float
    decays_from: float
    penalty: float
    penalty_every: int
    average_decay: float
    encoder_from: float
    hole_weight: float
    latent_weight: float


@register_method("face-generator")
class FaceGenerator(TrainedNetworks, Part):
    """Part: an unconditional GAN that makes random faces (thesis section 10); `gan-prior` completes faces with it.

    Trained on the true faces of the pairs alone. A third network, the encoder, learns meanwhile to guess the latent
    vector of a face with a hole, so that `gan-prior` need not start its search anywhere. The networks work at 16, 32,
    64, 128 or 256 pixels, whatever the faces fill; others are shrunk. Presets:

    * ``tuned`` (default): what keeps the two in balance: a gradient penalty (R1) on real faces. The generator kept is
      a moving average.
    * ``thesis``: batches of 5, 8 epochs; plain DCGAN training (Radford et al. 2016, section 4: Adam 2e-4, β₁ 0.5)
      without penalty, average or encoder. The thesis shows no network for this part; this one is a DCGAN.
    """

    card = MethodCard(
        source="S. M. Thakur, Face Recognition of Masked faces by Image Completion using GANS, IIT Madras 2022, "
        "section 10; after Radford, Metz, Chintala, Unsupervised Representation Learning with Deep Convolutional "
        "Generative Adversarial Networks, ICLR 2016",
        parameters={"generator": 1_214_915, "discriminator": 694_241, "encoder": 1_215_968},
    )
    presets: ClassVar[dict[str, FaceGeneratorSettings]] = {
        "tuned": FaceGeneratorSettings(
            training=TrainingSettings(epochs=5, batch_size=32, flip=True, precision="bfloat16"),
            learning_rate=5e-4,
            decays_from=0.5,
            penalty=2.0,
            penalty_every=8,
            average_decay=0.998,
            encoder_from=0.6,
            hole_weight=3.0,
            latent_weight=0.02,
        ),
        "thesis": FaceGeneratorSettings(
            training=TrainingSettings(epochs=8, batch_size=5),
            learning_rate=2e-4,
            decays_from=1.0,
            penalty=0.0,
            penalty_every=1,
            average_decay=0.0,
            encoder_from=1.0,
            hole_weight=0.0,
            latent_weight=0.0,
        ),
    }
    settings: FaceGeneratorSettings
    alone = "only generates random faces; use 'gan-prior', which completes faces with it"
    architecture = "face-generator 1"
    grows = True
    averages = True

    @property
    def stored(self) -> tuple[str, ...]:  # type: ignore[override]
        """All networks: the search for a latent vector asks the discriminator too."""
        return tuple(self.modules)

    def build(self, side: int) -> dict[str, nn.Module]:
        """Generator, discriminator and, if the preset has one, encoder."""
        modules: dict[str, nn.Module] = {"generator": LatentGenerator(side), "discriminator": FaceDiscriminator(side)}
        for module in modules.values():
            module.apply(_start_small)
        if self.settings.encoder_from < 1:
            modules["encoder"] = LatentEncoder(side)
        return {name: channels_last(module) for name, module in modules.items()}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:
        """Adversarial training, and the encoder's."""
        return FaceGeneratorTask(modules, self.settings, side=side, steps=steps, seed=self.seed)

    def _set_side(self, side: int) -> None:
        fitting = [possible for possible in SIDES if possible <= side]
        if not fitting:
            raise RequestError(f"face-generator needs faces of {SIDES[0]} pixels or more, not {side}")
        super()._set_side(fitting[-1])

    def generate(self, latents: Tensor) -> Tensor:
        """Faces ``(B, 3, side, side)`` in [0, 1] of latent vectors ``(B, LATENT)``, standard normal in training."""
        faces: Tensor = self.modules["generator"](latents)
        return (faces.float() + 1) / 2


class FaceGeneratorTask(TrainingTask):
    """Discriminator, generator and encoder in turn.

    The adversarial losses are those of Goodfellow et al. 2014 (non-saturating for the generator). The encoder is asked
    for a vector whose face, as the averaged generator draws it, resembles the true face, hole included.

    Args:
        modules: ``generator``, ``discriminator``, ``average`` (of the generator) and perhaps ``encoder``.
        settings: the settings of the preset.
        side: the side of the networks' faces; larger ones are shrunk to it.
        steps: the number of steps of the whole training.
        seed: the seed of the random faces on the sheets.
    """

    monitor = "hole_error"

    def __init__(
        self, modules: dict[str, nn.Module], settings: FaceGeneratorSettings, *, side: int, steps: int, seed: int
    ) -> None:
        self._settings = settings
        self._side = side
        self._encoder_from = settings.encoder_from * steps
        self._seed = seed
        self._discriminator = modules["discriminator"]
        decaying = max(1.0, (1 - settings.decays_from) * steps)
        optimisers = {
            name: torch.optim.Adam(module.parameters(), lr=settings.learning_rate, betas=(0.5, 0.99), fused=True)
            for name, module in modules.items()
            if name != "average"
        }
        schedulers = {
            name: torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (steps - step) / decaying))
            for name, optimiser in optimisers.items()
        }
        super().__init__(modules, optimisers, schedulers)

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step of each network."""
        batch = self._shrunk(batch)
        real = batch.true * 2 - 1
        latents = torch.randn(len(real), LATENT).to(real.device)
        fake: Tensor = self.modules["generator"](latents)
        losses = self._discriminate(real, fake.detach(), batch.step, fabric)
        losses["losses_g"] = self._imitate(fake, fabric)
        self.modules["average"].eval()
        update_average(
            self.modules["average"], self.modules["generator"], self._settings.average_decay, step=batch.step
        )
        if "encoder" in self.modules and batch.step >= self._encoder_from:
            losses["encoder"] = self._encode(batch, fabric)
        elif batch.step == 0 and "encoder" in self.modules:
            self.optimisers["encoder"].step()  # without gradients: changes nothing, but its scheduler insists on it
        return losses

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Mean absolute error of the encoder's guess, pixel values in [0, 1], in the hole and elsewhere; 0.5 without
        an encoder."""
        if "encoder" not in self.modules:
            nothing = torch.full((len(batch.true),), 0.5)
            return {"hole_error": nothing, "known_error": nothing}
        batch = self._shrunk(batch)
        inside, outside = mean_errors(self._guessed(batch.masked, batch.holes), batch.true, batch.holes)
        return {"hole_error": inside, "known_error": outside}

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Random faces, always of the same latent vectors; then masked faces, the encoder's guess and the truth."""
        batch = self._shrunk(batch)
        fixed = torch.Generator().manual_seed(self._seed)
        rows = []
        for _ in range(_RANDOM_ROWS):
            latents = torch.randn(len(batch.true), LATENT, generator=fixed).to(batch.true.device)
            rows.append((self.modules["average"](latents) + 1) / 2)
        if "encoder" in self.modules:
            rows += [batch.masked, self._guessed(batch.masked, batch.holes), batch.true]
        return rows

    def _discriminate(self, real: Tensor, fake: Tensor, step: int, fabric: Fabric) -> dict[str, Tensor]:
        penalised = self._settings.penalty > 0 and step % self._settings.penalty_every == 0
        if penalised:
            real = real.detach().requires_grad_(True)
            with fabric.autocast():  # Fabric's wrapper lets nothing but `fabric.backward` take gradients
                on_real = self._discriminator(real).float()
        else:
            on_real = self.modules["discriminator"](real)
        on_fake = self.modules["discriminator"](fake)
        loss = discriminator_loss(on_real, on_fake)
        total = loss
        if penalised:
            weight = self._settings.penalty / 2 * self._settings.penalty_every
            total = loss + weight * gradient_penalty(on_real, real)
        self.descend("discriminator", total, fabric)
        return judgement(loss, on_real, on_fake)

    def _imitate(self, fake: Tensor, fabric: Fabric) -> Tensor:
        with frozen(self.modules["discriminator"]):
            loss = generator_loss(self.modules["discriminator"](fake))
            self.descend("generator", loss, fabric)
        return loss

    def _encode(self, batch: TrainingBatch, fabric: Fabric) -> Tensor:
        shown = blanked(batch.masked, randomly_grown(batch.holes))
        latents: Tensor = self.modules["encoder"](shown)
        with frozen(self.modules["average"]):
            guessed = (self.modules["average"](latents) + 1) / 2
            inside, outside = mean_errors(guessed, batch.true, batch.holes)
            loss = (self._settings.hole_weight * inside + outside).mean()
            self.descend("encoder", loss + self._settings.latent_weight * latents.square().mean(), fabric)
        return loss

    def _guessed(self, masked: Tensor, holes: Tensor) -> Tensor:
        faces: Tensor = self.modules["average"](self.modules["encoder"](blanked(masked, holes)))
        return (faces.float() + 1) / 2

    def _shrunk(self, batch: TrainingBatch) -> TrainingBatch:
        masked, true = resized(batch.masked, self._side), resized(batch.true, self._side)
        return replace(batch, masked=masked, true=true, holes=(resized(batch.holes, self._side) > 0).float())


def _start_small(layer: nn.Module) -> None:
    """Weights of deviation 0.02, as in Radford et al. 2016, section 4."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, std=0.02)
