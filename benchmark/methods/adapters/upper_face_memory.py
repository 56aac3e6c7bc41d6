"""What an adapter made of the upper faces of the training photos, the last time that each of them was seen."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class UpperFaceMemory(nn.Module):
    """Embeddings of bare upper faces, one a training pair: many more strangers than a batch holds (Wu, Xiong, Yu, Lin:
    *Unsupervised Feature Learning via Non-Parametric Instance Discrimination*, CVPR 2018, section 3.2).

    It has no parameters, but is stored and resumed like a network.

    Args:
        people: ``int64 (N,)``, a code of each pair's subject.
        width: of an embedding.

    Attributes:
        embeddings: ``float32 (N, D)``; 0 where `known` is not set.
        known: ``bool (N,)``, which upper faces have been seen.
    """

    embeddings: Tensor
    known: Tensor

    def __init__(self, people: Tensor, width: int) -> None:
        super().__init__()
        self._people = people
        self.register_buffer("embeddings", torch.zeros(len(people), width))
        self.register_buffer("known", torch.zeros(len(people), dtype=torch.bool))

    def remember(self, rows: Tensor, embeddings: Tensor) -> None:
        """Replace what is known of the pairs `rows` ``(M,)`` by `embeddings` ``(M, D)``."""
        self.embeddings[rows] = embeddings.detach().to(self.embeddings.device)
        self.known[rows] = True

    def of_other_photos(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """For each of the pairs `rows` ``(M,)`` another photo of the same person whose upper face is known.

        Returns:
            Which of `rows` have one, ``int64 (K,)``, and its embedding, ``float32 (K, D)``.
        """
        which, others = [], []
        known = self.known.cpu()
        for place, row in enumerate(rows.tolist()):
            same = (self._people == self._people[row]) & known
            same[row] = False
            photos = same.nonzero()[:, 0]
            if len(photos):
                which.append(place)
                others.append(int(photos[int(torch.randint(len(photos), (), generator=generator))]))
        return torch.tensor(which, dtype=torch.int64), self.embeddings[others]
