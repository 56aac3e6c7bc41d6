"""Adapters from their training to their rows: a small recogniser of PyTorch is adapted to masks on synthetic people."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.errors import RequestError
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run
from benchmark.pipeline.train_method import train_method
from tests.small_onnx_network import export

SOURCE = """
import torch
from torch import nn

class Small(nn.Module):
    CARD = {"size": 32, "mean": 127.5, "std": 127.5, "trained_on": ["nothing"], "licence": "mine"}

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=3), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.Flatten(),
            nn.Linear(256, 16))
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2

    def forward(self, faces):
        return self.layers(faces)

class Other(Small):
    def __init__(self):
        super().__init__()
        self.layers[0].weight.data *= 0.5
"""
RE_ENROLLED = ("adapt:both-sides", "adapt:two-looks", "adapt:three-looks")
"""The presets for which references are embedded anew."""
RE_ENROLLED_PRESETS = [name.partition(":")[2] for name in RE_ENROLLED]
SMALL = {"size": 64, "workers": 1, "quiet": True, "train_limit": 40}
RUN = {**SMALL, "limit": 8, "passthrough": 6, "replicates": 10, "targets": "0.05"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The recogniser, as the command line names it."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "adaptable.py").write_text(SOURCE, "utf-8")
    return str(folder / "adaptable.py")


@pytest.fixture(scope="module")
def trained(small: str, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recogniser = f"{small}:Small"
    config = load_config(None, {**SMALL, "methods": "adapt", "recognisers": recogniser, "cache": cache})
    return train_method(config, tmp_path_factory.mktemp("trained"), recogniser=recogniser, steps=12)


def run_small(out: Path, cache: Path, **settings: object) -> Path:
    return run(load_config(None, {**RUN, "out": out, "cache": cache, **settings})).parent


@pytest.fixture(scope="module")
def small_run(small: str, trained: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_small(
        tmp_path_factory.mktemp("run"),
        cache,
        methods=",".join(("adapt", *RE_ENROLLED, *(f"segmenter+{name}" for name in ("adapt", *RE_ENROLLED)))),
        recognisers=f"{small}:Small,face_recognition",
        weights=(f"adapt@adaptable.py:Small={trained}",),
    )


def test_the_card_says_which_recogniser_the_weights_belong_to(trained: Path) -> None:
    card = TrainedWeights(trained).card
    assert card.recogniser == "adaptable.py:Small"
    assert len(card.recogniser_sha256) == 64
    assert card.steps == 12
    assert "--recogniser" in card.command
    assert "synthetic" in card.trained_on
    assert {"train_distance", "train_strangers", "validation_masked", "validation_bare"} <= set(
        pd.read_csv(trained / "losses.csv").columns
    )


def test_a_second_stage_names_both_commands_and_everyone_whom_either_has_seen(
    small: str, trained: Path, cache: Path, tmp_path: Path
) -> None:
    recogniser = f"{small}:Small"
    settings = {**SMALL, "methods": "adapt", "recognisers": recogniser, "cache": cache, "train_limit": 38}
    second = TrainedWeights(
        train_method(
            load_config(None, settings), tmp_path / "second", recogniser=recogniser, steps=3, start_from=trained
        )
    )
    first = TrainedWeights(trained)
    assert second.card.steps == first.card.steps + 3
    assert second.card.seconds > first.card.seconds
    assert second.card.command.startswith(f"{first.card.command} --out DIR && python run_benchmark.py train ")
    assert second.card.command.endswith("--steps 3 --start-from DIR")
    assert second.people()["synthetic"] >= first.people()["synthetic"]


def test_masked_and_bare_probes_are_measured_and_references_are_unchanged(small_run: Path) -> None:
    metrics = pd.read_csv(small_run / "metrics.csv")
    rows = metrics[(metrics["method"] == "adapt") & (metrics["recogniser"] == "adaptable.py:Small")]
    assert {"raw-restored", "restored-restored", "raw-passthrough"} <= set(rows["condition"])
    assert {"recovery", "harm"} <= set(rows["metric"])
    assert all("synthetic" in names for names in rows["train_data"])
    scores = pd.read_parquet(small_run / "scores.parquet")
    mine = scores[(scores["recogniser"] == "adaptable.py:Small") & ~scores["preset"].isin(RE_ENROLLED_PRESETS)]
    keys = ["reference_id", "probe_id"]
    masked = mine[mine["condition"] == "raw-masked"].set_index(keys)["score"]
    adapted = mine[(mine["condition"] == "raw-restored") & (mine["method"] == "adapt")].set_index(keys)["score"]
    assert (masked.loc[adapted.index] - adapted).abs().max() > 1e-4


@pytest.mark.parametrize("preset", RE_ENROLLED_PRESETS)
def test_references_are_embedded_anew(small_run: Path, preset: str) -> None:
    scores = pd.read_parquet(small_run / "scores.parquet")
    mine = scores[scores["recogniser"] == "adaptable.py:Small"]
    keys = ["reference_id", "probe_id"]

    def of(preset: str, condition: str) -> pd.Series:
        rows = mine[(mine["method"] == "adapt") & (mine["preset"] == preset) & (mine["condition"] == condition)]
        return rows.set_index(keys)["score"]

    for condition in ("raw-restored", "raw-passthrough"):
        one, both = of("default", condition), of(preset, condition)
        assert len(one) == len(both) > 0
        assert ((one - both.loc[one.index]).abs() > 1e-4).mean() > 0.9
    metrics = pd.read_csv(small_run / "metrics.csv")
    assert {"recovery", "harm"} <= set(metrics[metrics["preset"] == preset]["metric"])


@pytest.mark.parametrize(
    ("methods", "named"),
    [
        ("adapt,adapt:both-sides", "adapt"),
        ("adapt,adapt:both-sides", "adapt:both-sides"),
        ("adapt:both-sides", "adapt"),
    ],
)
def test_presets_with_the_same_weights_take_what_is_named_for_one(
    small: str, trained: Path, methods: str, named: str
) -> None:
    settings = {**RUN, "methods": methods, "recognisers": f"{small}:Small"}
    config = load_config(None, {**settings, "weights": (f"{named}@adaptable.py:Small={trained}",)})
    plan = make_plan(config, writes=False)
    assert list(plan.methods) == methods.split(",")
    assert {label: weights.folder for label, weights in plan.weights.items()} == {
        f"{label}@adaptable.py:Small": trained for label in plan.methods
    }


@pytest.mark.parametrize(
    "case",
    [*zip(RE_ENROLLED, ("share_both", "share_upper", "share_unchanged_upper"), strict=True)],
    ids=RE_ENROLLED,
)
def test_weights_of_a_version_that_did_not_know_the_preset_are_refused(
    case: tuple[str, str], small: str, trained: Path, cache: Path, tmp_path: Path
) -> None:
    name, share = case
    older = tmp_path / "older"
    shutil.copytree(trained, older)
    about = json.loads((older / "weights.json").read_text())
    del about[share]
    (older / "weights.json").write_text(json.dumps(about))
    with pytest.raises(RequestError, match="did not know this preset; train them again"):
        run_small(
            tmp_path / "run",
            cache,
            methods=name,
            recognisers=f"{small}:Small",
            weights=(f"{name}@adaptable.py:Small={older}",),
        )


@pytest.mark.parametrize("preset", ["default", *RE_ENROLLED_PRESETS])
def test_behind_a_detector_bare_probes_keep_the_unchanged_network(small_run: Path, preset: str) -> None:
    scores = pd.read_parquet(small_run / "scores.parquet")
    mine = scores[scores["recogniser"] == "adaptable.py:Small"]
    keys = ["reference_id", "probe_id"]

    def of(condition: str, method: str = "none", preset: str = "") -> pd.Series:
        rows = mine[(mine["condition"] == condition) & (mine["method"] == method) & (mine["preset"] == preset)]
        return rows.drop_duplicates(keys).set_index(keys)["score"]

    raw, masked = of("raw-raw"), of("raw-masked")
    for condition, unchanged in (("raw-passthrough", raw), ("raw-restored", masked)):
        alone, behind = (of(condition, method, preset) for method in ("adapt", "segmenter+adapt"))
        assert len(behind) == len(alone) > 0
        kept = (unchanged.loc[behind.index] - behind).abs() < 1e-6
        taken = (alone.loc[behind.index] - behind).abs() < 1e-6
        assert (kept | taken).all()
        assert kept.mean() > 0.5 if condition == "raw-passthrough" else taken.mean() > 0.5
        assert taken.mean() < 0.5 if condition == "raw-passthrough" else kept.mean() < 0.5


def test_a_recogniser_without_weights_has_no_rows_and_the_reason_is_told(small_run: Path) -> None:
    metrics = pd.read_csv(small_run / "metrics.csv")
    dlib = metrics[metrics["recogniser"] == "face_recognition"]
    left_out = json.loads((small_run / "manifest.json").read_text())["left_out"]
    if "adapt" in set(dlib["method"]):  # weights for it travel with the program
        assert "adapt@face_recognition" not in left_out
    else:
        assert "train --method adapt --recogniser face_recognition" in left_out["adapt@face_recognition"]


def test_it_saw_its_judge(small_run: Path) -> None:
    report = (small_run / "report.html").read_text("utf-8")
    assert "adapt@adaptable.py:Small" in json.dumps(json.loads((small_run / "manifest.json").read_text())["weights"])
    assert "saw" in report


def test_weights_of_another_network_are_refused(small: str, trained: Path, cache: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(trained, copied)
    with pytest.raises(RequestError, match=r"fitted to adaptable\.py:Small"):
        run_small(
            tmp_path / "run",
            cache,
            methods="adapt",
            recognisers=f"{small}:Other",
            weights=(f"adapt@adaptable.py:Other={copied}",),
        )
    card = json.loads((copied / "card.json").read_text())
    (copied / "card.json").write_text(json.dumps({**card, "recogniser_sha256": "0" * 64}))
    with pytest.raises(RequestError, match="fitted to other weights of"):
        run_small(
            tmp_path / "run",
            cache,
            methods="adapt",
            recognisers=f"{small}:Small",
            weights=(f"adapt@adaptable.py:Small={copied}",),
        )


def test_named_for_no_recogniser_that_it_fits_is_one_line(small: str, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match=r"cannot adapt any recogniser of this run: it has no weights .*`train --method adapt"
    ):
        run_small(tmp_path, cache, methods="adapt", recognisers=f"{small}:Other")


@pytest.mark.parametrize(
    ("method", "recogniser", "message"),
    [
        ("adapt", None, "name that one with --recogniser"),
        ("adapt", "all", "name one recogniser"),
        ("telea", "face_recognition", "is not fitted to a recogniser"),
        ("template-ridge", "face_recognition", "is fitted anew to each recogniser"),
    ],
)
def test_what_train_refuses(tmp_path: Path, method: str, recogniser: str | None, message: str) -> None:
    config = load_config(None, {**SMALL, "methods": method, "cache": tmp_path})
    with pytest.raises(RequestError, match=message):
        train_method(config, tmp_path / "out", recogniser=recogniser)


def test_a_recogniser_in_an_onnx_file_is_adapted(cache: Path, tmp_path: Path) -> None:
    name = f"onnx:{export(tmp_path / 'small.onnx')}"
    config = load_config(None, {**SMALL, "methods": "adapt", "recognisers": name, "cache": cache})
    trained = train_method(config, tmp_path / "trained", recogniser=name, steps=12)
    label = TrainedWeights(trained).card.recogniser
    folder = run_small(
        tmp_path / "run", cache, methods="adapt", recognisers=name, weights=(f"adapt@{label}={trained}",)
    )
    scores = pd.read_parquet(folder / "scores.parquet")
    keys = ["reference_id", "probe_id"]
    masked = scores[scores["condition"] == "raw-masked"].set_index(keys)["score"]
    adapted = scores[(scores["condition"] == "raw-restored") & (scores["method"] == "adapt")].set_index(keys)["score"]
    assert (masked.loc[adapted.index] - adapted).abs().max() > 1e-4


def test_a_detector_that_is_told_the_mask_takes_no_adapter(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="needs no hole"):
        run_small(tmp_path, cache, methods="true-mask+adapt")
