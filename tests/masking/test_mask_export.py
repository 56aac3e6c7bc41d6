from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
from PIL import Image as Pillow

from benchmark.acquisition.alignment import crop_face, reduced_for_crop
from benchmark.acquisition.detection import FaceSearch, FoundFace
from benchmark.errors import ImageRefused, RequestError, StorageError
from benchmark.faces import FaceGeometry
from benchmark.masking import crops, export
from benchmark.masking.export import export_pairs, output_name
from benchmark.masking.export_journal import FOLDERS, JOURNAL
from benchmark.masking.head import MEAN_HEAD
from benchmark.masking.surgical import SurgicalMask

STYLES = ("surgical", "nist-wide-high")
MADE_UP_FACE = (40 * MEAN_HEAD[:, :2] + [125, 110]).astype(np.float32)


@pytest.fixture
def located(monkeypatch):
    """The detector replaced: every photo of 250 × 250 holds the mean face, others hold none. Counts its calls."""
    calls = []

    def locate(photo):
        calls.append(photo.shape)
        if photo.shape[:2] != (250, 250):
            raise ImageRefused("no face found")
        return FaceGeometry(np.array([60, 60, 190, 190], np.float32), MADE_UP_FACE, MADE_UP_FACE[[45, 42, 36, 39, 33]])

    monkeypatch.setattr(FaceSearch, "find", lambda search, photo: FoundFace(locate(photo), "made-up"))
    return calls


def _photo(path, *, side=250, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal((200, 160, 130), 6, (side, side, 3)), 0, 255).astype(np.uint8)
    Pillow.fromarray(pixels).save(path)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    _photo(folder / "anna" / "1.jpg", seed=1)
    _photo(folder / "anna" / "1.png", seed=2)
    _photo(folder / "anna" / "2.JPG", seed=3)
    _photo(folder / "bert" / "deep" / "1.jpg", seed=4)
    _photo(folder / "loose.png", seed=5)
    _photo(folder / "carl" / "noface.jpg", side=200)
    (folder / "carl" / "broken.jpg").write_bytes(b"no photo")
    (folder / "carl" / "notes.txt").write_text("passed over", "utf-8")
    return folder


def _files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def _rows(output):
    with (output / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def _contents(output):
    return {name: (output / folder / name).read_bytes() for folder in FOLDERS for name in _files(output / folder)}


def test_paired_folders_hold_the_same_names_and_the_manifest_every_image(source, tmp_path, located):
    output = tmp_path / "out"
    summary = export_pairs(source, output, styles=STYLES, size=64, seed=3)
    names = {"anna/1.jpg.png", "anna/1.png", "anna/2.JPG.png", "bert/deep/1.jpg.png", "loose.png"}
    for folder in FOLDERS:
        assert _files(output / folder) == names
    rows = _rows(output)
    assert list(rows) == sorted(rows)
    assert len(rows) == 7
    assert {row["output"] for row in rows.values()} - {""} == names
    assert (summary.exported, summary.failed, summary.reused) == (5, 2, 0)
    assert "5 masked faces" in str(summary)
    assert rows["carl/noface.jpg"]["status"] == "failed"
    assert (rows["carl/noface.jpg"]["step"], rows["carl/noface.jpg"]["reason"]) == ("acquire", "no face found")
    assert (rows["carl/broken.jpg"]["step"], rows["carl/broken.jpg"]["reason"]) == ("read", "not an image")
    assert rows["bert/deep/1.jpg"]["subject"] == "bert"
    assert rows["loose.png"]["subject"] == ""
    for row in rows.values():
        assert row["mask_type"] in STYLES
        if row["status"] == "ok":
            assert json.loads(row["parameters"])["colour"]


def test_masked_and_unmasked_differ_only_where_the_true_mask_says(source, tmp_path, located):
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES, size=96, seed=3)
    for name in _files(output / "masked"):
        unmasked, masked, true_mask = (np.array(Pillow.open(output / folder / name)) for folder in FOLDERS)
        assert unmasked.shape == masked.shape == (96, 96, 3)
        assert true_mask.shape == (96, 96)
        assert set(np.unique(true_mask)) == {0, 255}
        assert 0.1 < (true_mask > 0).mean() < 0.6
        changed = (unmasked != masked).any(axis=2)
        assert not (changed & (true_mask == 0)).any()
        assert changed[true_mask > 0].mean() > 0.9
        colour = unmasked[true_mask == 0].reshape(-1, 3).max(axis=0)
        assert colour[0] > colour[2]  # red stays red


def test_large_photos_are_masked_on_the_crop_itself(tmp_path, posed_face, monkeypatch):
    face = posed_face(side=1024, face_width=420, yaw=12, roll=8)
    photo = tmp_path / "in" / "anna" / "1.png"
    photo.parent.mkdir(parents=True)
    Pillow.fromarray(face.photo).save(photo)
    found = FaceGeometry(np.zeros(4, np.float32), face.landmarks, face.landmarks[[45, 42, 36, 39, 33]])
    monkeypatch.setattr(FaceSearch, "find", lambda search, photo: FoundFace(found, "made-up"))
    drawn_on = []
    draw = SurgicalMask.draw
    monkeypatch.setattr(SurgicalMask, "draw", lambda *given: drawn_on.append(given[1].shape[:2]) or draw(*given))

    export_pairs(photo.parents[1], tmp_path / "small", styles=("surgical",), size=256, seed=3)
    monkeypatch.setattr(crops, "fills_crop", lambda *given: False)
    monkeypatch.setattr(crops, "reduced_for_crop", lambda photo, face, size: (photo, face))
    export_pairs(photo.parents[1], tmp_path / "full", styles=("surgical",), size=256, seed=3)

    assert drawn_on == [(256, 256), (1024, 1024)]
    small, full = _rows(tmp_path / "small")["anna/1.png"], _rows(tmp_path / "full")["anna/1.png"]
    assert small["parameters"] == full["parameters"]
    for folder in ("masked", "unmasked"):
        both = [np.asarray(Pillow.open(tmp_path / of / folder / "anna/1.png"), int) for of in ("small", "full")]
        assert np.abs(both[0] - both[1]).mean() < 1, folder


@pytest.mark.parametrize(
    ("side", "face_width", "size", "drawn_on"),
    [
        (512, 240, 256, None),  # no longer than what detection looks at: masked as in every version before
        (1024, 120, 256, None),  # fewer pixels than the crop has
        (1024, 700, 256, None),  # part of the crop is outside the photo
        (1024, 420, 64, 160),  # light and points are not measured on so few pixels
        (700, 300, 256, 256),
    ],
)
def test_which_photos_are_masked_on_the_crop(posed_face, side, face_width, size, drawn_on):
    face = posed_face(side=side, face_width=face_width, yaw=0, roll=0)
    geometry = FaceGeometry(np.zeros(4, np.float32), face.landmarks, face.landmarks[[45, 42, 36, 39, 33]])
    style, shapes = SurgicalMask(), []
    draw = style.draw
    style.draw = lambda *given: shapes.append(given[0].shape[:2]) or draw(*given)
    style.for_crop = lambda: shapes.append("coarse") or style
    made = crops.masked_crops(
        face.photo, geometry, size=size, mask_type="surgical", style=style, rng=np.random.default_rng(1)
    )
    if drawn_on is None:
        below, moved = reduced_for_crop(face.photo, geometry, max(160, round(1.25 * size)))
        assert shapes == [below.shape[:2]]
        expected = draw(below, moved.landmarks, np.random.default_rng(1))
        assert (made.masked == crop_face(expected.photo, moved, size)[0]).all()
    else:
        assert shapes == ["coarse", (drawn_on, drawn_on)]
        changed = (made.masked != made.unmasked).any(axis=2)
        assert not (changed & (made.true_mask == 0)).any()
    assert made.masked.shape == made.unmasked.shape == (size, size, 3)
    assert 0.02 < (made.true_mask > 0).mean() < 0.5


def test_a_second_start_makes_nothing_again_and_mends_what_is_missing(source, tmp_path, located):
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES, seed=3)
    before, calls = _contents(output), len(located)
    again = export_pairs(source, output, styles=STYLES, seed=3)
    assert len(located) == calls
    assert again.reused == again.exported == 5
    assert "from an earlier start" in str(again)

    (output / "masked" / "anna" / "1.png").unlink()
    (output / "true_mask" / "loose.png").unlink()
    fixed = export_pairs(source, output, styles=STYLES, seed=3)
    assert len(located) == calls + 2
    assert fixed.reused == 3
    assert _contents(output) == before


def test_the_disk_has_every_picture_before_the_manifest_is_written(source, tmp_path, located, monkeypatch):
    output, seen = tmp_path / "out", []

    def sync():
        seen.append((len(list(output.rglob("*.png"))), (output / "manifest.csv").exists()))

    monkeypatch.setattr(os, "sync", sync)
    summary = export_pairs(source, output, styles=STYLES, seed=3)
    assert seen == [(3 * summary.exported, False)]
    assert (output / "manifest.csv").exists()


def test_pictures_are_not_waited_for_one_by_one(source, tmp_path, located, monkeypatch):
    waited = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: waited.append(descriptor) or real(descriptor))
    summary = export_pairs(source, tmp_path / "out", styles=STYLES, seed=3)
    assert len(waited) <= 3 <= summary.exported, "journal, table of what is passed over, manifest"


def test_a_killed_export_continues(source, tmp_path, located, monkeypatch):
    output = tmp_path / "out"
    whole = tmp_path / "whole"
    export_pairs(source, whole, styles=STYLES, seed=3)
    real = export._write

    def dies(file, content):
        if "bert" in str(file) and "true_mask" in str(file):
            (file.parent).mkdir(parents=True, exist_ok=True)
            (file.parent / f".{file.name}.99.tmp").write_bytes(b"half")
            raise KeyboardInterrupt
        return real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(export, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            export_pairs(source, output, styles=STYLES, seed=3)
    assert not (output / "manifest.csv").exists()
    with (output / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write('{"file": "bert/de')  # killed while writing this line
    summary = export_pairs(source, output, styles=STYLES, seed=3)
    assert summary.reused == 3
    assert _contents(output) == _contents(whole)
    assert _rows(output) == _rows(whole)
    assert not list(output.rglob("*.tmp"))


def test_other_settings_are_refused_unless_fresh(source, tmp_path, located):
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES, size=64, seed=3)
    before = _contents(output)
    for changed in ({"size": 32}, {"seed": 4}, {"styles": ("cloth",)}):
        with pytest.raises(RequestError, match=r"other settings.*--fresh"):
            export_pairs(source, output, **{"styles": STYLES, "size": 64, "seed": 3, **changed})
    assert _contents(output) == before
    export_pairs(source, output, styles=STYLES, size=32, seed=3, fresh=True)
    assert Pillow.open(output / "masked" / "loose.png").size == (32, 32)


def test_a_changed_or_removed_photo_changes_the_export(source, tmp_path, located):
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES, seed=3)
    (source / "loose.png").unlink()
    _photo(source / "anna" / "1.png", side=180)  # no face any more
    summary = export_pairs(source, output, styles=STYLES, seed=3)
    assert (summary.exported, summary.failed) == (3, 3)
    for folder in FOLDERS:
        assert _files(output / folder) == {"anna/1.jpg.png", "anna/2.JPG.png", "bert/deep/1.jpg.png"}
    assert "loose.png" not in _rows(output)


def test_an_image_does_not_depend_on_the_others(source, tmp_path, located):
    export_pairs(source, tmp_path / "all", styles=STYLES, seed=3)
    for name in ("anna/1.png", "carl/noface.jpg", "loose.png", "anna/2.JPG"):
        (source / name).unlink()
    export_pairs(source, tmp_path / "few", styles=STYLES, seed=3)
    everything = _contents(tmp_path / "all")
    few = _contents(tmp_path / "few")
    assert few
    assert all(everything[name] == content for name, content in few.items())


def test_wrong_requests(source, tmp_path, located):
    with pytest.raises(RequestError, match="does not exist"):
        export_pairs(tmp_path / "nowhere", tmp_path / "out", styles=STYLES)
    with pytest.raises(RequestError, match="is not a folder"):
        export_pairs(source / "loose.png", tmp_path / "out", styles=STYLES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="no photos"):
        export_pairs(tmp_path / "empty", tmp_path / "out", styles=STYLES)
    with pytest.raises(RequestError, match="same folder"):
        export_pairs(source, source, styles=STYLES)
    with pytest.raises(RequestError, match="--size 8"):
        export_pairs(source, tmp_path / "out", styles=STYLES, size=8)
    with pytest.raises(RequestError, match="unknown mask"):
        export_pairs(source, tmp_path / "out", styles=("no-such-mask",))
    assert not (tmp_path / "out").exists()


def test_folders_of_others_are_left_alone(source, tmp_path, located):
    mine = tmp_path / "out" / "masked" / "mine.png"
    _photo(mine)
    for fresh in (False, True):
        with pytest.raises(RequestError, match="no export wrote"):
            export_pairs(source, tmp_path / "out", styles=STYLES, fresh=fresh)
    assert mine.exists()


def test_output_inside_the_input_is_not_read_as_input(source, located):
    output = source / "export"
    first = export_pairs(source, output, styles=STYLES)
    second = export_pairs(source, output, styles=STYLES)
    assert first.exported == second.exported == 5


def test_an_unwritable_output_is_a_storage_error(source, tmp_path, located):
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(StorageError, match="--output"):
        export_pairs(source, tmp_path / "file" / "out", styles=STYLES)


def test_names_never_collide():
    names = [
        f"a{one}{two}{three}"
        for one in ("", ".png", ".jpg")
        for two in ("", ".png", ".JPG")
        for three in (".png", ".jpg", ".PNG")
    ]
    assert len({output_name(name) for name in set(names)}) == len(set(names))
    assert all(output_name(name).endswith(".png") for name in names)


def test_what_is_passed_over_is_counted(source, tmp_path, located, caplog):
    _photo(source / "anna" / "@eaDir" / "1.jpg")
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES)
    assert "2 files are passed over" in caplog.text
    with (output / "passed_over.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["suffix"]: (row["reason"], row["files"], row["first"]) for row in csv.DictReader(stream)}
    assert rows == {
        ".jpg": ("in a folder of thumbnails", "1", "anna/@eaDir"),
        ".txt": ("not an image", "1", "carl/notes.txt"),
    }
    export_pairs(source, output, styles=STYLES, ignore=["carl", "@eaDir"])
    assert set(_rows(output)) == {"anna/1.jpg", "anna/1.png", "anna/2.JPG", "bert/deep/1.jpg", "loose.png"}


def test_linked_folders_are_exported_like_others(source, tmp_path, located):
    _photo(tmp_path / "elsewhere" / "1.jpg")
    (source / "dora").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    export_pairs(source, tmp_path / "out", styles=STYLES)
    assert "dora/1.jpg" in _rows(tmp_path / "out")


def test_photos_without_suffix_get_names_of_their_own(source, tmp_path, located):
    (source / "anna" / "1").write_bytes((source / "anna" / "1.jpg").read_bytes())
    export_pairs(source, tmp_path / "out", styles=STYLES)
    rows = _rows(tmp_path / "out")
    assert (rows["anna/1"]["output"], rows["anna/1.png"]["output"]) == ("anna/1.png", "anna/1.png.png")


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("outside", ["../../../victim.png", "../../../victim.txt", "{absolute}"])
def test_a_journal_that_names_files_elsewhere_removes_none_of_them(source, tmp_path, located, outside, fresh):
    output = tmp_path / "deep" / "out"
    victims = [tmp_path / "victim.png", tmp_path / "victim.txt"]
    for victim in victims:
        victim.write_text("precious", "utf-8")
    export_pairs(source, output, styles=STYLES, seed=3)
    before = _contents(output)
    heading, *lines = (output / JOURNAL).read_text("utf-8").splitlines()
    forged = {**json.loads(lines[0]), "output": outside.format(absolute=victims[0])}
    others = [
        {**forged, "file": "gone.jpg"},
        {**forged, "output": 5},
        {**forged, "sha256": None},
        {**forged, "file": []},
    ]
    more = [json.dumps(record) for record in (forged, *others)]
    (output / JOURNAL).write_text("\n".join([heading, *lines[1:], *more]) + "\n", "utf-8")
    export_pairs(source, output, styles=STYLES, seed=3, fresh=fresh)
    assert [victim.read_text("utf-8") for victim in victims] == ["precious"] * 2
    assert _contents(output) == before


def test_an_export_does_not_remove_through_a_link(source, tmp_path, located):
    output, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    export_pairs(source, output, styles=STYLES, seed=3)
    (output / "masked" / "bert").rename(elsewhere)
    (output / "masked" / "bert").symlink_to(elsewhere)
    (source / "bert" / "deep" / "1.jpg").unlink()
    with pytest.raises(StorageError, match="through a link"):
        export_pairs(source, output, styles=STYLES, seed=3)
    assert (elsewhere / "deep" / "1.jpg.png").exists()


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(
    "damage", [lambda content: b"", lambda content: content[:-5], lambda content: content[:-1] + b"x"]
)
def test_a_damaged_image_is_made_again(source, tmp_path, located, folder, damage):
    output = tmp_path / "out"
    export_pairs(source, output, styles=STYLES, seed=3)
    before = _contents(output)
    file = output / folder / "loose.png"
    file.write_bytes(damage(file.read_bytes()))
    assert export_pairs(source, output, styles=STYLES, seed=3).reused == 4
    assert _contents(output) == before
