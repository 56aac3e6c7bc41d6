"""Fusions and gates, from learning to the report: whose scores, which thresholds, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.cli.main import main
from benchmark.config import load_config
from benchmark.engine.local import LocalEngine
from benchmark.errors import PluginError, RequestError
from benchmark.pipeline import learn_combination as learn_combination_module
from benchmark.pipeline.learn_combination import learn_combination
from benchmark.pipeline.notes import notes_on_plan
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run

RUN = {
    "size": 64,
    "workers": 1,
    "quiet": True,
    "limit": 12,
    "passthrough": 20,
    "replicates": 10,
    "targets": "0.05",
    "recognisers": "face_recognition",
}
MEMBERS = ["none", "periocular", "telea"]
KEYS = ["reference_id", "probe_id"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run_small(out: Path, cache: Path, **settings: object) -> Path:
    return run(load_config(None, {**RUN, "out": out, "cache": cache, **settings})).parent


def written(file: Path, **content: object) -> Path:
    file.write_text(yaml.safe_dump({"kind": "fusion", "members": MEMBERS, **content}), "utf-8")
    return file


@pytest.fixture(scope="module")
def folder(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a fusion whose scores are ten times as large as the recogniser's, and a gate."""
    files = tmp_path_factory.mktemp("files")
    fusion = written(files / "sum.yaml", weights=[3.0, 5.0, 2.0])
    gate = files / "one.yaml"
    numbers = {
        "scales": [1, 2, 1],
        "offsets": [0, 0.5, 0],
        "gains": [[0, 0, 0], [0.1, 0, 0.2], [-1, 0, 0]],
    }
    gate.write_text(
        yaml.safe_dump({"kind": "gate", "members": MEMBERS, "recognisers": {"face_recognition": numbers}}), "utf-8"
    )
    return run_small(files / "run", cache, methods=f"fusion:{fusion},gate:{gate}")


def scores_of(folder: Path, method: str, condition: str) -> pd.Series:
    scores = pd.read_parquet(folder / "scores.parquet")
    chosen = scores[(scores["method"] == method) & (scores["condition"] == condition) & (scores["size"] != "native")]
    return chosen.set_index(KEYS)["score"].sort_index()


@pytest.mark.parametrize("condition", ["raw-restored", "raw-passthrough"])
def test_a_fusion_is_the_weighted_sum_of_its_members_scores(folder: Path, condition: str) -> None:
    of_none = scores_of(folder, "none", "raw-masked" if condition == "raw-restored" else "raw-raw")
    fused = scores_of(folder, "fusion:sum.yaml", condition)
    parts = [of_none, scores_of(folder, "periocular", condition), scores_of(folder, "telea", condition)]
    expected = sum(weight * part.loc[fused.index] for weight, part in zip((3, 5, 2), parts, strict=True))
    np.testing.assert_allclose(fused, expected, rtol=1e-5)


def test_a_gate_takes_one_members_score_for_all_comparisons_of_a_probe(folder: Path) -> None:
    gated = scores_of(folder, "gate:one.yaml", "raw-restored")
    as_it_is = scores_of(folder, "none", "raw-masked").loc[gated.index]
    other = scores_of(folder, "periocular", "raw-restored").loc[gated.index] * 2 + 0.5
    taken = np.isclose(gated, other)
    assert (taken | np.isclose(gated, as_it_is)).all()
    assert (pd.Series(taken, gated.index).groupby("probe_id").nunique() == 1).all()
    assert taken.any()


def test_frozen_thresholds_are_set_on_bare_probes_that_went_through_it(folder: Path) -> None:
    metrics = pd.read_csv(folder / "metrics.csv")
    own = metrics[(metrics["method"] == "fusion:sum.yaml") & (metrics["mask_type"] == "all")]
    bare = scores_of(folder, "fusion:sum.yaml", "raw-raw")
    np.testing.assert_array_equal(bare, scores_of(folder, "fusion:sum.yaml", "raw-passthrough"))
    scores = pd.read_parquet(folder / "scores.parquet")
    raw = scores[(scores["method"] == "fusion:sum.yaml") & (scores["condition"] == "raw-raw")]
    strangers = np.sort(raw.loc[~raw["mated"], "score"].to_numpy(np.float32))
    least = np.nextafter(strangers[len(strangers) - 1 - int(0.05 * len(strangers))], np.float32(np.inf))
    frozen = own[(own["threshold_kind"] == "frozen") & (own["metric"] == "gfrr")]
    assert {"raw-restored", "raw-passthrough"} <= set(frozen["condition"])
    np.testing.assert_allclose(frozen["threshold"], least, rtol=1e-6)
    realised = own[(own["condition"] == "raw-passthrough") & (own["metric"] == "fmr")]
    assert (realised["value"] <= 0.05).all()
    harm = own[own["metric"] == "harm"]
    assert len(harm) == 1
    passed = frozen.loc[frozen["condition"] == "raw-passthrough", "value"].item()
    none = metrics[(metrics["method"] == "none") & (metrics["condition"] == "raw-raw") & (metrics["metric"] == "gfrr")]
    other = none[(none["threshold_kind"] == "frozen") & (none["size"] == "64")]["threshold"].item()
    unchanged = scores_of(folder, "none", "raw-raw").loc[bare.index][raw.set_index(KEYS)["mated"].loc[bare.index]]
    assert harm["value"].item() == pytest.approx(passed - float((unchanged < other).mean()), abs=1e-6)
    others = metrics[(metrics["method"] == "telea") & (metrics["threshold_kind"] == "frozen")]
    np.testing.assert_allclose(others["threshold"].dropna(), other, rtol=1e-6)


def test_it_has_seen_its_judge_and_the_report_and_the_manifest_name_its_file(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["combinations"]["fusion:sum.yaml"]["members"] == MEMBERS
    assert len(manifest["combinations"]["gate:one.yaml"]["sha256"]) == 64
    assert any(text.startswith("fusion:/") for text in manifest["config"]["methods"])
    report = (folder / "report.html").read_text("utf-8")
    assert "weighted sum of the scores of none, periocular, telea" in report
    assert {"periocular", "telea"} <= set(pd.read_csv(folder / "metrics.csv")["method"])


def test_the_leaderboard_computes_the_same_from_the_scores(folder: Path, tmp_path: Path) -> None:
    assert main(["leaderboard", str(folder), "--out", str(tmp_path / "board")]) == 0


def test_a_second_run_with_its_own_manifest_is_the_same(folder: Path, cache: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "manifest.json").read_text("utf-8"))["config"]
    again = run(load_config(None, {**config, "out": tmp_path / "again", "cache": cache})).parent
    first, second = (pd.read_csv(one / "metrics.csv") for one in (folder, again))
    keep = ~first["metric"].isin(["seconds_per_image", "peak_memory_mib"])
    pd.testing.assert_frame_equal(first[keep], second[keep])


def test_a_fusion_remembers_its_members_weights_and_the_report_says_where_others_are_used(
    cache: Path, tmp_path: Path
) -> None:
    file = tmp_path / "learned.yaml"
    config = load_config(None, {**RUN, "methods": "none,mean-face", "cache": cache})
    learn_combination(config, "fusion", file)
    said = yaml.safe_load(file.read_text("utf-8"))
    used = {part: trained.sha256 for part, trained in make_plan(config, writes=False).weights.items()}
    assert said["member_weights"] == used
    assert set(used) == {"segmenter", "mean-face"}

    def notes(**changed: object) -> list[str]:
        file.write_text(yaml.safe_dump({**said, "people": [], **changed}), "utf-8")
        plan = make_plan(load_config(None, {**RUN, "methods": f"fusion:{file}", "cache": cache}), writes=False)
        return [note for note in notes_on_plan(plan) if "learned with other weights" in note]

    assert notes() == []
    assert notes(member_weights={}) == []
    (note,) = notes(member_weights={**used, "mean-face": "0" * 64, "adapt@mine": "1" * 64})
    assert note.startswith("fusion:learned.yaml was learned with other weights of mean-face (SHA-256 00000000… then, ")
    assert f"{used['mean-face'][:8]}… now): its numbers may not suit these" in note


@pytest.mark.parametrize("kind", ["fusion", "gate"])
def test_what_is_learned_can_be_run(cache: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "learned.yaml"
    config = load_config(None, {**RUN, "methods": "none,periocular,telea", "cache": cache})
    learned = learn_combination(config, kind, file)
    assert set(learned.by_recogniser) == {"face_recognition"}
    said = yaml.safe_load(file.read_text("utf-8"))
    assert said["members"] == MEMBERS
    assert "12 people of synthetic" in said["learned_on"]
    assert len(set(said["people"])) == 12
    with pytest.raises(RequestError, match=r"learned on subjects .* of 'synthetic', who would be tested"):
        run_small(tmp_path / "refused", cache, methods=f"{kind}:{file}")
    file.write_text(yaml.safe_dump({**said, "people": []}), "utf-8")  # as if on others, to compare the numbers
    folder = run_small(tmp_path / "run", cache, methods=f"{kind}:{file}")
    metrics = pd.read_csv(folder / "metrics.csv")
    rows = metrics[(metrics["method"] == f"{kind}:learned.yaml") & (metrics["metric"] == "gfrr")]
    before, after = learned.by_recogniser["face_recognition"].gfrr[0.05]
    matched = rows[(rows["threshold_kind"] == "matched") & (rows["condition"] == "raw-restored")]
    assert matched.loc[matched["mask_type"] == "all", "value"].item() == pytest.approx(after, abs=1e-6)
    assert after <= before
    harm = metrics[(metrics["method"] == f"{kind}:learned.yaml") & (metrics["metric"] == "harm")]["value"].item()
    assert harm == pytest.approx(learned.by_recogniser["face_recognition"].harm[0.05], abs=1e-6)


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("adapt:two-looks", "longer embeddings of it than the recogniser; leave it out"),
        ("segmenter+adapt:both-sides", "one of two things of it; take 'adapt:both-sides' in its place"),
    ],
)
def test_a_gate_with_a_member_that_it_cannot_compare_is_refused_when_it_is_planned(
    member: str, why: str, cache: Path, tmp_path: Path
) -> None:
    numbers = {"scales": [1, 1], "offsets": [0, 0], "gains": [[0, 0], [0.1, 0]]}
    file = tmp_path / "gate.yaml"
    spec = {"kind": "gate", "members": ["none", member], "recognisers": {"face_recognition": numbers}}
    file.write_text(yaml.safe_dump(spec), "utf-8")
    refused = re.escape(f"'{member}' makes {why}")
    with pytest.raises(RequestError, match=f"^'gate:gate.yaml': a gate compares .*{refused}"):
        make_plan(load_config(None, {**RUN, "methods": f"gate:{file}", "cache": cache}), writes=False)
    config = load_config(None, {**RUN, "methods": f"none,{member}", "cache": cache / "nothing"})
    with pytest.raises(RequestError, match=f"^a gate compares .*{refused}"):
        learn_combination(config, "gate", tmp_path / "learned.yaml")
    assert not (cache / "nothing").exists()


def test_a_fusion_may_have_such_a_member(cache: Path, tmp_path: Path) -> None:
    members = ["none", "adapt:two-looks", "segmenter+adapt:two-looks"]
    file = written(tmp_path / "f.yaml", weights=[1, 2, 3], members=members)
    plan = make_plan(load_config(None, {**RUN, "methods": f"fusion:{file}", "cache": cache}), writes=False)
    assert list(plan.methods) == [*members[1:], "fusion:f.yaml"]
    folder = run_small(tmp_path / "run", cache, methods=f"fusion:{file}", limit=6, passthrough=6)
    parts = [("none", "raw-masked"), ("adapt", "raw-restored"), ("segmenter+adapt", "raw-restored")]
    fused = scores_of(folder, "fusion:f.yaml", "raw-restored")
    expected = sum(weight * scores_of(folder, *part).loc[fused.index] for weight, part in enumerate(parts, start=1))
    np.testing.assert_allclose(fused, expected, rtol=1e-5)


def test_learning_works_on_the_engine_that_was_asked_for(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, contexts = LocalEngine(), []
    monkeypatch.setattr(learn_combination_module, "engine_of", lambda _: engine)
    monkeypatch.setattr(learn_combination_module, "_learned", lambda *given: contexts.append(given[-1]) or {})
    config = load_config(None, {**RUN, "methods": "none,telea", "cache": cache})
    with pytest.raises(PluginError, match="nothing was learned"):
        learn_combination(config, "fusion", tmp_path / "learned.yaml")
    assert contexts[0].engine is engine


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ({"weights": [1, 2]}, {}, "a fusion of 3 members needs 3"),
        ({"weights": [1, 2, 3], "members": ["none", "none"]}, {}, "name two methods or more, each once"),
        ({"weights": [1, 2], "members": ["none", "gate:x.yaml"]}, {}, "cannot be a member"),
        ({"wieghts": [1, 2, 3]}, {}, "unknown key 'wieghts'; did you mean 'weights'"),
        ({}, {}, "it has numbers for none; `fuse` learns them"),
        ({"weights": [1, 2, 3], "members": ["none", "telee", "periocular"]}, {}, "unknown method 'telee'"),
        ({"recognisers": {"mine": {"weights": [1, 2, 3]}}}, {}, "has no numbers for face_recognition"),
        (
            {"recognisers": {"face_recognition": {"weights": [1, 2, 3], "sha256": "0" * 64}}},
            {},
            "learned with other weights of face_recognition",
        ),
        ({"weights": [1, 2, 3]}, {"passthrough": 0}, "raise --passthrough"),
        ({"weights": [1, 2], "members": ["none", "true-mask+adapt"]}, {}, "needs no hole"),
    ],
)
def test_what_is_refused(
    cache: Path, tmp_path: Path, content: dict[str, object], settings: dict[str, object], message: str
) -> None:
    file = written(tmp_path / "f.yaml", **content)
    with pytest.raises(RequestError, match=message) as caught:
        run_small(tmp_path / "run", cache, methods=f"fusion:{file}", **settings)
    assert "\n" not in str(caught.value)


def test_the_command_lines_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "f.yaml", weights=[1, 2, 3])
    for arguments, message in (
        (["--methods", f"gate:{file}"], f"the file is a fusion; write fusion:{file}"),
        (["--methods", f"fusion:{tmp_path / 'g.yaml'}"], "no such file; `fuse"),
        (["fuse", "--methods", "all", "--file", str(file)], "name the methods to combine one by one"),
        (["fuse", "--methods", "none", "--file", str(file)], "name two methods or more"),
        (["fuse", "--file", str(file)], "--methods: name the methods to combine"),
        (["fuse", "--methods", "none,telea"], "--file"),
        (["fuse", "--methods", "none,telea", "--file", str(file), "--out", "x"], "writes one file, --file"),
        (["train", "--method", f"fusion:{file}"], "fit"),
    ):
        assert main(arguments) == 2, arguments
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert message in line
