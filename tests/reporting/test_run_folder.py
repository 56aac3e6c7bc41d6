"""A run folder holds one run: replaced whole or not at all, never mixed, never at the cost of anybody else's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.config import RunConfig
from benchmark.errors import RequestError, StorageError
from benchmark.reporting import run_folder
from benchmark.reporting.run_folder import STAGING, RunFolder, read_finished, write_manifest
from benchmark.storage.file_digests import stored_file

FIRST = {"report.html": "first", "metrics.csv": "1", "figures/roc.svg": "<1>", "figures/only-first.svg": "<1>"}
SECOND = {"report.html": "second", "metrics.csv": "2", "figures/roc.svg": "<2>", "training/glcic.csv": "loss"}
HIDDEN = ".run.lock"


def write(out: Path, files: dict[str, str], **settings: object) -> None:
    config = RunConfig.model_validate(settings)
    with RunFolder(out, config) as folder:
        for name, text in files.items():
            (folder.staging / name).parent.mkdir(exist_ok=True)
            (folder.staging / name).write_text(text)
        write_manifest(folder.staging, {"config": config.model_dump(mode="json")})
        folder.finish()


def held(out: Path) -> dict[str, str]:
    """What a user sees, but for the manifest."""
    files = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*") if path.is_file()}
    return {name: text for name, text in files.items() if name not in ("manifest.json", HIDDEN)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write(tmp_path / "run", FIRST)
    return tmp_path / "run"


def test_a_finished_run_lists_every_file(out: Path) -> None:
    assert held(out) == FIRST
    assert set(json.loads((out / "manifest.json").read_text())["files"]) == set(FIRST)
    assert set(read_finished(out)) == {"config"}
    assert not (out / STAGING).exists()


def test_the_same_settings_replace_the_run_and_nothing_of_it_stays(out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    (out / "figures" / "mine.svg").write_text("mine")
    write(out, SECOND, workers=3, fresh=True, quiet=True)
    assert held(out) == {**SECOND, "notes.txt": "mine", "figures/mine.svg": "mine"}
    read_finished(out)


def test_other_settings_are_refused_unless_they_may_overwrite(out: Path) -> None:
    with pytest.raises(RequestError, match=r"--seed was 0.*another --out, or --overwrite"):
        write(out, SECOND, seed=1)
    assert held(out) == FIRST
    read_finished(out)
    write(out, SECOND, seed=1, overwrite=True)
    assert held(out) == SECOND


def test_files_that_were_changed_after_the_run_stay(out: Path, caplog: pytest.LogCaptureFixture) -> None:
    (out / "figures" / "only-first.svg").write_text("drawn upon by hand")
    write(out, SECOND)
    assert held(out) == {**SECOND, "figures/only-first.svg": "drawn upon by hand"}
    assert "only-first.svg was changed after its run had ended" in caplog.text


def test_a_folder_with_a_report_that_no_manifest_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("of a colleague")
    with pytest.raises(RequestError, match=r"holds report\.html, which no finished run lists"):
        write(tmp_path, FIRST)
    assert held(tmp_path) == {"report.html": "of a colleague"}
    write(tmp_path, FIRST, overwrite=True)
    assert held(tmp_path) == FIRST


def test_a_manifest_in_which_a_setting_was_changed_is_refused(out: Path) -> None:
    file = out / "manifest.json"
    text = file.read_text("utf-8")
    assert '"seed": 0' in text
    file.write_text(text.replace('"seed": 0', '"seed": 1'), "utf-8")
    with pytest.raises(
        RequestError, match=r"is not as its run left it: manifest\.json was changed after it was written"
    ):
        read_finished(out)
    file.write_text(json.dumps(json.loads(text)), "utf-8")  # the same entries, written otherwise
    assert read_finished(out)["config"]["seed"] == 0


@pytest.mark.parametrize("text", ['{"config": {}}', "{", "[]", '{"files": {"a": 1}}', "[" * 100_000])
def test_a_manifest_that_cannot_be_trusted_is_refused(text: str, out: Path) -> None:
    (out / "manifest.json").write_text(text)
    with pytest.raises(RequestError, match="--overwrite"):
        write(out, SECOND)
    write(out, SECOND, overwrite=True)
    read_finished(out)


def test_a_folder_whose_name_is_not_utf_8_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"--out .*Zo\\xeb is not UTF-8; choose another folder"):
        write(tmp_path / "Zo\udceb", FIRST)
    assert list(tmp_path.iterdir()) == []


def test_two_runs_at_once_are_refused(out: Path) -> None:
    with RunFolder(out, RunConfig()), pytest.raises(RequestError, match="another run is writing"):
        write(out, SECOND)
    assert held(out) == FIRST


def test_a_run_that_fails_leaves_the_earlier_one(out: Path) -> None:
    with pytest.raises(KeyboardInterrupt), RunFolder(out, RunConfig()) as folder:
        (folder.staging / "metrics.csv").write_text("half")
        raise KeyboardInterrupt
    assert held(out) == FIRST
    read_finished(out)
    assert not (out / STAGING).exists()


def test_a_run_that_fails_leaves_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), RunFolder(tmp_path / "run", RunConfig()):
        raise KeyboardInterrupt
    assert not (tmp_path / "run").exists()


def _kill(*_: object, **__: object) -> None:
    raise SystemExit


KILLED_BEFORE = ["unlink the manifest", "remove", "replace a file", "replace another file", "place the manifest"]


@pytest.mark.parametrize("moment", KILLED_BEFORE)
def test_killed_while_replacing_it_is_no_run_and_the_next_one_clears_up(
    moment: str, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves, real = 0, Path.replace

    def replace(source: Path, target: Path) -> Path:
        nonlocal moves
        if STAGING in source.parts and STAGING not in target.parts:
            moves += 1
            at = {"replace a file": 1, "replace another file": 3, "place the manifest": len(SECOND) + 1}
            if moves == at.get(moment):
                raise SystemExit
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        if moment == "unlink the manifest":
            patch.setattr(RunFolder, "_keep_leftovers", _kill)
        if moment == "remove":
            patch.setattr(RunFolder, "_remove", _kill)
        with pytest.raises(SystemExit):
            write(out, SECOND)
    if moment == "unlink the manifest":
        assert held(out) == FIRST
        read_finished(out)
    else:
        with pytest.raises(RequestError, match="holds an unfinished run; run the same command again"):
            read_finished(out)
    third = {"report.html": "third", "metrics.csv": "3"}
    write(out, third, seed=0 if moment == "unlink the manifest" else 5)
    assert held(out) == third
    read_finished(out)
    assert not (out / STAGING).exists()


def test_a_manifest_that_names_files_elsewhere_removes_none_of_them(out: Path) -> None:
    victim = out.parent / "victim.txt"
    victim.write_text("precious")
    manifest = json.loads((out / "manifest.json").read_text())
    for name in ("../victim.txt", str(victim)):
        manifest["files"] = {name: stored_file(victim).model_dump(exclude={"stamp"})}
        (out / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(RequestError, match="not as its run left it"):
            read_finished(out)
        with pytest.raises(StorageError, match="not a path below"):
            write(out, SECOND)
    assert victim.read_text() == "precious"


def test_a_list_of_leftovers_that_names_files_elsewhere_removes_none_of_them(out: Path) -> None:
    victim = out.parent / "victim.txt"
    victim.write_text("precious")
    (out / "manifest.json").unlink()
    (out / STAGING).mkdir()
    listed = {"../victim.txt": [stored_file(victim).model_dump()]}
    (out / STAGING / run_folder._LEFTOVERS).write_text(json.dumps(listed))
    with pytest.raises((StorageError, RequestError)):
        write(out, SECOND)
    assert victim.read_text() == "precious"


def test_a_file_that_is_a_link_is_not_followed(out: Path) -> None:
    elsewhere = out.parent / "elsewhere"
    elsewhere.mkdir()
    for file in list((out / "figures").iterdir()):
        file.rename(elsewhere / file.name)
    (out / "figures").rmdir()
    (out / "figures").symlink_to(elsewhere)
    with pytest.raises(StorageError, match="through a link"):
        write(out, SECOND)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["only-first.svg", "roc.svg"]


def test_a_table_that_was_cut_at_the_end_of_a_line_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "run", {"metrics.csv": "name,value\na,1\nb,2\n"})
    (tmp_path / "run" / "metrics.csv").write_text("name,value\na,1\n")
    with pytest.raises(RequestError, match=r"is not as its run left it: metrics\.csv"):
        read_finished(tmp_path / "run")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, '{"files": ' + "7" * 5000 + "}"])
def test_a_manifest_of_a_strange_shape_is_one_line(text: str, out: Path) -> None:
    (out / "manifest.json").write_text(text)
    with pytest.raises(RequestError, match="is damaged") as refused:
        read_finished(out)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 500


def test_names_that_are_not_utf_8_stand_in_the_manifest(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"command": "run --data-root Zo\udceb"})
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["command"] == "run --data-root Zo\udceb"
