"""How far a restored face is from the true one according to a recogniser, the teacher, as a differentiable loss.

The teacher must be shown what the pipeline will show it: the chip that it cuts out of the crop. Here the same pixels
are read with differentiable operations (`benchmark.recognisers.chip_grids`).

Teachers measure in different units. Here all squared distances are in those of dlib's recogniser, for which two photos
are one person's below 0.36 (its threshold is a distance of 0.6). A recogniser that compares angles has embeddings of
unit length here, multiplied by 0.6: strangers, whose embeddings are about orthogonal, are then at a squared distance of
0.72, as dlib's are on average, and the same settings of a training serve every teacher.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.methods.losses.chip_looks import other_looks
from benchmark.recognisers.chip_grids import sampled_chips
from benchmark.recognisers.network_recogniser import NetworkRecogniser

_SAME_PERSON = 0.36
"""dlib's threshold, squared."""
_ANGLES = 0.6
"""Length of the embeddings of a recogniser that compares angles."""


class IdentityLoss(nn.Module):
    """Squared distance between a teacher's embeddings of a restored face and of the true one.

    The teacher is frozen; gradients pass through to the faces. It belongs to no training task's ``modules`` (there is
    nothing to store): a task keeps it as a plain attribute.

    Args:
        teacher: a recogniser in the precision in which the loss is to be computed.
        jitter: standard deviation, in training mode, of a random shift of each chip, as a share of its side (drawn
            from PyTorch's stream, the same for both faces), so that no restoration is fitted to one grid of pixels.
        turns: likewise of a random angle, radians, and of a random change of scale, as a share; every other chip is
            then mirrored, too. What a network paints for one alignment alone is a pattern, not a face.
        looks: share of the chips, in training mode, that are shown as another camera would take them: see
            `other_looks`. What moves an embedding in one colour, or at one sharpness alone, is no face either.
    """

    def __init__(
        self, teacher: NetworkRecogniser, *, jitter: float = 0.0, turns: float = 0.0, looks: float = 0.0
    ) -> None:
        super().__init__()
        self._teacher = teacher
        self.jitter = jitter
        self.turns = turns
        self.looks = looks

    def forward(self, restored: Tensor, true: Tensor, landmarks: Tensor) -> Tensor:
        """The loss of each face, ``float32 (B,)``: 0 = the same embedding.

        Args:
            restored: ``(B, 3, S, S)`` in [0, 1], RGB.
            true: likewise; no gradient flows to it.
            landmarks: ``(B, 68, 2)``, pixels of these crops.
        """
        found, wanted = self.embeddings(restored, true, landmarks)
        return (found - wanted).square().sum(dim=1)

    def embeddings(self, restored: Tensor, true: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings of the restored faces and of the true ones, ``float32 (B, D)`` each; arguments as above."""
        grid = self._teacher.chip_grid(landmarks, restored.shape[-1])
        if self.training and self.turns > 0:
            grid = _turned(grid, self.turns)
        if self.training and self.jitter > 0:
            # a chip is about 2 / 1.4 units of the grid wide (`benchmark.acquisition.alignment.CROP_PADDING`)
            grid = grid + torch.randn(len(grid), 1, 1, 2).to(grid.device) * (self.jitter * 2 / 1.4)
        found, wanted = sampled_chips(restored.float(), grid), sampled_chips(true.float(), grid)
        if self.training and self.looks > 0:
            found, wanted = other_looks(found, wanted, share=self.looks)
        with torch.no_grad():
            wanted = self.embed(wanted)
        return self.embed(found), wanted

    def embed(self, chips: Tensor) -> Tensor:
        """Embeddings ``float32 (B, D)`` of the teacher's chips ``(B, 3, h, w)`` in [0, 1]."""
        embeddings = self._teacher.forward_in_precision(chips.contiguous(memory_format=torch.channels_last))
        if self._teacher.card.metric == "cosine":
            embeddings = _ANGLES * functional.normalize(embeddings)
        return embeddings


class StrangersLoss(nn.Module):
    """How hard it is to tell whose face was restored: the true one's embedding among those of strangers.

    A restoration that makes everybody look alike comes closer to the true embedding, but also to all others; this
    loss does not reward that. It is the cross-entropy of picking the true embedding, −log softmax(−d² / temperature),
    d being the distance of the restored embedding to each (van den Oord, Li and Vinyals, *Representation Learning
    with Contrastive Predictive Coding*, 2018, equation 4), among the batch's other faces and the last ones seen.
    Faces whose true embeddings are as close as one person's photos do are not held for strangers.

    The embeddings kept are buffers: a task names it among its ``modules``, so that a resumed training has them.

    Args:
        size: of the teacher's embeddings, D.
        kept: how many of the last true embeddings stay.
        temperature: in units of squared distance.
    """

    last: Tensor

    def __init__(self, size: int, *, kept: int = 2048, temperature: float = 0.05) -> None:
        super().__init__()
        self.register_buffer("last", torch.zeros(kept, size))
        self.temperature = temperature

    def forward(self, found: Tensor, wanted: Tensor) -> Tensor:
        """The loss of each face, ``float32 (B,)``; then the true embeddings are kept.

        Args:
            found: embeddings of restored faces, ``(B, D)``, in the units of `IdentityLoss`.
            wanted: of the true ones; no gradient flows to them.
        """
        found, wanted = found.float(), wanted.float()  # Fabric rounds what it hands to a module
        with torch.autocast(found.device.type, enabled=False):
            others = torch.cat([wanted, self.last[self.last.any(dim=1)]])
            strangers = _squared_distances(wanted, others) > _SAME_PERSON
            theirs = -_squared_distances(found, others) / self.temperature
            own = -(found - wanted).square().sum(dim=1, keepdim=True) / self.temperature
            logits = torch.cat([own, theirs.masked_fill(~strangers, -torch.inf)], dim=1)
            self.last.copy_(torch.cat([wanted, self.last])[: len(self.last)])
            return -functional.log_softmax(logits, dim=1)[:, 0]


def _turned(grid: Tensor, spread: float) -> Tensor:
    """Chips' places ``(B, h, w, 2)`` turned and scaled about their centre, and mirrored in every other chip."""
    count = len(grid)
    angle, scale = spread * torch.randn(count), 1 + spread * torch.randn(count)
    mirrored = torch.rand(count) < 0.5
    across, down = scale * angle.cos(), scale * angle.sin()
    matrix = torch.stack([torch.stack([across, -down], dim=1), torch.stack([down, across], dim=1)], dim=1)
    centre = grid.mean(dim=(1, 2), keepdim=True)
    turned = torch.einsum("bij,bhwj->bhwi", matrix.to(grid), grid - centre) + centre
    return torch.where(mirrored.to(grid.device).view(-1, 1, 1, 1), turned.flip(2), turned)


def _squared_distances(first: Tensor, second: Tensor) -> Tensor:
    lengths = first.square().sum(dim=1, keepdim=True) + second.square().sum(dim=1)
    return lengths - 2 * first @ second.t()
