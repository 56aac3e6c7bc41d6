from __future__ import annotations

from collections import Counter

import pytest

from benchmark.errors import RequestError
from benchmark.masking.choice import choose_style
from benchmark.masking.resolve import mask_style

STYLES = ("surgical", "kn95", "n95", "cloth")
IMAGES = [f"person/{number}.jpg" for number in range(2000)]


def test_choice_is_even_seeded_and_free_of_order():
    chosen = [choose_style(STYLES, 7, image) for image in IMAGES]
    assert chosen == [choose_style(STYLES[::-1] + STYLES, 7, image) for image in IMAGES]
    assert chosen != [choose_style(STYLES, 8, image) for image in IMAGES]
    counts = Counter(chosen)
    assert set(counts) == set(STYLES)
    assert all(abs(count - 500) < 100 for count in counts.values())


def test_a_further_style_takes_images_and_moves_no_others():
    for image in IMAGES[:300]:
        with_one_more = choose_style((*STYLES, "nist-wide-high"), 7, image)
        assert with_one_more in ("nist-wide-high", choose_style(STYLES, 7, image))


def test_no_style_is_a_wrong_request():
    with pytest.raises(RequestError, match="--masks"):
        choose_style((), 0, "a.jpg")


def test_an_unknown_style_suggests_the_nearest():
    with pytest.raises(RequestError, match="did you mean 'surgical'"):
        mask_style("surgicl")
