"""The Content-Security-Policy allows the script that stands in the page, and no other."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from benchmark.reporting.figure_style import figure_style, new_figure
from benchmark.reporting.page_policy import content_security_policy
from benchmark.reporting.page_templates import environment, read_template, style_sheet


def test_the_digest_is_that_of_the_script_as_it_stands_in_the_page() -> None:
    script = read_template("sort.js")
    page = (
        environment()
        .get_template("base.html.j2")
        .render(style=style_sheet(), script=script, policy=content_security_policy(script))
    )
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = ["sha256-" + base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    stated = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert stated is not None
    policy = stated.group(1).replace("&#39;", "'")
    assert re.findall(r"sha256-[^']+", policy) == digests
    assert "default-src 'none'" in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize("name", ["$x$", r"a$\frac{$", "$"])
def test_a_dollar_in_a_name_is_no_formula(name: str) -> None:
    with figure_style():
        figure = new_figure(2, 2)
        text = figure.text(0, 0, name)
        figure.canvas.draw()
    assert not text.get_parse_math()
