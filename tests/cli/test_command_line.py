"""The command line: exit statuses, one-line errors, `list`, `doctor`, plugins, `train`, `mask`."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from benchmark.cli.main import main
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.plugins import KINDS

SMALL = ["--limit", "4", "--replicates", "5", "--size", "64", "--workers", "1", "--quiet", "--passthrough", "2"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a refused request."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    lines = output.err.strip().splitlines()
    assert len(lines) == 1, output.err
    return lines[0]


def test_an_unknown_method_suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "--methods", "residual-regresor")
    assert "unknown method 'residual-regresor'; did you mean 'residual-regressor'?" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dataset", "lfv"], "did you mean 'lfw'"),
        (["--recognisers", "face_recogniton"], "did you mean 'face_recognition'"),
        (["--masks", "surgicl"], "did you mean 'surgical'"),
        (["--protocol", "view3"], "it has: probes"),
        (["--size", "20"], "--size"),
        (["--conditions", "raw-rawr"], "--conditions"),
        (["--targets", "2"], "false match rate must be between 0 and 1"),
        (["--dataset", "folder"], "--data-root"),
        (["--dataset", "folder", "--data-root", "/no/such/folder"], "/no/such/folder"),
        (["--config", "/no/such/file.yaml"], "cannot be read"),
        (["--plugin", "/no/such/plugin.py"], "no such file"),
        (["--plugin", "no_such_module_at_all"], "cannot be imported"),
        (["--methods", "segmenter"], "add a completer"),
        (["train", "--method", "telea-no"], "unknown method"),
        (["train", "--method", "true-mask+telea"], "nothing to learn"),
        (["compare", "/no/such/a", "/no/such/b"], "/no/such/a"),
        (["mask", "--input", "/no/such/folder", "--output", "/tmp/never"], "/no/such/folder"),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in refused(capsys, *arguments)


def test_an_unknown_flag_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-such-flag"]) == 2
    assert "--no-such-flag" in capsys.readouterr().err


def test_help_is_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "compare" in capsys.readouterr().out


def test_settings_come_from_yaml_and_flags_override_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "preset.yaml"
    file.write_text("size: 96\nno_such_setting: 1\n")
    assert "no_such_setting" in refused(capsys, "--config", str(file))


def test_an_out_folder_that_cannot_be_written_stops_the_run_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert main(["--methods", "true-pixels", *SMALL, "--out", str(blocked / "run"), "--cache", str(tmp_path)]) == 1
    assert "choose another with --out" in capsys.readouterr().err


def test_list_json_has_one_object_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == list(KINDS)
    keys = {
        "name",
        "summary",
        "available",
        "reason",
        "parameters",
        "trained_on",
        "saw_recognisers",
        "licence",
        "source",
    }
    assert all(set(row) == keys for rows in listed.values() for row in rows)
    methods = {row["name"]: row for row in listed["methods"]}
    assert list(methods["residual-regressor"]["parameters"].values()) == [28643]


def test_list_of_one_kind_is_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "masks"]) == 0
    out = capsys.readouterr().out
    assert "surgical" in out
    assert "mean-face" not in out


def test_doctor_finds_the_default_run_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "everything the default run needs is here" in capsys.readouterr().out


PLUGIN = '''
import torch
from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.plugins import register_method

@register_method("grey-for-test")
class Grey(Unmasker):
    """Fill the hole with grey."""

    def restore(self, faces: MaskedFaces) -> torch.Tensor:
        return torch.full_like(faces.pixels, 0.5)
'''


@pytest.mark.slow
def test_a_method_is_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "grey_method_for_test.py"
    file.write_text(PLUGIN)
    out = tmp_path / "run"
    arguments = ["--plugin", str(file), "--methods", "true-mask+grey-for-test", *SMALL]
    assert main([*arguments, "--out", str(out), "--cache", str(tmp_path / "cache")]) == 0
    assert capsys.readouterr().out == f"{out / 'report.html'}\n", "--quiet prints the path alone"
    assert "true-mask+grey-for-test" in (out / "metrics.csv").read_text()


MASK_PLUGIN = '''
import numpy as np
from benchmark.masking.base import DrawnMask, MaskStyle
from benchmark.plugins import register_mask

@register_mask("bar-for-test")
class Bar(MaskStyle):
    """A black bar over the mouth."""

    def draw(self, photo, landmarks, rng):
        masked, coverage = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
        top, bottom = int(landmarks[48:68, 1].min()) - 3, int(landmarks[48:68, 1].max()) + 3
        masked[top:bottom], coverage[top:bottom] = 0, 255
        return DrawnMask(masked, coverage, {"top": top})
'''


@pytest.mark.slow
def test_a_mask_of_a_plugin_file_is_drawn_in_worker_processes(tmp_path: Path) -> None:
    file = tmp_path / "bar_mask_for_test.py"
    file.write_text(MASK_PLUGIN)
    arguments = ["--plugin", str(file), "--masks", "bar-for-test", "--methods", "true-pixels", *SMALL]
    arguments += ["--workers", "2", "--acquisition", "redetect", "--out", str(tmp_path / "run")]
    assert main([*arguments, "--cache", str(tmp_path / "cache")]) == 0
    images = pd.read_csv(tmp_path / "run" / "images.csv", keep_default_na=False)
    masked = images[(images["step"] == "mask") & (images["status"] == "ok")]
    assert set(masked["mask_type"]) == {"bar-for-test"}
    assert masked["parameters"].str.contains("top").all()


@pytest.mark.slow
def test_train_hands_out_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "trained"
    arguments = ["train", "--method", "true-mask+mean-face", "--train-limit", "20", "--size", "64", "--quiet"]
    assert main([*arguments, "--workers", "1", "--out", str(out), "--cache", str(tmp_path / "cache")]) == 0
    assert str(out) in capsys.readouterr().out
    card = TrainedWeights(out).card
    assert (card.method, card.side, card.pairs, card.train_data) == ("mean-face", 64, 20, "synthetic")
    assert card.command == (
        "python run_benchmark.py train --method true-mask+mean-face --dataset synthetic --size 64 --train-limit 20"
    )
    arguments = ["--methods", "true-mask+mean-face", *SMALL, "--weights", f"mean-face={out}", "--targets", "0.1"]
    assert main([*arguments, "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "run")]) == 0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert manifest["training"] is None  # nothing was left to train
    assert manifest["weights"]["mean-face"]["sha256"] == TrainedWeights(out).sha256
    capsys.readouterr()
    assert main(["--methods", "true-pixels", *SMALL, "--weights", f"mean-face={out}"]) == 2
    assert "no method of this run has such a part; they have: none that learns" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--steps", "0"], "--steps 0: there must be at least one step"),
        (["--start-from", "DIR"], "starts from random weights only"),
        (["--train-root", "x"], "unknown flag '--train-root'"),
        (["--dataset", "synthetic,nobody"], "nobody"),
        (["--dataset", "synthetic,manifest", "--data-root", "x"], "give each its own: NAME=DIR"),
    ],
)
def test_a_wrong_training_says_so_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], complaint: str
) -> None:
    arguments = ["train", "--method", "true-mask+mean-face", "--out", str(tmp_path / "o"), "--quiet"]
    assert main([*arguments, "--cache", str(tmp_path / "c"), *flags]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert main(["--methods", "true-pixels", *SMALL, "--out", str(tmp_path / "o"), "--cache", str(folder / "c")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_verbose_says_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = "benchmark.verbose_test"
    for flags, said in (([], False), (["-v"], True)):
        main(["list", "masks", *flags])
        logging.getLogger(logger).info("read so many photos")
        assert ("read so many photos" in capsys.readouterr().err) is said


def test_ignore_is_for_data_sets_that_search_their_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--ignore", "*.bak"]) == 2
    assert "--ignore: data set 'synthetic' does not search" in capsys.readouterr().err
