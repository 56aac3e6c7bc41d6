"""How the two stages of `benchmark.methods.learned.two_stage_gan` learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.methods.filling.completion import blanked, composited, hole_psnr, mean_errors, randomly_grown
from benchmark.methods.losses.perceptual_loss import PerceptualLoss
from benchmark.methods.losses.structural_similarity import structural_similarity
from benchmark.training.adversarial import (
    discriminator_loss,
    discriminator_rests,
    generator_loss,
    judgement,
    update_average,
)
from benchmark.training.task import TrainingBatch, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_KNOWN_WEIGHT = 0.1
_DISCRIMINATORS = ("whole_discriminator", "mask_discriminator")


@dataclass(frozen=True)
class LossWeights:
    """Of the editing network's losses.

    Attributes:
        error: mean absolute error in the hole.
        similarity: 1 − structural similarity in the hole.
        perceptual: differences of a recogniser's early activations.
        adversarial: of each discriminator.
    """

    error: float
    similarity: float
    perceptual: float
    adversarial: float


class TwoStageTask(TrainingTask):
    """The map network learns to segment, the editing network to fill the true map; no gradient joins the two.

    Args:
        modules: ``map``, ``generator``, ``average``, ``whole_discriminator``, ``mask_discriminator``.
        weights: of the losses.
        perceptual: the loss of that name; None = without.
        whole_from: step at which the whole-region discriminator comes in.
        mask_from: step at which the mask-region discriminator comes in.
        rates: learning rates by the networks' names.
        rests_above: a discriminator rests while its running accuracy is above this; None = never.
        average_decay: of the editing network's moving average.
        steps: the number of steps of the whole training.
        cleaned: logits of the map network to a binary map.
    """

    monitor = "hole_error"

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        *,
        weights: LossWeights,
        perceptual: PerceptualLoss | None,
        whole_from: int,
        mask_from: int,
        rates: Mapping[str, float],
        rests_above: float | None,
        average_decay: float,
        steps: int,
        cleaned: Callable[[Tensor], Tensor],
    ) -> None:
        self._weights = weights
        self._perceptual = perceptual
        self._comes_in = dict(zip(_DISCRIMINATORS, (whole_from, mask_from), strict=True))
        self._accuracies: dict[str, Tensor] = {name: modules[name].accuracy for name in _DISCRIMINATORS}  # type: ignore[misc]
        self._rests_above = rests_above
        self._average_decay = average_decay
        self._cleaned = cleaned
        optimisers: dict[str, torch.optim.Optimizer] = {}
        for name, rate in rates.items():
            betas = (0.5, 0.99) if name in _DISCRIMINATORS else (0.9, 0.999)
            optimisers[name] = torch.optim.Adam(modules[name].parameters(), lr=rate, betas=betas, fused=True)
        decays = {
            name: torch.optim.lr_scheduler.CosineAnnealingLR(optimisers[name], steps + 1, eta_min=rates[name] / 20)
            for name in ("map", "generator")
        }
        super().__init__(modules, optimisers, decays)

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One step of each network that has come in."""
        holes = randomly_grown(batch.holes)
        painted = self.modules["generator"](blanked(batch.masked, holes))
        completed = composited(painted, batch.true, holes)
        present = [name for name in _DISCRIMINATORS if batch.step >= self._comes_in[name]]
        judged, adversarial = {}, []
        for name in present:
            on_completed, judged[name] = self._discriminator_step(name, batch.true, completed, holes, fabric)
            adversarial.append(generator_loss(on_completed))
        losses, total = self._editing_losses(painted, completed, batch.true, holes)
        if adversarial:
            losses["losses_g"] = torch.stack(adversarial).sum()
            total = total + self._weights.adversarial * losses["losses_g"]
        self.descend("generator", total, fabric)
        update_average(self.modules["average"], self.modules["generator"], self._average_decay, step=batch.step)
        return losses | _of_both(judged) | self._map_step(batch, fabric)

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """In the true hole: mean absolute error, values in [0, 1], and signal-to-noise ratio, dB; of the map:
        intersection over union with the true hole, and the share that is marked of a bare face."""
        completed = self._filled(batch.masked, batch.holes)
        inside, _ = mean_errors(completed, batch.true, batch.holes)
        found, marked = (self._cleaned(self.modules["map"](faces)) for faces in (batch.masked, batch.true))
        return {
            "hole_error": inside,
            "hole_psnr": hole_psnr(completed, batch.true, batch.holes),
            "map_iou": (found * batch.holes).sum((1, 2, 3))
            / (found + batch.holes).clamp(max=1).sum((1, 2, 3)).clamp(1),
            "bare_marked": marked.mean((1, 2, 3)),
        }

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:
        """Masked faces, what the map module found, faces edited under that, and true ones."""
        found = self._cleaned(self.modules["map"](batch.masked))
        return batch.masked, found.expand(-1, 3, -1, -1), self._filled(batch.masked, found), batch.true

    def _filled(self, masked: Tensor, holes: Tensor) -> Tensor:
        return composited(self.modules["average"](blanked(masked, holes)).float(), masked, holes)

    def _discriminator_step(
        self, name: str, true: Tensor, completed: Tensor, holes: Tensor, fabric: Fabric
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """A discriminator's step; what it now says of completed faces, and figures."""
        discriminator, running = self.modules[name], self._accuracies[name]
        real, fake = discriminator(true, holes), discriminator(completed, holes)
        loss = discriminator_loss(real, fake)
        judged = judgement(loss, real, fake)
        if not discriminator_rests(judged["discriminator_accuracy"], self._rests_above, running=running):
            self.descend(name, loss, fabric)
            fake = discriminator(completed, holes)
        return fake, judged

    def _editing_losses(
        self, painted: Tensor, completed: Tensor, true: Tensor, holes: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Each loss that needs no discriminator, and their weighted sum."""
        inside, outside = mean_errors(painted, true, holes)
        unlike = 1 - structural_similarity(completed, true).mean(dim=1, keepdim=True)
        losses = {
            "error": (inside + _KNOWN_WEIGHT * outside).mean(),
            "dissimilarity": ((unlike * holes).sum((1, 2, 3)) / holes.sum((1, 2, 3)).clamp(min=1)).mean(),
        }
        total = self._weights.error * losses["error"] + self._weights.similarity * losses["dissimilarity"]
        if self._perceptual is not None:
            losses["perceptual"] = self._perceptual(completed, true).mean()
            total = total + self._weights.perceptual * losses["perceptual"]
        return losses, total

    def _map_step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """Binary cross-entropy on masked faces and on the same faces bare, which have nothing to mark."""
        logits = self.modules["map"](torch.cat([batch.masked, batch.true]))
        wanted = torch.cat([batch.holes, torch.zeros_like(batch.holes)])
        loss = functional.binary_cross_entropy_with_logits(logits.float(), wanted)
        self.descend("map", loss, fabric)
        return {"map_loss": loss}


def _of_both(judged: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The loss and the accuracy of each discriminator, and the figures of `judgement` for both: the sum of the losses,
    like that of the generator's, and the mean of all else. Nothing where none has come in."""
    if not judged:
        return {}
    both = {}
    for figure in next(iter(judged.values())):
        values = torch.stack([of_one[figure] for of_one in judged.values()])
        both[figure] = values.sum() if figure == "losses_d" else values.mean()
    for name, of_one in judged.items():
        both |= {f"{name}_loss": of_one["losses_d"], f"{name}_accuracy": of_one["discriminator_accuracy"]}
    return both
