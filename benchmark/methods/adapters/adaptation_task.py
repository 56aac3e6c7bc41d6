"""How an adapter learns: its embedding of a masked probe is pulled towards the template of the same face unmasked.

Huber, Boutros, Kirchbuchner, Damer: *Mask-invariant Face Recognition through Template-level Knowledge Distillation*,
FG 2021: the templates of the unchanged recogniser are the targets, so that existing enrolments stay valid. A second
term separates the person from strangers (van den Oord, Li, Vinyals: *Representation Learning with Contrastive
Predictive Coding*, 2018, equation 4): being closer to one's own template does not help if all templates come closer.
A third one does the same for upper faces alone, which are compared with each other where an adapter looks more than
once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from benchmark.errors import RequestError
from benchmark.masked_faces import to_pixels
from benchmark.methods.adapters.probe_chips import ProbeChips, VariedProbes
from benchmark.methods.adapters.upper_face_memory import UpperFaceMemory
from benchmark.training.adversarial import update_average
from benchmark.training.task import TrainingBatch, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from benchmark.recognisers.base import Recogniser

_SAME_PERSON = 0.5
"""Two templates nearer than this share of the strangers' mean squared distance may be one person's (dlib's own
threshold, a squared distance of 0.36, is half of its strangers' 0.72)."""
_PAIRS_FOR_SCALE = 4096


@dataclass(frozen=True)
class TemplateBank:
    """The unchanged recogniser's templates of bare faces, one a training pair.

    Attributes:
        templates: ``float32 (N, D)``; of unit length where the recogniser compares angles.
        people: ``int64 (N,)``, a code of each one's subject.
    """

    templates: Tensor
    people: Tensor

    @classmethod
    def of(cls, templates: NDArray[np.float32], subject_ids: tuple[str, ...], *, metric: str) -> TemplateBank:
        """The bank of embeddings ``(N, D)`` as the recogniser gives them.

        >>> bank = TemplateBank.of(np.eye(2, dtype=np.float32) * 3, ("anna", "ben"), metric="cosine")
        >>> bank.templates.norm(dim=1).tolist(), bank.people.tolist()
        ([1.0, 1.0], [0, 1])
        """
        _, people = np.unique(np.asarray(subject_ids), return_inverse=True)
        values = torch.from_numpy(np.array(templates, dtype=np.float32))
        if metric == "cosine":
            values = functional.normalize(values)
        return cls(values, torch.from_numpy(people.astype(np.int64)))

    def centres(self) -> Tensor:
        """The mean template of each one's subject, ``float32 (N, D)``."""
        count = int(self.people.max()) + 1
        sums = torch.zeros(count, self.templates.shape[1]).index_add_(0, self.people, self.templates)
        sizes = torch.bincount(self.people, minlength=count).unsqueeze(1)
        return (sums / sizes)[self.people]

    def scale(self) -> float:
        """Mean squared distance between strangers' templates.

        Raises:
            RequestError: all of them are one person's.
        """
        generator = torch.Generator().manual_seed(0)
        first, second = torch.randint(len(self.templates), (2, _PAIRS_FOR_SCALE), generator=generator)
        strangers = self.people[first] != self.people[second]
        if not strangers.any():
            raise RequestError("all training faces are of one person, and an adapter must learn to tell people apart")
        distances = (self.templates[first] - self.templates[second]).square().sum(dim=1)
        return float(distances[strangers].mean())


@dataclass(frozen=True)
class LossSettings:
    """Weights of the loss.

    Attributes:
        strangers: weight of the term that tells strangers apart.
        upper_strangers: weight of the same term among upper faces, for probes that show no more than that.
        temperature: of both terms, as a share of the strangers' mean squared distance.
        centre: how far the target moves from the photo's own template to the mean of its person's, 0 to 1: references
            are other photos of the person.
        learning_rate: the highest.
        warm_up: steps up to it.
        most_gradient: gradients longer than this are shortened to it.
        average: decay of the moving average of the weights, which is what is kept.
    """

    strangers: float = 0.2
    upper_strangers: float = 0.5
    temperature: float = 0.07
    centre: float = 0.5
    learning_rate: float = 6e-5
    warm_up: int = 100
    most_gradient: float = 1.0
    average: float = 0.998


class AdaptationTask(TrainingTask):
    """Teaches `network` the templates of `bank`.

    All distances are squared and in units of the strangers' mean squared distance, so that the same settings hold for
    every recogniser.

    Args:
        network: chips ``float32 (B, 3, h, w)`` in [0, 1] to embeddings, with the recogniser's weights.
        chips: cuts them.
        bank: templates by row of the training pairs.
        validation: templates by row of the validation pairs.
        settings: the settings of the loss.
        teacher: the unchanged recogniser, which gives the templates of people who are mixed from two.
        steps: the number of steps of the whole training, for the learning rate, which falls to 0 along a cosine.
        unit: whether the recogniser compares angles.
        seed: the run's seed.
    """

    monitor: ClassVar[str] = "masked"

    def __init__(
        self,
        network: nn.Module,
        chips: ProbeChips,
        bank: TemplateBank,
        validation: TemplateBank | None,
        settings: LossSettings,
        *,
        teacher: Recogniser,
        steps: int,
        unit: bool,
        seed: int,
    ) -> None:
        optimiser = AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=1e-4, fused=True)
        schedule = LambdaLR(optimiser, _Schedule(settings.warm_up, steps))
        average = copy.deepcopy(network).requires_grad_(False)
        self._uppers = UpperFaceMemory(bank.people, bank.templates.shape[1])
        modules = {"network": network, "average": average, "uppers": self._uppers}
        super().__init__(modules, {"network": optimiser}, {"network": schedule})
        self._parameters = list(network.parameters())
        self._chips = chips
        self._bank = bank
        self._teacher = teacher
        self._validation = validation
        self._settings = settings
        self._unit = unit
        self._scale = bank.scale()
        centres = bank.centres()
        self._targets = bank.templates + settings.centre * (centres - bank.templates)
        if unit:
            self._targets = functional.normalize(self._targets)
        self._generator = torch.Generator()
        self._seed = seed
        self._of_person: list[Tensor] = []
        order = torch.argsort(bank.people, stable=True)
        self._of_person = list(torch.split(order, torch.bincount(bank.people).tolist()))

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """Draw the probes' embeddings to their templates and away from strangers'."""
        probes, rows = self._chips.varied(batch), batch.rows
        found = self._embedded("network", probes.chips, batch)
        target, own, photo = (
            self._targets[rows],
            self._templates_of_person(rows, batch.step),
            self._bank.templates[rows],
        )
        if len(probes.mixed):
            mixed, taught = torch.from_numpy(probes.mixed), self._taught(probes.bare)
            for templates in (target, own, photo):
                templates[mixed] = taught
        distance = (found - target.to(found.device)).square().sum(dim=1) / self._scale
        strangers = self.strangers(found, own, photo, self._bank.people[rows])
        loss = (distance + self._settings.strangers * strangers).mean()
        upper_strangers = self._upper_strangers(found, probes, batch)
        if len(upper_strangers):
            loss = loss + self._settings.upper_strangers * upper_strangers.sum() / len(rows)
        self._descend_gently(loss, fabric)
        update_average(self.modules["average"], self.modules["network"], self._settings.average, step=batch.step)
        self._remember(probes, batch)
        losses = {"loss": loss, "distance": distance.mean(), "strangers": strangers.mean()}
        return losses | ({"upper_strangers": upper_strangers.mean()} if len(upper_strangers) else {})

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """How far masked and bare probes are from their own photo's template, by the averaged weights; and masked ones
        whose chip is cut where the face was found."""
        bank = self._validation
        if bank is None:
            raise AssertionError("validation pairs were given without their templates")
        landmarks = batch.landmarks.cpu().numpy()
        figures = {}
        masked = to_pixels(batch.masked)
        shown = {
            "masked": self._chips.plain(masked, landmarks),
            "bare": self._chips.plain(to_pixels(batch.true), landmarks),
        }
        if batch.found is not None:
            shown["found"] = self._chips.as_found(masked, landmarks, batch.found)
        for name, chips in shown.items():
            found = self._embedded("average", chips, batch)
            own = bank.templates[batch.rows].to(found.device)
            figures[name] = (found - own).square().sum(dim=1) / self._scale
            others = torch.cdist(found, bank.templates.to(found.device)).square() / self._scale
            strangers = bank.people != bank.people[batch.rows].unsqueeze(1)
            nearest = others.masked_fill(~strangers.to(found.device), torch.inf).min(dim=1).values
            figures[f"{name}_margin"] = figures[name] - nearest
        return figures

    def _embedded(self, name: str, chips: NDArray[np.uint8], batch: TrainingBatch) -> Tensor:
        pixels = torch.from_numpy(chips).to(batch.masked.device).permute(0, 3, 1, 2).float() / 255
        found: Tensor = self.modules[name](pixels.contiguous(memory_format=torch.channels_last)).float()
        return functional.normalize(found) if self._unit else found

    def _taught(self, chips: NDArray[np.uint8]) -> Tensor:
        """The teacher's templates of bare chips, ``float32 (M, D)``."""
        templates = torch.from_numpy(self._teacher.embed(chips))
        return functional.normalize(templates) if self._unit else templates

    def _templates_of_person(self, rows: Tensor, step: int) -> Tensor:
        """For each pair a template of any photo of its person, ``float32 (B, D)``; the step decides which."""
        generator = self._generator_of(step)
        photos = [self._of_person[int(person)] for person in self._bank.people[rows]]
        return torch.stack(
            [self._bank.templates[mine[int(torch.randint(len(mine), (), generator=generator))]] for mine in photos]
        )

    def strangers(self, found: Tensor, own: Tensor, photo: Tensor, people: Tensor) -> Tensor:
        """−log of the share that a template of the same person has among strangers' templates, ``float32 (B,)``.

        The shares are exp(−d² / (temperature · scale)). Faces that may be the same person's (see `_SAME_PERSON`) are
        not held for strangers.

        Args:
            found: ``(B, D)``, embeddings of probes.
            own: ``(B, D)``, a template of each one's person, perhaps of another photo.
            photo: ``(B, D)``, the template of each one's own photo.
            people: ``int64 (B,)``, their codes.
        """
        return self._told_apart(found, own, self._bank.templates, ~self._perhaps_same(photo, people, found.device))

    def _upper_strangers(self, found: Tensor, probes: VariedProbes, batch: TrainingBatch) -> Tensor:
        """The same among upper faces, ``float32 (K,)``: for the probes that show an upper face alone, of people of
        whom that of another photo has been seen."""
        photographed = torch.from_numpy(probes.photographed)
        rows = batch.rows[photographed]
        upper = torch.from_numpy(probes.upper)[photographed]
        generator = self._generator_of(batch.step)
        which, own = self._uppers.of_other_photos(rows[upper], generator)
        chosen = rows[upper][which]
        same = self._perhaps_same(self._bank.templates[chosen], self._bank.people[chosen], found.device)
        strangers = self._uppers.known.to(found.device) & ~same
        return self._told_apart(found[photographed[upper][which]], own, self._uppers.embeddings, strangers)

    @torch.no_grad()
    def _remember(self, probes: VariedProbes, batch: TrainingBatch) -> None:
        if len(probes.upper_bare):
            embeddings = self._embedded("average", probes.upper_bare, batch)
            self._uppers.remember(batch.rows[torch.from_numpy(probes.photographed)], embeddings)

    def _perhaps_same(self, photo: Tensor, people: Tensor, device: torch.device) -> Tensor:
        """Which faces of the bank may be of the same person as each photo (see `strangers`), ``bool (B, N)``."""
        near = _squared_distances(photo.to(device), self._bank.templates.to(device)) < _SAME_PERSON * self._scale
        return near | (people.unsqueeze(1) == self._bank.people).to(device)

    def _told_apart(self, found: Tensor, own: Tensor, others: Tensor, strangers: Tensor) -> Tensor:
        """−log of the share of `own` ``(B, D)`` among it and the `strangers` ``bool (B, N)`` of `others` ``(N, D)``."""
        own, others, strangers = (given.to(found.device) for given in (own, others, strangers))
        positive = (found - own).square().sum(dim=1, keepdim=True)
        negative = _squared_distances(found, others).masked_fill(~strangers, torch.inf)
        logits = torch.cat([positive, negative], dim=1) / -(self._scale * self._settings.temperature)
        return -functional.log_softmax(logits, dim=1)[:, 0]

    def _generator_of(self, step: int) -> torch.Generator:
        return self._generator.manual_seed((self._seed * 1_000_003 + step) % 2**63)

    def _descend_gently(self, loss: Tensor, fabric: Fabric) -> None:
        optimiser = self.optimisers["network"]
        optimiser.zero_grad()
        fabric.backward(loss)
        nn.utils.clip_grad_norm_(self._parameters, self._settings.most_gradient)
        optimiser.step()
        optimiser.zero_grad()


class _Schedule:
    """The learning rate's share of its highest value: a linear rise, then half a cosine down to 0."""

    def __init__(self, warm_up: int, steps: int) -> None:
        self._warm_up = max(1, min(warm_up, steps // 4))
        self._steps = steps

    def __call__(self, step: int) -> float:
        if step < self._warm_up:
            return (step + 1) / self._warm_up
        done = (step - self._warm_up) / max(1, self._steps - self._warm_up)
        return float(0.5 * (1 + np.cos(np.pi * min(1.0, done))))


def _squared_distances(first: Tensor, second: Tensor) -> Tensor:
    """``(B, N)`` between rows ``(B, D)`` and ``(N, D)``."""
    lengths = first.square().sum(dim=1, keepdim=True) + second.square().sum(dim=1)
    return lengths - 2 * first @ second.t()
