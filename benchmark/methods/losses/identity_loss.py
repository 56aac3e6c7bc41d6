"""How far a restored face is from the true one according to dlib's recogniser, as a differentiable loss.

The recogniser must be shown what the pipeline will show it: the chip that `face_recognition.face_chip` cuts out of the
crop. Here the same similarity is found and the same pixels are read with differentiable operations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.acquisition.dlib_models import CHIP_SIZE
from benchmark.recognisers.dlib_resnet import EMBEDDING_SIZE, DlibResNet
from benchmark.recognisers.face_recognition import CHIP_PADDING, load_network

SAW_RECOGNISER = "face_recognition"
_SAME_PERSON = 0.36
"""dlib's threshold, squared."""
_EYE_CORNERS_AND_NOSE = (45, 42, 36, 39, 33)
"""Of the 68 points, those that stand for dlib's five, in the order of its model: outer and inner corner of the
image-right eye, of the image-left eye, base of the nose."""
_MEAN_PLACES = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Where these are in dlib's mean-shape square (``get_face_chip_details``)."""


class IdentityLoss(nn.Module):
    """Squared distance between the embeddings of a restored face and of the true one.

    dlib calls two photos one person's where the *squared* distance is below 0.36 (its threshold is a distance of 0.6).
    The network is frozen; gradients pass through to the faces. It belongs to no training task's ``modules`` (there is
    nothing to store): a task keeps it as a plain attribute.

    Args:
        precision: the precision of the convolutions, ``"float32"`` or ``"bfloat16"``.
        jitter: standard deviation, in training mode, of a random shift of each chip, as a share of its side (drawn
            from PyTorch's stream, the same for both faces), so that no restoration is fitted to one grid of pixels.
        network: dlib's, read from its package if None.

    Raises:
        PluginError: the recogniser's weights are missing or damaged.
    """

    def __init__(self, *, precision: str = "float32", jitter: float = 0.0, network: DlibResNet | None = None) -> None:
        super().__init__()
        self.network = load_network() if network is None else network
        for part in (self.network.stem, self.network.blocks):
            part.to(getattr(torch, precision))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from the stubs
        self.jitter = jitter

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
        """Embeddings of the restored faces and of the true ones, ``float32 (B, 128)`` each; arguments as above."""
        grid = chip_grid(landmarks, restored.shape[-1])
        if self.training and self.jitter > 0:
            # a chip is about 2 / 1.4 units of the grid wide (`benchmark.acquisition.alignment.CROP_PADDING`)
            grid = grid + torch.randn(len(grid), 1, 1, 2).to(grid.device) * (self.jitter * 2 / 1.4)
        with torch.no_grad():
            wanted = self.embed(true, grid)
        return self.embed(restored, grid), wanted

    def embed(self, faces: Tensor, grid: Tensor) -> Tensor:
        """Embeddings ``float32 (B, 128)`` of crops ``(B, 3, S, S)``, aligned by `chip_grid`'s answer."""
        chips = sampled_chips(faces.float(), grid)
        with torch.autocast(faces.device.type, enabled=False):
            embeddings: Tensor = self.network(chips.contiguous(memory_format=torch.channels_last))
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
        kept: how many of the last true embeddings stay.
        temperature: in units of squared distance.
    """

    last: Tensor

    def __init__(self, *, kept: int = 2048, temperature: float = 0.05) -> None:
        super().__init__()
        self.register_buffer("last", torch.zeros(kept, EMBEDDING_SIZE))
        self.temperature = temperature

    def forward(self, found: Tensor, wanted: Tensor) -> Tensor:
        """The loss of each face, ``float32 (B,)``; then the true embeddings are kept.

        Args:
            found: embeddings of restored faces, ``(B, 128)``.
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


def _squared_distances(first: Tensor, second: Tensor) -> Tensor:
    lengths = first.square().sum(dim=1, keepdim=True) + second.square().sum(dim=1)
    return lengths - 2 * first @ second.t()


def chip_grid(landmarks: Tensor, side: int, *, size: int = CHIP_SIZE) -> Tensor:
    """Where the pixels of dlib's chip are in a crop: ``float32 (B, size, size, 2)``, for `sampled_chips`.

    The least-squares similarity from the mean places of dlib's five points to those of this face, which the 68 points
    stand in for. In complex numbers z → a z + b it is closed: a = Σ conj(zᵢ) wᵢ / Σ |zᵢ|² over centred points.

    Args:
        landmarks: ``(B, 68, 2)``, pixels of the crop.
        side: the side of the crop, pixels.
        size: of the chip, pixels.
    """
    scale = size / (2 * CHIP_PADDING + 1)
    places = (torch.tensor(_MEAN_PLACES, device=landmarks.device) + CHIP_PADDING) * scale
    points = landmarks[:, _EYE_CORNERS_AND_NOSE].float()
    place_mean, point_mean = places.mean(dim=0), points.mean(dim=1, keepdim=True)
    z, w = places - place_mean, points - point_mean
    length = z.square().sum()
    real = (z * w).sum(dim=(1, 2)) / length
    imaginary = (z[:, 0] * w[..., 1] - z[:, 1] * w[..., 0]).sum(dim=1) / length
    turn = torch.stack([torch.stack([real, -imaginary], dim=1), torch.stack([imaginary, real], dim=1)], dim=1)
    # dlib's rectangles count whole pixels: a chip of `size` pixels spans the crop's |a| size pixels less one, and
    # size − 1 steps of its own (`centered_drect` and `extract_image_chip`)
    length_ratio = torch.hypot(real, imaginary).view(-1, 1, 1)
    step = (size * length_ratio - 1) / ((size - 1) * length_ratio)
    steps = torch.arange(size, device=landmarks.device, dtype=torch.float32) - (size - 1) / 2
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    chip = torch.stack([columns, rows], dim=-1).reshape(1, -1, 2) * step + (size / 2 - place_mean)
    crop = chip @ turn.transpose(1, 2) + point_mean
    return ((crop + 0.5) * (2 / side) - 1).reshape(-1, size, size, 2)


def sampled_chips(images: Tensor, grid: Tensor) -> Tensor:
    """Chips ``(B, 3, size, size)`` of crops ``(B, 3, S, S)``, read bilinearly; black outside the crop."""
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
