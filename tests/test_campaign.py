"""The campaign runs, and its checks can find something. Its real runs are started by hand: see ``CONTRIBUTING.md``."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaign.damage import DAMAGES, damage_one_file
from tests.campaign.findings import Part, as_json, as_markdown
from tests.campaign.hostile_names import MARK, NAMES, names_of_methods, some_names
from tests.campaign.images import REASONS
from tests.campaign.names import _Page, _ragged

ROOT = Path(__file__).resolve().parents[1]


def test_the_summary_holds_every_trial_and_finding(capsys: pytest.CaptureFixture[str]) -> None:
    part = Part("kills", 3)
    part.ended("0 mask", "stopped")
    part.ended("1 mask", "stopped", ["left behind: a.tmp"])
    (row,) = json.loads(as_json([part], 7))["parts"]
    assert (row["asked"], row["made"]) == (3, 2)
    assert row["outcomes"] == {"stopped": 1, "a finding": 1}
    assert row["findings"] == [{"trial": "1 mask", "problem": "left behind: a.tmp"}]
    assert "**finding** 1 mask: left behind: a.tmp" in as_markdown([part], 7)
    assert "FINDING left behind: a.tmp" in capsys.readouterr().err


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_damage_changes_what_a_folder_holds_and_no_other_hard_link(kind: str, tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(bytes(range(256)))
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "file").hardlink_to(tmp_path / "sound")
    choice = random.Random(0)
    while kind not in damage_one_file(tmp_path / "copy", choice):
        for path in (tmp_path / "copy").iterdir():
            path.unlink() if not path.is_dir() or path.is_symlink() else shutil.rmtree(path)
        (tmp_path / "copy" / "file").hardlink_to(tmp_path / "sound")
    assert (tmp_path / "sound").read_bytes() == bytes(range(256))
    file = tmp_path / "copy" / "file"
    assert not file.is_file() or file.read_bytes() != bytes(range(256))


def test_hostile_names_are_names_that_a_file_system_takes(tmp_path: Path) -> None:
    names = some_names(len(NAMES) + 30, random.Random(0))
    assert len(set(names)) == len(NAMES) + 30
    for name in names:
        assert b"/" not in name and b"\0" not in name and 0 < len(name) <= 250
    assert "$x^$" in names_of_methods(NAMES) and "a+b" not in names_of_methods(NAMES)


def test_a_page_that_runs_a_name_is_found() -> None:
    page = _Page()
    page.feed(
        f'<p title="{MARK}">{MARK}</p><img onerror="{MARK}"><script>{MARK}</script><script>other({MARK})</script>'
    )
    assert len(page.run) == 2


def test_a_table_with_ragged_rows_or_a_formula_is_found(tmp_path: Path) -> None:
    assert list(_ragged(tmp_path, '"a\u2028b",-0.5\n"c\nd",\'=1\n'.encode())) == []
    assert len(list(_ragged(tmp_path, b"a,b\nc\n"))) == 1
    assert len(list(_ragged(tmp_path, b"a,=1+1\n"))) == 1


def test_only_documented_reasons_are_taken() -> None:
    assert REASONS.fullmatch("truncated image") and REASONS.fullmatch("unsupported pixel format LA")
    assert not REASONS.fullmatch("KeyError: 'tile'")


@pytest.mark.slow
def test_a_small_campaign_finds_nothing(tmp_path: Path) -> None:
    arguments = ["--kills", "1", "--commands", "fetch", "--images", "10", "--artefacts", "2", "--names", "2"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.campaign", *arguments, "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    made = {part["part"]: part["made"] for part in json.loads((tmp_path / "campaign.json").read_text())["parts"]}
    assert made == {"kills": 1, "images": 10, "artefacts": 2, "names": 2}
    assert not (tmp_path / "work").exists()
