"""Names that people, photos, files, folders and methods have somewhere, and that break programs."""

from __future__ import annotations

import random
from collections.abc import Sequence

MARK = "campaign()"
"""What a name that reaches a page unescaped would run."""

NAMES: tuple[bytes, ...] = (
    *(
        b"carriage\rreturn",
        b"line\nfeed",
        b"tab\tstop",
        b"both\r\nends",
        b"vertical\x0btab\x0c",
        b"nul-like\x01\x1f\x7f",
    ),
    *(b'"quoted"', b"it's", b"`back`", b'a"b,c', b"semi;colon|pipe", b"back\\slash", b"per%cent%s{0}"),
    *(b"=cmd|' -C calc'!A0", b"+1+1", b"-dash", b"--help", b"@sum(1)", b"'=apostrophe", "＝full".encode()),
    *(b"$x^$", b"$\\frac{$", b"a_b^c#d&e~f", b"${HOME}$(id)"),
    *("Жанна".encode(), "王小明".encode(), "محمد".encode(), "अनीता".encode(), "ジョン".encode(), "Zoë".encode()),
    *("\u202eright-to-left\u202c".encode(), "\u200fmark".encode(), "zero\u200bwidth\ufeff".encode()),
    *("👩‍🔬 lab".encode(), "e\u0301decomposed".encode(), "line\u2028separator\u2029".encode(), b"next\xc2\x85line"),
    *(b"n" * 200, "文".encode() * 66, b"dots...", b"spaces   ", b" leading", b"a.b.c", b"NA", b"null", b"nan", b"1e5"),
    *(b"007", b"true", b"none", b"all", b"CON", b"a:b", b"star*?[x]", b"hash#tag?query=1"),
    *(b"latin\xe9", b"\xff\xfe\x00"[:2] + b"bom", b"half\xe4\xb8", b"\xed\xa0\x80surrogate"),
    f"<script>{MARK}<!".encode(),
    f'"><img src=x onerror={MARK}>'.encode(),
    f"' onload='{MARK}".encode(),
    *(b"&amp;&lt;", b"<!--", b"]]>", b"{{7*7}}", b"javascript:x"),
    *(b".hidden", b"~tilde", b"!bang", b"(round)", b"[square]", b"x=y", b"a+b", b"a@b"),
)


def some_names(count: int, choice: random.Random) -> list[bytes]:
    """So many different names, the known ones first in a random order, then pairs of them joined."""
    names = choice.sample(NAMES, min(count, len(NAMES)))
    while len(names) < count:
        joined = b" ".join(choice.sample(NAMES, 2))[:240]
        if joined not in names:
            names.append(joined)
    return names


def names_of_methods(names: Sequence[bytes]) -> list[str]:
    """Those that ``--methods`` can name: ``,``, ``+``, ``:``, ``@`` and ``=`` have a meaning there."""
    texts = [name.decode("utf-8", "ignore") for name in names]
    return [text for text in texts if text.strip() == text and not set(text) & set(",+:@=") and text != "all"]
