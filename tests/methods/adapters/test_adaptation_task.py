from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from benchmark.cards import RecogniserCard
from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.masked_faces import FoundPoints, MaskedPairs
from benchmark.methods.adapters.adaptation_task import AdaptationTask, LossSettings, TemplateBank
from benchmark.methods.adapters.probe_chips import UPPER_FACE_DEPTH, ProbeChips, ProbeSettings
from benchmark.methods.adapters.upper_face_memory import UpperFaceMemory
from benchmark.progress import Progress
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.recognisers.trainable_embedding import TrainableEmbedding
from benchmark.training.batches import PairBatches
from benchmark.training.loop import train
from benchmark.training.task import TrainingBatch, TrainingSettings
from benchmark.upper_face import upper_face

SIZE, PEOPLE = 32, 8


class Small(NetworkRecogniser):
    """The whole crop, shrunk, through one layer."""

    card = RecogniserCard(chip_size=(16, 16), metric="euclidean", sha256="small")

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = self.ready(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 8)))

    def ready(self, network: nn.Module) -> nn.Module:
        return network.eval().requires_grad_(False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.network(pixels)
        return embeddings

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        left, top = np.clip(np.rint(face.landmarks[0]).astype(int), 0, SIZE - 32)
        return np.ascontiguousarray(image[top : top + 32 : 2, left : left + 32 : 2])

    def embed(self, chips: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return self.forward(torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 255).numpy()


def pairs(count: int, seed: int) -> MaskedPairs:
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    masked = true.copy()
    masked[:, SIZE // 2 :] = 40
    landmarks = generator.uniform(4, SIZE - 4, (count, 68, 2)).astype(np.float32)
    landmarks[:, 0] = 0
    holes = np.zeros((count, SIZE, SIZE), np.uint8)
    holes[:, SIZE // 2 :] = 255
    return MaskedPairs(masked, true, holes, landmarks, tuple(f"{seed}-{row % PEOPLE}" for row in range(count)))


def templates(recogniser: Small, faces: np.ndarray) -> np.ndarray:
    return recogniser.embed(np.ascontiguousarray(faces[:, ::2, ::2]))


def test_centres_and_scale_of_a_bank() -> None:
    values = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    people = tuple("abc"[row % 3] for row in range(12))
    bank = TemplateBank.of(values, people, metric="euclidean")
    for row in range(12):
        own = values[[other for other in range(12) if people[other] == people[row]]]
        np.testing.assert_allclose(bank.centres()[row], own.mean(axis=0), atol=1e-6)
    distances = [
        np.square(values[one] - values[other]).sum()
        for one in range(12)
        for other in range(12)
        if people[one] != people[other]
    ]
    assert bank.scale() == pytest.approx(np.mean(distances), rel=0.05)


def test_one_person_is_refused() -> None:
    bank = TemplateBank.of(np.ones((3, 2), np.float32), ("a", "a", "a"), metric="euclidean")
    with pytest.raises(RequestError, match="one person"):
        bank.scale()


def test_angles_are_compared_on_unit_vectors() -> None:
    bank = TemplateBank.of(np.array([[3.0, 0], [0, 5]], np.float32), ("a", "b"), metric="cosine")
    np.testing.assert_allclose(bank.templates.norm(dim=1), 1)
    assert bank.scale() == pytest.approx(2)


def test_the_strangers_term_is_a_cross_entropy_among_strangers() -> None:
    values = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32) * 5
    people = ("a", "a", "b", "c", "d", "e")
    recogniser = Small()
    bank = TemplateBank.of(values, people, metric="euclidean")
    settings = LossSettings(temperature=0.5)
    task = AdaptationTask(
        TrainableEmbedding(recogniser),
        ProbeChips(recogniser, ProbeSettings(), seed=0),
        bank,
        None,
        settings,
        teacher=recogniser,
        steps=10,
        unit=False,
        seed=0,
    )
    found = torch.from_numpy(values[2:3] + 0.3)
    scale = bank.scale() * settings.temperature
    exponents = {row: np.exp(-np.square(found[0].numpy() - values[row]).sum() / scale) for row in range(6)}
    strangers = [row for row in (0, 1, 3, 4, 5) if np.square(values[2] - values[row]).sum() > 0.5 * bank.scale()]
    expected = -np.log(exponents[2] / (exponents[2] + sum(exponents[row] for row in strangers)))
    own = bank.templates[2:3]
    assert float(task.strangers(found, own, own, bank.people[2:3])[0]) == pytest.approx(expected, rel=1e-4)


def test_it_learns_what_the_bare_face_gives_and_resumes_to_the_bit(tmp_path: Path) -> None:
    recogniser = Small()
    train_pairs, validation = pairs(48, 0), pairs(8, 1)
    examples = MaskedPairs(**{**vars(train_pairs), "validation": validation})

    class StoppedTask(AdaptationTask):
        stops_at: int | None = None

        def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, torch.Tensor]:
            if batch.step == self.stops_at:
                raise KeyboardInterrupt
            return super().step(batch, fabric)

    def trained(folder: Path, *, stops_at: int | None = None) -> tuple[AdaptationTask, float, float]:
        task = StoppedTask(
            TrainableEmbedding(recogniser),
            ProbeChips(
                recogniser,
                ProbeSettings(covered=0, cut_off=0, glasses=0, worse_seen=0, shift=0, mixed=0.2, upper=0.2),
                seed=0,
            ),
            TemplateBank.of(templates(recogniser, train_pairs.true), train_pairs.subject_ids, metric="euclidean"),
            TemplateBank.of(templates(recogniser, validation.true), validation.subject_ids, metric="euclidean"),
            LossSettings(strangers=0, upper_strangers=0.001, centre=0, learning_rate=3e-3, warm_up=2, average=0.5),
            teacher=recogniser,
            steps=60,
            unit=False,
            seed=0,
        )
        task.stops_at = stops_at
        settings = TrainingSettings(epochs=1000, max_steps=60, batch_size=12, checkpoint_every=5)
        curve = train(
            task,
            examples,
            settings,
            name="adapt",
            identity="test",
            seed=0,
            device="cpu",
            progress=Progress(quiet=True),
            checkpoints=folder,
        )
        return task, float(curve["train_distance"].iloc[0]), float(curve["train_distance"].iloc[-1])

    task, first, last = trained(tmp_path / "a")
    assert last < 0.7 * first
    unchanged = recogniser.network.state_dict()
    torch.testing.assert_close(unchanged, Small().network.state_dict())  # the recogniser's own is not touched
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "b", stops_at=38)
    again, _, _ = trained(tmp_path / "b")
    for module in ("average", "uppers"):
        for name, tensor in task.modules[module].state_dict().items():
            assert torch.equal(tensor, again.modules[module].state_dict()[name])
    assert task.modules["uppers"].known.all()


def test_bare_share_of_one_shows_the_true_faces() -> None:
    recogniser = Small()
    batches = PairBatches(pairs(8, 0), batch_size=8, size=None, flip=False, seed=0, device="cpu")
    still = ProbeSettings(
        bare=1, covered=0, glasses=0, cut_off=0, worse_seen=0, shift=0, scale=0, turn=0, mixed=0, upper=0
    )
    batch = batches.batch(0)
    true = (batch.true.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)
    np.testing.assert_array_equal(ProbeChips(recogniser, still, seed=0).varied(batch).chips, true[:, ::2, ::2])
    np.testing.assert_array_equal(batches.pairs.true[batch.rows], true)


def test_masked_probes_are_cut_where_their_faces_were_found() -> None:
    of_pairs = pairs(8, 0)
    wide = SIZE + 8  # room for a chip that is cut elsewhere
    canvas = [np.pad(images, ((0, 0), (0, 8), (0, 8), (0, 0))) for images in (of_pairs.masked, of_pairs.true)]
    landmarks = of_pairs.landmarks.copy()
    landmarks[:, 0] = 0
    elsewhere = landmarks + 4
    elsewhere[5] = np.nan  # nobody was found
    found = FoundPoints(elsewhere, elsewhere[:, :5].copy(), elsewhere[:, :5].copy())
    holes = np.zeros((8, wide, wide), np.uint8)
    holes[:, 20:] = 255
    examples = MaskedPairs(*canvas, holes, landmarks, of_pairs.subject_ids, found=found)
    batches = PairBatches(examples, batch_size=8, size=None, flip=False, seed=0, device="cpu")
    batch = batches.batch(0)
    shift = np.where(batch.rows.numpy() == 5, 0, 4)

    class Wide(Small):
        def chip(self, image: Image, face: FaceGeometry) -> Image:
            left, top = np.rint(face.landmarks[0]).astype(int)
            return np.ascontiguousarray(image[top : top + 32 : 2, left : left + 32 : 2])

    still = ProbeSettings(
        bare=0, covered=0, glasses=0, cut_off=0, worse_seen=0, shift=0, scale=0, turn=0, found=1, mixed=0, upper=0
    )
    chips = ProbeChips(Wide(), still, seed=0)
    expected = np.stack(
        [
            canvas[0][pair, move : move + 32 : 2, move : move + 32 : 2]
            for pair, move in zip(batch.rows, shift, strict=True)
        ]
    )
    np.testing.assert_array_equal(chips.varied(batch).chips, expected)
    assert batch.found is not None
    masked = canvas[0][batch.rows]
    np.testing.assert_array_equal(chips.as_found(masked, batch.landmarks.numpy(), batch.found), expected)
    never = ProbeChips(Wide(), replace(still, found=0), seed=0)
    np.testing.assert_array_equal(never.varied(batch).chips, masked[:, :32:2, :32:2])
    bare = ProbeChips(Wide(), replace(still, bare=1), seed=0)
    np.testing.assert_array_equal(bare.varied(batch).chips, canvas[1][batch.rows][:, :32:2, :32:2])


def test_people_who_are_mixed_from_two_get_the_unchanged_recogniser_s_template() -> None:
    recogniser, of_pairs = Small(), pairs(12, 0)
    still = ProbeSettings(
        bare=1, covered=0, glasses=0, cut_off=0, worse_seen=0, shift=0, scale=0, turn=0, mixed=0.5, upper=0
    )
    batch = PairBatches(of_pairs, batch_size=12, size=None, flip=False, seed=0, device="cpu").batch(0)
    probes = ProbeChips(recogniser, still, seed=0).varied(batch)
    assert 0 < len(probes.mixed) < 12
    np.testing.assert_array_equal(probes.chips[probes.mixed], probes.bare)
    photos = of_pairs.true[batch.rows][:, ::2, ::2]
    unchanged = [row for row in range(12) if (probes.chips[row] == photos[row]).all()]
    assert unchanged == [row for row in range(12) if row not in probes.mixed]

    wrong = TemplateBank.of(
        templates(recogniser, of_pairs.true)[:, ::-1].copy(), of_pairs.subject_ids, metric="euclidean"
    )
    distances = {}
    for share in (0.0, 1.0):
        task = AdaptationTask(
            TrainableEmbedding(recogniser),
            ProbeChips(recogniser, replace(still, mixed=share), seed=0),
            wrong,
            None,
            LossSettings(strangers=0, centre=0),
            teacher=recogniser,
            steps=10,
            unit=False,
            seed=0,
        )
        distances[share] = task.step(batch, Fabric(accelerator="cpu"))["distance"].item()
    assert distances[0.0] > 0.1, "the bank's templates are those of nobody"
    assert distances[1.0] == pytest.approx(0, abs=1e-6), "the network has not learned yet: it gives what it is taught"


STILL = ProbeSettings(
    bare=1, covered=0, glasses=0, cut_off=0, worse_seen=0, shift=0, scale=0, turn=0, mixed=0, depths=(0.4, 0.4)
)


def test_upper_faces_alone_are_shown_as_often_as_asked() -> None:
    recogniser, of_pairs = Small(), pairs(12, 0)
    batch = PairBatches(of_pairs, batch_size=12, size=None, flip=False, seed=0, device="cpu").batch(0)
    true = of_pairs.true[batch.rows]
    landmarks = batch.landmarks.numpy()
    upper = np.stack(
        [upper_face(face, points, depth=UPPER_FACE_DEPTH) for face, points in zip(true, landmarks, strict=True)]
    )
    probes = ProbeChips(recogniser, replace(STILL, upper=0.5), seed=0).varied(batch)
    assert 0 < probes.upper.sum() < 12
    expected = np.where(probes.upper[:, None, None, None], upper[:, ::2, ::2], true[:, ::2, ::2])
    np.testing.assert_array_equal(probes.chips, expected)
    np.testing.assert_array_equal(probes.upper_bare, upper[:, ::2, ::2])
    assert probes.photographed.tolist() == list(range(12))
    some_mixed = ProbeChips(recogniser, replace(STILL, upper=0.5, mixed=0.5), seed=0).varied(batch)
    assert sorted([*some_mixed.photographed, *some_mixed.mixed]) == list(range(12))
    np.testing.assert_array_equal(some_mixed.upper_bare, upper[some_mixed.photographed][:, ::2, ::2])


def test_the_memory_gives_upper_faces_of_other_photos_that_it_has_seen() -> None:
    memory = UpperFaceMemory(torch.tensor([0, 0, 0, 1, 1]), width=2)
    generator = torch.Generator().manual_seed(0)
    which, others = memory.of_other_photos(torch.tensor([0, 3]), generator)
    assert which.tolist() == [] and others.shape == (0, 2)
    memory.remember(torch.tensor([0, 2, 3]), torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    which, others = memory.of_other_photos(torch.tensor([3, 0, 4]), generator)
    assert which.tolist() == [1, 2]
    assert others.tolist() == [[3.0, 4.0], [5.0, 6.0]]
    memory.remember(torch.tensor([2]), torch.tensor([[7.0, 8.0]]))
    assert memory.of_other_photos(torch.tensor([0]), generator)[1].tolist() == [[7.0, 8.0]]


def test_upper_faces_are_told_apart_from_strangers_upper_faces() -> None:
    recogniser, of_pairs = Small(), pairs(16, 0)  # two photos of each of eight people
    settings = LossSettings(learning_rate=0.0, temperature=0.5)
    bank = TemplateBank.of(templates(recogniser, of_pairs.true), of_pairs.subject_ids, metric="euclidean")
    chips = ProbeChips(recogniser, replace(STILL, upper=0.5), seed=0)
    task = AdaptationTask(
        TrainableEmbedding(recogniser), chips, bank, None, settings, teacher=recogniser, steps=10, unit=False, seed=0
    )
    batches = PairBatches(of_pairs, batch_size=16, size=None, flip=False, seed=0, device="cpu")
    fabric = Fabric(accelerator="cpu")
    first, second = batches.batch(0), batches.batch(1)
    assert "upper_strangers" not in task.step(first, fabric), "no upper face is known yet"
    known = np.empty((16, 8), np.float32)
    known[first.rows] = recogniser.embed(chips.varied(first).upper_bare)
    probes = chips.varied(second)
    found = recogniser.embed(probes.chips)
    scale = bank.scale() * settings.temperature
    losses = []
    for place in np.flatnonzero(probes.upper):
        row = int(second.rows[place])
        own = (row + PEOPLE) % 16
        away = np.square(bank.templates.numpy()[row] - bank.templates.numpy()).sum(axis=1) > 0.5 * bank.scale()
        strangers = [other for other in range(16) if other not in (row, own) and away[other]]
        assert strangers
        shares = np.exp(-np.square(found[place] - known[[own, *strangers]]).sum(axis=1) / scale)
        losses.append(-np.log(shares[0] / shares.sum()))
    assert float(task.step(second, fabric)["upper_strangers"].detach()) == pytest.approx(np.mean(losses), rel=1e-3)
