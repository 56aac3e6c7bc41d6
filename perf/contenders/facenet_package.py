"""The pipeline of facenet-pytorch's own example: MTCNN, then InceptionResnetV1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmark.torchvision_operators import provide_operators
from perf.contender import Contender, Outputs

provide_operators()  # where torchvision's own do not load
from facenet_pytorch import MTCNN, InceptionResnetV1  # noqa: E402


class Pipeline(Contender):
    """Photos in, embeddings out."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._photos = [Image.open(path).convert("RGB") for path in sorted((inputs / "photos").iterdir())]
        self._mtcnn = MTCNN(image_size=160, margin=14)
        torch.manual_seed(0)
        self._network = InceptionResnetV1().eval()
        self._chips = np.load(inputs / "chips.npy")

    def work(self) -> Outputs:
        """Every photo, as in the example: faces one by one, embeddings together."""
        with torch.no_grad():
            aligned = [face for face in (self._mtcnn(photo) for photo in self._photos) if face is not None]
            return {"found": len(self._network(torch.stack(aligned)))}

    def outputs(self, found: Outputs) -> Outputs:
        """Embeddings of the same chips as the other side's."""
        pixels = torch.from_numpy(self._chips).permute(0, 3, 1, 2).float()
        with torch.no_grad():
            return {**found, "embeddings": self._network((pixels - 127.5) / 128).numpy()}
