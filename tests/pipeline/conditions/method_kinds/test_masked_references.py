"""Which masks references wear to look like their probes, on cases worked by hand."""

from __future__ import annotations

import numpy as np

from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.templates import TemplateSet
from benchmark.faces import Photo
from benchmark.pipeline.conditions.method_kinds.masked_references import MaskedReferences, masked_references

PHOTOS = tuple(Photo(f"{person}{number}", person, "") for person in "ab" for number in range(3))
OWN = ("cloth", "n95", "kn95", "cloth", "n95", "kn95")


def pairs(*listed: tuple[int, int]) -> Comparisons:
    reference, probe = np.array(listed, dtype=np.int32).reshape(-1, 2).T
    return Comparisons(reference, probe, np.zeros(len(listed), bool), np.zeros(len(listed), np.int8))


def wanted(
    templates: tuple[tuple[int, ...], ...] | None, probe_types: tuple[str | None, ...], *sets: Comparisons
) -> MaskedReferences:
    protocol = Protocol("test", PHOTOS, sets[0], templates=templates)
    return masked_references(
        TemplateSet(protocol), sets, probe_types, mask_type=lambda probe, photo: probe or OWN[photo]
    )


def images(made: MaskedReferences) -> list[tuple[int, str]]:
    return list(zip(made.photos, made.mask_types, strict=True))


def test_a_reference_is_made_once_for_each_type_of_its_probes() -> None:
    probes = ("surgical", "surgical", "surgical", "cloth", "surgical", "cloth")
    made = wanted(None, probes, pairs((0, 3), (0, 4), (1, 3), (0, 5)), pairs((1, 3)))
    seen = [[images(made)[row] for row in rows] for rows in made.embedding_rows]
    assert seen == [[(0, "cloth"), (0, "surgical"), (1, "cloth"), (0, "cloth")], [(1, "cloth")]]
    assert len(set(images(made))) == len(made.photos) == 3
    assert made.members is None


def test_where_the_probes_mask_is_not_known_the_reference_wears_its_own() -> None:
    made = wanted(None, (None,) * 6, pairs((0, 3), (1, 3), (0, 4)), pairs())
    assert images(made) == [(0, "cloth"), (1, "n95")]
    assert [rows.tolist() for rows in made.embedding_rows] == [[0, 1, 0], []]


def test_every_photo_of_a_reference_template_wears_the_probes_type_or_its_own() -> None:
    templates = ((0, 1), (2,), (3, 4), (5,))
    made = wanted(templates, ("surgical", "surgical", None, "kn95"), pairs((0, 2), (0, 3), (1, 3)))
    assert made.members is not None
    of_template = [
        [images(made)[row] for row in made.members.rows[made.members.template == number]]
        for number in range(made.members.count)
    ]
    assert [of_template[row] for row in made.embedding_rows[0]] == [
        [(0, "cloth"), (1, "n95")],
        [(0, "kn95"), (1, "kn95")],
        [(2, "kn95")],
    ]
