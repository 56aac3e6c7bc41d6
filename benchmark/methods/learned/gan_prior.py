"""Completes a face by searching the face generator's latent space for one that fits what can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.masked_faces import resized
from benchmark.methods.base import MaskedFaces, Method, MethodCard, Unmasker
from benchmark.methods.filling.completion import blanked, composited
from benchmark.methods.filling.poisson_blending import poisson_blended
from benchmark.methods.learned.face_generator import FaceGenerator
from benchmark.methods.learned.face_generator_networks import LATENT
from benchmark.plugins import register_method
from benchmark.training.adversarial import frozen, generator_loss

_ADAM = (0.9, 0.999, 1e-8)


@dataclass(frozen=True)
class SearchSettings:
    """A preset of the search.

    Attributes:
        generator: preset of the face generator.
        steps: the number of steps of the search.
        learning_rate: the learning rate of Adam on the latent vector.
        window: side of the window that weighs known pixels by how much of their surroundings is missing, as a share of
            the face's side.
        far_weight: weight of known pixels with no hole near, added to all.
        prior_weight: λ of the discriminator's judgement.
        latent_weight: of half the vector's mean square: the generator knows standard normal vectors only.
    """

    generator: str
    steps: int
    learning_rate: float
    window: float
    far_weight: float
    prior_weight: float
    latent_weight: float


@register_method("gan-prior")
class GanPrior(Unmasker):
    """Complete a face with the nearest one that a generator of random faces can make (thesis section 9).

    After Yeh et al.: of the latent vector, a weighted context loss (the known pixels, those near the hole most:
    equations 2 and 3) and a prior loss (the discriminator's judgement: equation 4) are minimised, and the face found
    is blended into the hole (Poisson; equation 6). The networks are those of the part `face-generator`, which alone is
    trained; ``train --method gan-prior`` trains it. Presets:

    * ``tuned`` (default): the search starts from the encoder's guess and takes a few steps.
    * ``thesis``: the generator of the thesis's preset has no encoder: the search starts from the mean of all vectors
      and takes 300 steps; Yeh et al. took 1,500 from a random one.
    """

    card = MethodCard(
        source="R. A. Yeh et al., Semantic Image Inpainting with Deep Generative Models, CVPR 2017, equations 2 to 6; "
        "S. M. Thakur, IIT Madras 2022, sections 9 and 10",
        parameters={"generator": 1_214_915, "discriminator": 694_241, "encoder": 1_215_968},
    )
    presets: ClassVar[dict[str, SearchSettings]] = {
        "tuned": SearchSettings(
            generator="tuned",
            steps=8,
            learning_rate=0.1,
            window=0.11,
            far_weight=0.1,
            prior_weight=0.003,
            latent_weight=0.001,
        ),
        "thesis": SearchSettings(
            generator="thesis",
            steps=300,
            learning_rate=0.05,
            window=0.11,
            far_weight=0.0,
            prior_weight=0.003,
            latent_weight=0.001,
        ),
    }
    settings: SearchSettings
    weights_of = "face-generator"
    precision = "bfloat16"
    batch_size_on_processor = 32  # most of its layers are of 4 to 32 pixels
    version = 2

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(preset=preset, seed=seed, device=device)
        self.generator = FaceGenerator(preset=self.settings.generator, seed=seed, device=device)
        self.generator.name = self.weights_of

    def networks(self) -> dict[str, nn.Module]:
        """Those of the face generator."""
        return self.generator.networks()

    def parts(self) -> tuple[Method, ...]:
        """The face generator, which learns, and the search, which does not."""
        return (self.generator, self)

    def save(self, folder: Path) -> None:
        """Write the face generator."""
        self.generator.save(folder)

    def load(self, folder: Path) -> None:
        """Read the face generator."""
        self.generator.load(folder)

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The face found, blended into the hole."""
        work = faces.resized(self.generator.side)
        with torch.inference_mode(False), torch.enable_grad():  # the search needs gradients
            found = self.search(work.pixels.clone(), work.holes.clone())
        blended = poisson_blended(found, work.pixels, work.holes)
        return composited(resized(blended, faces.pixels.shape[-1]), faces.pixels, faces.holes)

    def search(self, pixels: Tensor, holes: Tensor) -> Tensor:
        """The generator's faces ``(B, 3, side, side)`` in [0, 1] nearest to what is known; each face alone.

        Args:
            pixels: ``(B, 3, side, side)`` in [0, 1].
            holes: ``(B, 1, side, side)``, 1 = covered.
        """
        weights = context_weights(holes, window=self.settings.window, far_weight=self.settings.far_weight)
        networks = self.generator.modules
        with frozen(*networks.values()):
            if "encoder" in networks:
                start = networks["encoder"](blanked(pixels, holes)).float().detach()
            else:
                start = torch.zeros(len(pixels), LATENT, device=pixels.device)
            latents = start
            mean, spread = torch.zeros_like(start), torch.zeros_like(start)
            for step in range(1, self.settings.steps + 1):
                latents = latents.detach().requires_grad_(True)
                (gradient,) = torch.autograd.grad(self._loss(latents, pixels, weights), latents)
                # Adam, of which a face's own gradient alone moves its vector: Kingma and Ba, 2015, algorithm 1
                mean = _ADAM[0] * mean + (1 - _ADAM[0]) * gradient
                spread = _ADAM[1] * spread + (1 - _ADAM[1]) * gradient.square()
                scale = (spread / (1 - _ADAM[1] ** step)).sqrt() + _ADAM[2]
                latents = latents - self.settings.learning_rate * mean / (1 - _ADAM[0] ** step) / scale
            with torch.autocast(pixels.device.type, enabled=False):  # what is shown is drawn in full precision
                return self.generator.generate(latents.detach()).detach()

    def _loss(self, latents: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
        """Summed over the faces."""
        faces = self.generator.generate(latents)
        context = ((faces - pixels).abs() * weights).sum() / pixels.shape[1]
        judged = self.generator.modules["discriminator"](faces * 2 - 1).float()
        prior = generator_loss(judged) * len(faces)
        length = latents.square().mean(1).sum() / 2
        return context + self.settings.prior_weight * prior + self.settings.latent_weight * length


def context_weights(holes: Tensor, *, window: float, far_weight: float) -> Tensor:
    """How much each known pixel counts, ``(B, 1, H, W)``; a face's weights sum to 1, its hole's are 0.

    Yeh et al. 2017, equation 2: the share of a window around the pixel that is missing, plus `far_weight`.

    Args:
        holes: ``(B, 1, H, W)``, 1 = covered.
        window: side of the window, share of the face's side.
        far_weight: what a pixel without any hole near gets.
    """
    side = max(3, round(window * holes.shape[-1]) | 1)
    reach = side // 2  # a mean over a row, then over a column: 2 sums of `side` numbers a pixel in place of side²
    missing = functional.avg_pool2d(holes, (1, side), stride=1, padding=(0, reach))
    missing = functional.avg_pool2d(missing, (side, 1), stride=1, padding=(reach, 0))
    weights = (missing + far_weight) * (1 - holes)
    return weights / weights.sum((-3, -2, -1), keepdim=True).clamp(min=1e-6)
