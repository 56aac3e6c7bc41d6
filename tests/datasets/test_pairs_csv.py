"""Comparisons listed in ``pairs.csv``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.base import Protocol
from benchmark.datasets.pairs_csv import PairsCsv
from benchmark.errors import RequestError

LISTED = """reference,probe,mated
a/1.jpg,a/2.jpg,1
a/2.jpg,a/3.jpg,yes
b/1.jpg,b/2.jpg,TRUE
a/1.jpg,b/1.jpg,0
c.jpg,a/3.jpg,no
b/2.jpg,c.jpg,False
"""


@pytest.fixture
def root(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    for name in ("a/1.jpg", "a/2.jpg", "a/3.jpg", "b/1.jpg", "b/2.jpg", "c.jpg"):
        write_photo(tmp_path / name)
    return tmp_path


def protocol(root: Path, text: str | bytes, limit: int | None = None) -> Protocol:
    (root / "pairs.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return PairsCsv(root).protocol("listed", limit=limit)


def listed(found: Protocol) -> list[tuple[str, str, bool]]:
    return [
        (found.photos[reference].image_id, found.photos[probe].image_id, bool(mated))
        for reference, probe, mated in zip(
            found.comparisons.reference, found.comparisons.probe, found.comparisons.mated, strict=True
        )
    ]


def error(root: Path, text: str | bytes) -> str:
    with pytest.raises(RequestError) as caught:
        protocol(root, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_exactly_as_listed(root: Path) -> None:
    found = protocol(root, LISTED)
    assert listed(found) == [
        ("a/1.jpg", "a/2.jpg", True),
        ("a/2.jpg", "a/3.jpg", True),
        ("b/1.jpg", "b/2.jpg", True),
        ("a/1.jpg", "b/1.jpg", False),
        ("c.jpg", "a/3.jpg", False),
        ("b/2.jpg", "c.jpg", False),
    ]
    assert found.folds == 0
    assert (found.comparisons.fold == -1).all()


def test_linked_photos_are_one_subject(root: Path) -> None:
    subjects = {photo.image_id: photo.subject_id for photo in protocol(root, LISTED).photos}
    assert subjects == {
        "a/1.jpg": "a/1.jpg",
        "a/2.jpg": "a/1.jpg",
        "a/3.jpg": "a/1.jpg",
        "b/1.jpg": "b/1.jpg",
        "b/2.jpg": "b/1.jpg",
        "c.jpg": "c.jpg",
    }


def test_subjects_do_not_depend_on_the_order_of_lines(root: Path) -> None:
    header, *rows = LISTED.strip().split("\n")
    backwards = "\n".join([header, *rows[::-1]])
    assert protocol(root, backwards).photos == protocol(root, LISTED).photos


def test_given_subjects_and_folds(root: Path) -> None:
    text = (
        "fold,probe_subject,reference_subject,probe,reference,mated\n"
        "10,anna,anna,a/2.jpg,a/1.jpg,1\n9,bert,anna,b/1.jpg,a/1.jpg,0\n9,bert,bert,b/1.jpg,b/2.jpg,1\n"
        "2,anna,carl,a/1.jpg,c.jpg,0\n"
    )
    found = protocol(root, text)
    assert {photo.image_id: photo.subject_id for photo in found.photos} == {
        "a/1.jpg": "anna",
        "a/2.jpg": "anna",
        "b/1.jpg": "bert",
        "b/2.jpg": "bert",
        "c.jpg": "carl",
    }
    assert found.folds == 3
    assert found.comparisons.fold.tolist() == [2, 1, 1, 0]  # by number, not 10 < 2 < 9
    assert listed(found)[0] == ("a/1.jpg", "a/2.jpg", True)


def test_both_directions_are_two_comparisons(root: Path) -> None:
    found = protocol(root, LISTED + "a/2.jpg,a/1.jpg,1\n")
    assert len(found.comparisons) == 7


@pytest.mark.parametrize("change", ["crlf", "bom", "blank", "spaces", "quotes", "capitals"])
def test_csv_of_any_make(root: Path, change: str) -> None:
    text = {
        "crlf": LISTED.replace("\n", "\r\n"),
        "bom": "\ufeff" + LISTED,
        "blank": LISTED.replace("\n", "\n\n") + "  \n,,\n",
        "spaces": LISTED.replace(",", " , "),
        "quotes": LISTED.replace("a/1.jpg", '"a/1.jpg"'),
        "capitals": LISTED.replace("reference,probe,mated", "Reference,PROBE,Mated"),
    }[change]
    assert listed(protocol(root, text)) == listed(protocol(root, LISTED))


def test_two_spellings_of_a_path_are_one_photo(root: Path) -> None:
    assert protocol(root, LISTED.replace("c.jpg,a", "./c.jpg,a//")).photos == protocol(root, LISTED).photos


def test_limit_keeps_both_kinds(root: Path) -> None:
    found = protocol(root, LISTED, limit=4)
    assert Counter(found.comparisons.mated.tolist()) == {True: 2, False: 2}
    assert len(found.photos) == len({name for pair in listed(found) for name in pair[:2]})
    assert set(listed(found)) < set(listed(protocol(root, LISTED)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reference,probe\na/1.jpg,a/2.jpg\n", "line 1: no column mated; the columns are reference, probe"),
        (LISTED.replace(",", ";"), "separated by commas"),
        ("reference,probe,mated,mated\n", "two columns are called 'mated'"),
        (LISTED + "a/1.jpg,c.jpg,maybe\n", "line 8: mated is 'maybe'"),
        (LISTED + "a/1.jpg,c.jpg,\n", "line 8: mated is ''"),
        (LISTED + "a/1.jpg,c.jpg\n", "line 8: 2 fields where the header names 3"),
        (LISTED + "a/1.jpg,a/2.jpg,1\n", "line 8: the same comparison as in line 2"),
        (LISTED + "a/1.jpg,a/2.jpg,0\n", "line 8: the same comparison as in line 2"),
        (LISTED + "a/1.jpg,a/1.jpg,1\n", "line 8: 'a/1.jpg' would be compared with itself"),
        (LISTED + "a/1.jpg,a/3.jpg,0\n", "line 8: not mated, but other lines link both photos"),
        (LISTED + "/etc/passwd,c.jpg,0\n", "line 8: reference is '/etc/passwd'"),
        (LISTED + "../x.jpg,c.jpg,0\n", "line 8: reference is '../x.jpg'"),
        (LISTED + ",c.jpg,0\n", "line 8: reference is ''"),
        (LISTED + "x.jpg,c.jpg,0\ny.jpg,z.jpg,0\n", "3 of 9 listed photos are not in"),
        (LISTED + "x.jpg,c.jpg,0\ny.jpg,z.jpg,0\n", "x.jpg (line 8), y.jpg (line 9), z.jpg (line 9)"),
        ("reference,probe,mated\n", "lists no comparison"),
        ("", "is empty"),
        ("reference,probe,mated\na/1.jpg,a/2.jpg,1\n", "only one subject"),
        ("reference,probe,mated\na/1.jpg,b/2.jpg,0\n", "no mated comparison"),
        (LISTED.encode() + b"\xff\xfe,c.jpg,0\n", "not UTF-8"),
        (LISTED + '"a/1.jpg"x,c.jpg,0\n', "line 8: not CSV"),
        (LISTED + '"a/1.jpg' + "x" * 200_000 + ",c.jpg,0\n", "a field of more than 131,072 characters; close the quot"),
        ("reference,probe,mated,fold\na/1.jpg,a/2.jpg,1,1\na/1.jpg,c.jpg,0,\n", "line 3: no fold"),
        ("reference,probe,mated,fold\na/1.jpg,a/2.jpg,1,1\na/1.jpg,c.jpg,0,1\n", "1 folds"),
    ],
)
def test_errors_name_the_line(root: Path, text: str | bytes, words: str) -> None:
    assert words in error(root, text)


SUBJECTS = "reference,probe,mated,reference_subject,probe_subject\na/1.jpg,a/2.jpg,1,anna,anna\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reference,probe,mated,probe_subject\na/1.jpg,a/2.jpg,1,anna\n", "probe_subject without the other"),
        (SUBJECTS + "a/1.jpg,b/1.jpg,1,anna,bert\n", "line 3: mated, but of different subjects ('anna' and 'bert')"),
        (SUBJECTS + "a/1.jpg,a/3.jpg,0,anna,anna\n", "line 3: not mated, but of one subject"),
        (SUBJECTS + "a/1.jpg,a/3.jpg,0,anna,\n", "line 3: a subject is missing"),
        (SUBJECTS + "b/1.jpg,a/1.jpg,0,carl,bert\n", "line 3: 'a/1.jpg' belongs to 'bert' here and to 'anna' above"),
    ],
)
def test_contradictions_of_subjects(root: Path, text: str, words: str) -> None:
    assert words in error(root, text)


MASKED = """reference,probe,mated,reference_masked,probe_masked
a/1.jpg,a/2.jpg,1,0,yes
a/1.jpg,b/1.jpg,0,no,0
a/2.jpg,b/1.jpg,0,TRUE,false
"""


def test_masks_that_are_really_worn_are_told_by_photo(root: Path) -> None:
    found = protocol(root, MASKED)
    assert {photo.image_id: photo.masked for photo in found.photos} == {
        "a/1.jpg": False, "a/2.jpg": True, "b/1.jpg": False}  # fmt: skip
    only_probes = protocol(root, "reference,probe,mated,probe_masked\na/1.jpg,a/2.jpg,1,1\na/1.jpg,b/1.jpg,0,0\n")
    assert [photo.image_id for photo in only_probes.photos if photo.masked] == ["a/2.jpg"]
    assert not any(photo.masked for photo in protocol(root, LISTED).photos)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MASKED + "b/1.jpg,a/2.jpg,0,0,0\n", "line 5: 'a/2.jpg' is not masked here and masked above"),
        (MASKED + "a/1.jpg,b/2.jpg,0,1,0\n", "line 5: 'a/1.jpg' is masked here and not masked above"),
        (MASKED + "a/1.jpg,b/2.jpg,0,0,\n", "line 5: probe_masked is ''; it must be 1 or 0"),
        (
            "reference,probe,mated,masked\na/1.jpg,a/2.jpg,1,1\n",
            "column 'masked' does not say which of the two photos; call it reference_masked or probe_masked",
        ),
    ],
)
def test_contradictions_of_masks(root: Path, text: str, words: str) -> None:
    assert words in error(root, text)


def test_no_list(root: Path) -> None:
    with pytest.raises(RequestError, match=r"no pairs\.csv in .*reference, probe, mated"):
        PairsCsv(root).protocol("listed")


def test_nobody_is_set_aside(root: Path) -> None:
    with pytest.raises(RequestError, match="--train-dataset"):
        PairsCsv(root).training_photos("train", protocol="listed")


def test_a_long_chain_of_links(tmp_path: Path, write_photo: Callable[..., Path]) -> None:
    """No recursion, whatever the order."""
    template = write_photo(tmp_path / "0.jpg")
    for number in range(1, 1500):
        (tmp_path / f"{number}.jpg").hardlink_to(template)
    rows = [f"{number}.jpg,{number + 1}.jpg,1" for number in range(1, 1499)][::-1]
    found = protocol(tmp_path, "\n".join(["reference,probe,mated", *rows, "0.jpg,1.jpg,0"]))
    assert len({photo.subject_id for photo in found.photos}) == 2


def test_folds_may_be_numbers_of_any_length(root: Path) -> None:
    long = "9" * 5000
    text = f"reference,probe,mated,fold\na/1.jpg,a/2.jpg,1,{long}\na/1.jpg,c.jpg,0,1\n"
    (root / "pairs.csv").write_text(text)
    assert PairsCsv(root).protocol("listed").folds == 2
