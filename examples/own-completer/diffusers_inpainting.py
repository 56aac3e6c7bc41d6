"""A plugin: an inpainting pipeline of the package `diffusers` as a completer, described by the YAML file beside it.

python run_benchmark.py --plugin examples/own-completer/diffusers_inpainting.py --methods diffusers-inpainting,telea
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from benchmark.errors import PluginError, RequestError
from benchmark.masked_faces import MaskedFaces, resized
from benchmark.methods.base import MethodCard, Unmasker
from benchmark.model_files import sha256_of
from benchmark.own_networks.card_reading import read_card
from benchmark.plugins import register_method
from benchmark.seeds import seed_for
from benchmark.torchvision_operators import provide_operators

CARD = Path(__file__).with_suffix(".yaml")


class PipelineSpec(BaseModel):
    """The keys of the YAML file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    prompt: str = ""
    negative_prompt: str = ""
    size: int = Field(default=512, ge=64, le=2048)
    steps: int = Field(default=25, ge=1)
    guidance: float = Field(default=7.5, ge=0)
    strength: float = Field(default=1.0, gt=0, le=1)
    licence: str = "not stated"
    trained_on: tuple[str, ...] = ("unknown",)


@dataclass(frozen=True)
class PipelineSettings:
    """What decides a picture; a part of its key.

    Attributes:
        spec: what the YAML file says.
        files: digest of every file of the pipeline.
    """

    spec: str
    files: str


@register_method("diffusers-inpainting")
class DiffusersInpainting(Unmasker):
    """Fill the hole with an inpainting pipeline of diffusers; noise is drawn for each face from its own seed."""

    card = MethodCard(
        licence="code: MIT; the pipeline's weights: see its YAML file", trained_on=("unknown",), slow=True
    )
    needs: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("diffusers", "transformers"), "pip install 'unmask-benchmark[diffusers]'"
    )
    batch_size = 32

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(preset=preset, seed=seed, device=device)
        self.spec = read_card(CARD, PipelineSpec)
        self.folder = (CARD.parent / self.spec.folder.expanduser()).resolve()
        if not (self.folder / "model_index.json").is_file():
            raise RequestError(
                f"{CARD}: {self.folder} holds no pipeline of diffusers (model_index.json); download one with `hf "
                "download NAME --local-dir DIR`, and name that folder"
            )
        self.working_size = self.spec.size
        self.settings = PipelineSettings(self.spec.model_dump_json(exclude={"folder"}), _digest_of(self.folder))
        self.card = MethodCard(
            summary=f"the inpainting pipeline in {self.folder.name}, {self.spec.steps} steps",
            licence=f"code: MIT; weights: {self.spec.licence}",
            trained_on=self.spec.trained_on,
            slow=True,
            weights_source=str(self.folder.name),
            sha256=self.settings.files,
        )

    @cached_property
    def pipeline(self) -> Any:
        """Loaded when the first face is restored."""
        provide_operators()  # transformers imports torchvision, whose own may not load beside a CPU-only PyTorch
        from diffusers import AutoPipelineForInpainting  # noqa: PLC0415  # an optional package

        pipeline = AutoPipelineForInpainting.from_pretrained(str(self.folder), local_files_only=True)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(self.device)

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Painted faces. A face that the pipeline's own filter blackens is refused."""
        count = len(faces.image_ids)
        generators = [
            torch.Generator().manual_seed(seed_for(self.seed, "diffusers", image_id) >> 1)
            for image_id in faces.image_ids
        ]
        given = self.pipeline(
            prompt=[self.spec.prompt] * count,
            negative_prompt=[self.spec.negative_prompt] * count,
            image=faces.pixels,
            mask_image=faces.holes,
            height=self.spec.size,
            width=self.spec.size,
            num_inference_steps=self.spec.steps,
            guidance_scale=self.spec.guidance,
            strength=self.spec.strength,
            generator=generators,
            output_type="pt",
        )
        images = given.images
        if not isinstance(images, Tensor) or images.ndim != 4 or len(images) != count:
            raise PluginError(f"the pipeline in {self.folder} gives no tensor of {count} pictures")
        images = resized(images.float(), self.spec.size)
        blackened = images.flatten(1).amax(dim=1) == 0
        return torch.where(blackened.view(-1, 1, 1, 1), torch.nan, images).to(faces.pixels.device)


def _digest_of(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts):
        whole.update(f"{file.relative_to(folder).as_posix()} {sha256_of(file)}\n".encode())
    return whole.hexdigest()
