"""Nobody is tested on whom the numbers of a fusion or a gate were learned."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from benchmark.config import RunConfig
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.methods.method import Method
from benchmark.methods.resolve import resolve_method
from benchmark.pipeline.planning.learned_on import check_learned_on, mark_of


def protocol(name: str, *subjects: str) -> Protocol:
    photos = tuple(Photo(f"{subject}-0", subject, "") for subject in subjects)
    return Protocol(name, photos, Comparisons(*([] for _ in range(4))))  # type: ignore[arg-type]


def fusion(folder: Path, **said: object) -> list[Method]:
    file = folder / "sum.yaml"
    content = {"kind": "fusion", "members": ["none", "periocular"], "weights": [1.0, 1.0], **said}
    file.write_text(yaml.safe_dump(content), "utf-8")
    return [resolve_method(f"fusion:{file}")]


def test_people_it_was_learned_on_are_refused_by_name(tmp_path: Path) -> None:
    methods = fusion(tmp_path, dataset="lfw", people=[mark_of("bob"), mark_of("carla")])
    config = RunConfig(dataset="lfw", allow_unknown_overlap=True)
    with pytest.raises(RequestError, match=r"'fusion:sum\.yaml'.* on subject bob of 'lfw', who would be tested"):
        check_learned_on(methods, config, protocol("people-split", "anna", "bob"))
    assert check_learned_on(methods, config, protocol("people-split", "anna")) == {"fusion:sum.yaml": "disjoint"}


@pytest.mark.parametrize(
    ("learned", "tested", "listed", "verdict"),
    [
        ("synthetic", "lfw", "people-split", "disjoint"),
        ("celeba", "synthetic", "probes", "disjoint"),
        ("folder", "folder", "all-pairs", "unknown-allowed"),  # two folders may show the same people by other names
        ("folder", "bin:door.bin", "listed", "unknown-allowed"),
        ("lfw", "lfw", "view2", "tested on its protocol 'view2'"),
        ("lfw", "mlfw", "listed", "share people"),
    ],
)
def test_what_is_known_of_other_people(tmp_path: Path, learned: str, tested: str, listed: str, verdict: str) -> None:
    methods = fusion(tmp_path, dataset=learned, people=[mark_of("bob")])
    test = protocol(listed, "anna")
    if " " in verdict:
        with pytest.raises(RequestError, match=verdict):
            check_learned_on(methods, RunConfig(dataset=tested), test)
    else:
        assert check_learned_on(methods, RunConfig(dataset=tested), test) == {"fusion:sum.yaml": verdict}


def test_a_file_that_does_not_say_is_taken_as_it_is(tmp_path: Path) -> None:
    assert check_learned_on(fusion(tmp_path), RunConfig(dataset="lfw"), protocol("people-split", "anna")) == {}
