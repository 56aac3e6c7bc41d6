"""The templates that pages are made from, with their filters and styles; nothing here draws a figure.

Comparing two runs needs a page and no figure, and the libraries that draw take a second to import.
"""

from __future__ import annotations

import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchmark.reporting import formatting
from benchmark.reporting.method_colours import theme_variables

_JOINED = re.compile(r"(\S*\w[-+:]\w\S*)")
"""A word that a line could break in the middle of."""
_STYLES = ("style.css", "tools.css", "charts.css", "gallery.css", "print.css")


def environment() -> Environment:
    """Templates with autoescape: names of people and files are never markup."""
    made = Environment(
        loader=PackageLoader("benchmark.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        count=lambda value: formatting.number(value, 0),
        percent=formatting.percent,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        breakable=_breakable,
        unbroken=_unbroken,
    )
    return made


def style_sheet() -> Markup:
    """The page's style with the method colours in both themes."""
    light, dark = (
        " ".join(f"{name}: {value};" for name, value in theme_variables(dark=dark)) for dark in (False, True)
    )
    styles = "\n".join(read_template(name) for name in _STYLES)
    return Markup(styles.replace("/*LIGHT*/", light).replace("/*DARK*/", dark))


def read_template(name: str) -> Markup:
    """A style sheet or script, as it is in the package."""
    return Markup(files("benchmark.reporting").joinpath("templates", name).read_text(encoding="utf-8"))


def sorting_script() -> Markup:
    """The script of a page whose tables can be sorted, and that has no other."""
    return Markup("\n").join(read_template(name) for name in ("elements.js", "sort.js"))


def _breakable(text: str) -> Markup:
    """Allow a line break after ``+``, ``:``, ``-`` and ``_`` of a long name."""
    escaped = str(Markup.escape(text))
    for mark in "+:-_":
        escaped = escaped.replace(mark, f"{mark}<wbr>")
    return Markup(escaped)


def _unbroken(text: str) -> Markup:
    """Keep names such as ``adapt:two-looks`` in a sentence on one line, as long as they are no longer than that."""
    parts = _JOINED.split(text)
    kept = [Markup('<span class="unbroken">{}</span>').format(part) for part in parts[1::2]]
    return Markup("").join(one for pair in zip(parts[::2], [*kept, ""], strict=True) for one in pair)
