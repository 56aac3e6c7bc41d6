"""FaceNet's network as it is run here, behind our search for the face; its weights are random, but the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.photo_reading import read_photo
from benchmark.recognisers.facenet import FaceNet
from benchmark.torchvision_operators import provide_operators
from perf.contender import Contender, Outputs


class RandomFaceNet(FaceNet):
    """The same random weights for both sides: their values do not change what a multiplication costs."""

    def load_network(self) -> torch.nn.Module:
        """Seeded."""
        provide_operators()
        from facenet_pytorch import InceptionResnetV1  # noqa: PLC0415  # it must find the operators in place

        torch.manual_seed(0)
        network: torch.nn.Module = InceptionResnetV1()
        return network


class Ours(Contender):
    """Photos in, embeddings out: dlib's detector and landmarks, then the network on all faces at once."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._photos = [read_photo(path) for path in sorted((inputs / "photos").iterdir())]
        self._recogniser = RandomFaceNet()
        self._chips = np.load(inputs / "chips.npy")

    def work(self) -> Outputs:
        """Every photo."""
        faces = [found.geometry for found in FaceSearch().find_all(self._photos)]
        chips = [self._recogniser.chip(photo, face) for photo, face in zip(self._photos, faces, strict=True)]
        return {"found": len(self._recogniser.embed(np.stack(chips)))}

    def outputs(self, found: Outputs) -> Outputs:
        """Embeddings of the same chips as the other side's."""
        return {**found, "embeddings": self._recogniser.embed(self._chips)}
