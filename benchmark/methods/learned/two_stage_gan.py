"""Finds the mask, then paints what it covers: two stages in one method, which needs no detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.machine.native_precision import native_precision
from benchmark.masked_faces import resized
from benchmark.methods.base import MaskedFaces, MethodCard
from benchmark.methods.filling.completion import blanked, composited
from benchmark.methods.learned.trained_completer import TrainedCompleter
from benchmark.methods.learned.two_stage_gan_networks import (
    MIN_SIDE,
    EditingNetwork,
    MapNetwork,
    RegionDiscriminator,
    opened_and_grown,
)
from benchmark.methods.learned.two_stage_gan_task import LossWeights, TwoStageTask
from benchmark.methods.losses.perceptual_loss import MIN_SIDE as MIN_PERCEIVED
from benchmark.methods.losses.perceptual_loss import SAW_RECOGNISER, PerceptualLoss
from benchmark.methods.trained_networks import channels_last
from benchmark.plugins import register_method
from benchmark.training.task import TrainingSettings, TrainingTask


@dataclass(frozen=True)
class TwoStageSettings:
    """A preset of the two-stage GAN.

    Attributes:
        training: length and portions.
        map_levels: times that the map network halves the face, at most.
        map_width: of its first layer.
        levels: times that the editing network halves the face, at most.
        width: the width of its first layer.
        discriminator_width: of each discriminator's first layer.
        weights: of the editing network's losses.
        whole_from: share of the steps after which the whole-region discriminator comes in.
        mask_from: share of the steps after which the mask-region discriminator comes in.
        map_rate: learning rate of the map network.
        learning_rate: the learning rate of the editing network; it falls with a cosine.
        discriminator_rate: of the discriminators.
        rests_above: a discriminator rests while its running accuracy is above this; None = never.
        average_decay: of the moving average of the editing network that paints; 0 = the network itself.
        opening: radius of the map's clean-up, share of the side.
        growth: by which the map is grown, share of the side.
        smallest: maps that cover a smaller share of the face are no mask.
    """

    training: TrainingSettings
    map_levels: int
    map_width: int
    levels: int
    width: int
    discriminator_width: int
    weights: LossWeights
    whole_from: float
    mask_from: float
    map_rate: float
    learning_rate: float
    discriminator_rate: float
    rests_above: float | None
    average_decay: float
    opening: float
    growth: float
    smallest: float


@register_method("two-stage-gan")
class TwoStageGan(TrainedCompleter):
    """Map the mask, then edit it out with a GAN that a whole-face and a mask-region discriminator trained.

    The map module (a U-Net, then erosion and dilation) finds the mask, so the method takes no detector; where it finds
    none the face stays as it is. The editing module (squeeze and excitation, atrous convolutions) learns from the
    error, structural similarity, activations of the `face_recognition` network and two discriminators, of which the
    one for the masked region comes in last. Presets:

    * ``tuned`` (default): slim networks for a processor.
    * ``paper``: wider, at 256 px, with Adam at 2e-4 and discriminators that never rest.

    What the paper leaves open or does otherwise: widths and number of layers; the perceptual loss takes the
    recogniser's early layers in place of VGG19's; while the map is learned, the editing module is already trained on
    the true map, grown at random, in place of the first stage's answers.
    """

    card = MethodCard(
        source="N. U. Din, K. Javed, S. Bae, J. Yi, A Novel GAN-Based Network for Unmasking of Masked Face, "
        "IEEE Access 8, 2020, section 3",
        saw_recognisers=(SAW_RECOGNISER,),
        parameters={
            "map": 319_076,
            "generator": 909_131,
            "whole_discriminator": 175_345,
            "mask_discriminator": 175_345,
        },
    )
    architecture = "two-stage-gan 1"
    stored = ("map", "generator")
    names_in_file: ClassVar[dict[str, str]] = {"generator": "average"}
    averages = True
    needs_holes = False
    keeps_known_pixels = False
    mask_source = "detected"
    presets: ClassVar[dict[str, TwoStageSettings]] = {
        "tuned": TwoStageSettings(
            training=TrainingSettings(epochs=2, max_steps=3_000, batch_size=16, flip=True, precision="bfloat16"),
            map_levels=4,
            map_width=16,
            levels=3,
            width=32,
            discriminator_width=16,
            weights=LossWeights(error=1.0, similarity=0.1, perceptual=0.1, adversarial=0.02),
            whole_from=0.4,
            mask_from=0.6,
            map_rate=5e-3,
            learning_rate=2e-3,
            discriminator_rate=1e-4,
            rests_above=0.8,
            average_decay=0.995,
            opening=0.016,
            growth=0.0,
            smallest=0.03,
        ),
        "paper": TwoStageSettings(
            training=TrainingSettings(epochs=100, batch_size=10, size=256, flip=True),
            map_levels=4,
            map_width=64,
            levels=3,
            width=64,
            discriminator_width=64,
            weights=LossWeights(error=1.0, similarity=1.0, perceptual=0.1, adversarial=0.01),
            whole_from=0.0,
            mask_from=0.4,
            map_rate=2e-4,
            learning_rate=2e-4,
            discriminator_rate=2e-4,
            rests_above=None,
            average_decay=0.0,
            opening=0.016,
            growth=0.0,
            smallest=0.03,
        ),
    }
    settings: TwoStageSettings

    def build(self, side: int) -> dict[str, nn.Module]:
        """Map module, editing module and the two discriminators."""
        if side < MIN_SIDE:
            raise RequestError(f"two-stage-gan needs faces of {MIN_SIDE} px or more, not {side}; raise --size")
        settings = self.settings
        generator = EditingNetwork(side, settings.width, settings.levels)
        EditingNetwork(side, settings.width, settings.levels)  # drawn as when the shipped weights were made: see GLCIC
        networks = {
            "map": MapNetwork(side, settings.map_width, settings.map_levels),
            "generator": generator,
            "whole_discriminator": RegionDiscriminator(side, settings.discriminator_width, masked_only=False),
            "mask_discriminator": RegionDiscriminator(side, settings.discriminator_width, masked_only=True),
        }
        return {name: channels_last(network) for name, network in networks.items()}

    def task(self, modules: dict[str, nn.Module], *, side: int, steps: int) -> TrainingTask:
        """Both stages side by side."""
        settings = self.settings
        perceptual = None
        if settings.weights.perceptual and side >= MIN_PERCEIVED:
            perceptual = PerceptualLoss(precision=native_precision(settings.training.precision, self.device)).to(
                self.device
            )
        whole_from, mask_from = (round(share * steps) for share in (settings.whole_from, settings.mask_from))
        return TwoStageTask(
            modules,
            weights=settings.weights,
            perceptual=perceptual,
            whole_from=whole_from,
            mask_from=mask_from,
            rates={
                "map": settings.map_rate,
                "generator": settings.learning_rate,
                "whole_discriminator": settings.discriminator_rate,
                "mask_discriminator": settings.discriminator_rate,
            },
            rests_above=settings.rests_above,
            average_decay=settings.average_decay,
            steps=steps,
            cleaned=self._cleaned,
        )

    def found_holes(self, pixels: Tensor) -> Tensor:
        """The binary map, ``(B, 1, side, side)``, 1 = covered, of faces ``(B, 3, side, side)``; zeros on a bare one."""
        return self._cleaned(self.modules["map"](pixels))

    def paint(self, faces: MaskedFaces) -> Tensor:
        """The editing module's face; `faces.holes` are those that the map module found."""
        painted: Tensor = self.modules["generator"](blanked(faces.pixels, faces.holes))
        return painted

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Painted under the map, the face's own pixels, at their own resolution, outside it."""
        size = faces.pixels.shape[-1]
        small = resized(faces.pixels, self.side)
        holes = self.found_holes(small)
        painted = self.paint(MaskedFaces(small, holes, faces.landmarks, faces.image_ids)).float().clamp(0, 1)
        return composited(resized(painted, size), faces.pixels, (resized(holes, size) >= 0.5).float())

    def _cleaned(self, logits: Tensor) -> Tensor:
        settings = self.settings
        opening, growth = (round(share * logits.shape[-1]) for share in (settings.opening, settings.growth))
        return opened_and_grown((logits > 0).float(), opening=opening, growth=growth, smallest=settings.smallest)

    def _set_side(self, side: int) -> None:
        super()._set_side(side)
        self.working_size = None  # what is not painted keeps its resolution: see `restore`
