"""LFW's lists as widespread copies hold them, ``pairs.csv`` and ``people.csv``: the same tests as from LFW's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.lfw import LabeledFacesInTheWild
from benchmark.datasets.lfw_csv_lists import read_people_csv
from benchmark.datasets.lfw_lists import read_people
from tests.datasets.refusal import error

FOLDS = 10


@pytest.fixture
def both(tmp_path: Path, write_photo: Callable[..., Path]) -> tuple[Path, Path]:
    """A small LFW with its own lists, and a copy with theirs."""
    own, copy = tmp_path / "own", tmp_path / "copy"
    pairs, pairs_csv = [f"{FOLDS}\t2"], ["name,imagenum1,imagenum2,"]
    people, people_csv = [str(FOLDS)], ["name,images"]
    for fold in range(FOLDS):
        names = {f"Al_{fold}": 3, f"Bo_{fold}": 2, f"Cy_{fold}": 1}
        for name, count in names.items():
            for number in range(1, count + 1):
                file = write_photo(own / name / f"{name}_{number:04d}.jpg")
                (copy / "lfw-deepfunneled" / "lfw-deepfunneled" / name).mkdir(parents=True, exist_ok=True)
                (copy / "lfw-deepfunneled" / "lfw-deepfunneled" / name / file.name).write_bytes(file.read_bytes())
        people += [str(len(names)), *(f"{name}\t{count}" for name, count in names.items())]
        people_csv += [f"{name},{count}" for name, count in names.items()]
        mated = [f"Al_{fold} 1 3", f"Bo_{fold} 2 1"]
        others = [f"Al_{fold} 2 Cy_{fold} 1", f"Cy_{fold} 1 Bo_{fold} 2"]
        pairs += [line.replace(" ", "\t") for line in (*mated, *others)]
        pairs_csv += [f"{line.replace(' ', ',')}," if fold else line.replace(" ", ",") for line in mated]
        pairs_csv += [line.replace(" ", ",") for line in others]
    for root, name, lines in (
        (own, "pairs.txt", pairs),
        (own, "people.txt", people),
        (copy, "pairs.csv", pairs_csv),
        (copy, "people.csv", people_csv),
    ):
        (root / name).write_text("\n".join(lines) + "\n")
    return own, copy


@pytest.mark.parametrize("protocol", ["view2", "people-split"])
def test_both_lists_give_the_same_test(both: tuple[Path, Path], protocol: str) -> None:
    own, copy = (LabeledFacesInTheWild(root).protocol(protocol) for root in both)
    assert [photo.image_id for photo in copy.photos] == [photo.image_id for photo in own.photos]
    for column in ("reference", "probe", "mated", "fold"):
        assert getattr(copy.comparisons, column).tolist() == getattr(own.comparisons, column).tolist()
    assert copy.folds == own.folds


def test_the_people_of_the_real_list_fall_into_its_folds(tmp_path: Path) -> None:
    """In the real list, too, the people of each fold are sorted, and each fold begins before the last one's end."""
    real = Path(__file__).parents[2].parent / "shared" / "data" / "lfw" / "people.txt"
    if not real.is_file():
        pytest.skip("LFW is not here")
    folds = read_people(real)
    lines = ["name,images", *(f"{name},{count}" for fold in folds for name, count in fold.items())]
    (tmp_path / "people.csv").write_text("\n".join(lines))
    assert read_people_csv(tmp_path / "people.csv") == folds


def test_lfws_own_list_comes_first(both: tuple[Path, Path]) -> None:
    own, copy = both
    (copy / "pairs.txt").write_text((own / "pairs.txt").read_text())
    (copy / "pairs.csv").write_text("anything else")
    assert len(LabeledFacesInTheWild(copy).protocol("view2").comparisons) == 4 * FOLDS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [lines[0], *lines[3:5], *lines[1:3], *lines[5:]], "line 2: a non-mated pair where LFW's order"),
        (lambda lines: lines[:-1], "lists 39 pairs, which are not ten folds"),
        (lambda lines: [*lines[:5], "Al_1,1", *lines[6:]], "line 6: 'Al_1 1' where 'name,1,2' or"),
        (lambda lines: [*lines[:5], "Al_1,x,2", *lines[6:]], "line 6: 'Al_1 x 2' where"),
        (lambda lines: lines[1:], "line 1: no header that begins with 'name'"),
        (lambda _: ["name"], "lists 0 pairs"),
    ],
)
def test_pairs_in_another_order_or_form(
    both: tuple[Path, Path], change: Callable[[list[str]], list[str]], words: str
) -> None:
    file = both[1] / "pairs.csv"
    file.write_text("\n".join(change(file.read_text().splitlines())))
    assert words in error(lambda: LabeledFacesInTheWild(both[1]).protocol("view2"))


def test_people_who_are_sorted_over_all_folds_are_refused(both: tuple[Path, Path]) -> None:
    file = both[1] / "people.csv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, *sorted(rows)]))
    assert "has 1 folds where LFW's own has 10" in error(
        lambda: LabeledFacesInTheWild(both[1]).protocol("people-split")
    )
    file.write_text("\n".join([head, *rows, rows[0]]))
    assert "Al_0 is listed twice" in error(lambda: LabeledFacesInTheWild(both[1]).protocol("people-split"))
