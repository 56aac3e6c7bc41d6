"""Templates of a protocol: what they are called, what they wear, and which contradictions are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.templates import MIXED, Membership, TemplateSet, check_templates
from benchmark.errors import RequestError
from benchmark.faces import Photo

PHOTOS = tuple(Photo(f"{person}{number}", person, "") for person in "ab" for number in range(3))


def protocol(*templates: tuple[int, ...], pairs: tuple[tuple[int, int, bool], ...] = ()) -> Protocol:
    reference, probe, mated = (np.array([pair[column] for pair in pairs]) for column in range(3))
    compared = Comparisons(
        reference.astype(np.int32), probe.astype(np.int32), mated.astype(bool), np.full(len(pairs), -1, np.int8)
    )
    return Protocol("test", PHOTOS, compared, templates=templates or None)


def test_a_protocol_without_templates_has_one_a_photo() -> None:
    single = TemplateSet(protocol())
    assert len(single) == len(PHOTOS)
    assert single.names == [photo.image_id for photo in PHOTOS]
    assert single.membership is None
    assert single.photos_of([4, 1, 4]) == [1, 4]
    assert single.mask_types(["cloth", None, "n95", None, None, None]) == ("cloth", None, "n95", None, None, None)


def test_templates_are_named_by_their_photos() -> None:
    several = TemplateSet(protocol((0, 2), (1,), (3, 4, 5)))
    assert several.names == ["a0+a2", "a1", "b0+b1+b2"]
    assert several.first.tolist() == [0, 1, 3]
    assert several.photos_of([2, 1]) == [1, 3, 4, 5]
    assert several.members(0) == (0, 2)
    assert several.mask_types(["cloth", None, "cloth", "n95", "cloth", "n95"]) == ("cloth", None, MIXED)


def test_members_follow_their_rows() -> None:
    members = Membership.of([(0, 2), (1,), ()])
    assert (members.rows.tolist(), members.template.tolist(), members.count) == ([0, 2, 1], [0, 0, 1], 3)
    moved = members.moved(np.array([5, -1, 7], dtype=np.int32))
    assert (moved.rows.tolist(), moved.template.tolist(), moved.count) == ([5, 7], [0, 0], 3)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (protocol((0,), ()), "template 1 of protocol 'test' has no photo"),
        (protocol((0, 0)), "holds a photo twice"),
        (protocol((0, 6)), "names photo 6 of 6"),
        (protocol((2, 3)), "mixes the subjects 'a' and 'b'"),
        (protocol((0,), (1,), pairs=((0, 2, True),)), "compares template 2 of 2"),
        (protocol((0, 1), (1, 2), pairs=((0, 1, True),)), "share the photo 'a1'"),
    ],
)
def test_contradictions_are_refused(bad: Protocol, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        check_templates(bad)


def test_a_template_is_masked_as_a_whole() -> None:
    part = protocol((0, 1), (2,))
    worn = (replace(PHOTOS[0], masked=True), *PHOTOS[1:])
    with pytest.raises(RequestError, match="with and without a mask"):
        check_templates(replace(part, photos=worn))
    whole = replace(part, photos=(replace(PHOTOS[0], masked=True), replace(PHOTOS[1], masked=True), *PHOTOS[2:]))
    check_templates(whole)
    assert TemplateSet(whole).masked.tolist() == [True, False]
