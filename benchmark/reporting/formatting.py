"""Numbers and words as the report prints them: one place, so that every table and figure prints them alike."""

from __future__ import annotations

import math
from datetime import datetime

from benchmark.counted import noun_for

EN_DASH = "–"
MINUS = "−"
THIN_SPACE = "\u202f"


def missing(value: float | None) -> bool:
    """Whether there is no number to show."""
    return value is None or not math.isfinite(value)


def number(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """A number with a true minus sign and thin spaces between thousands; an en dash for a missing one.

    >>> number(-1234.56, 1)
    '−1\u202f234.6'
    >>> number(None, 1), number(-0.04, 1)
    ('–', '0.0')
    """
    if value is None or not math.isfinite(value):
        return EN_DASH
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    if float(text.replace(THIN_SPACE, "")) == 0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def percent(value: float | None, decimals: int = 1, *, signed: bool = False) -> str:
    """A share as a percentage, unit included.

    >>> percent(0.0795)
    '8.0\u202f%'
    """
    if value is None or not math.isfinite(value):
        return EN_DASH
    return number(value * 100, decimals, signed=signed) + THIN_SPACE + "%"


def interval(low: float | None, high: float | None, *, scale: float = 1.0, decimals: int = 1) -> str:
    """``low to high`` without unit; empty where there is no interval. An en dash would clash with minus signs.

    >>> interval(0.19, 0.274, scale=100, decimals=0)
    '19 to 27'
    """
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{number(low * scale, decimals)} to {number(high * scale, decimals)}"


def target(value: float) -> str:
    """A target FMR as a percentage with as many digits as it needs.

    >>> target(0.01), target(0.001), target(0.0001)
    ('1\u202f%', '0.1\u202f%', '0.01\u202f%')
    """
    return f"{value * 100:.12g}{THIN_SPACE}%"


def rate_decimals(target_rate: float) -> int:
    """Decimals that a percentage near `target_rate` needs to show two digits.

    >>> rate_decimals(0.01), rate_decimals(0.001), rate_decimals(0.0001)
    (1, 2, 3)
    """
    return max(1, 1 - math.floor(math.log10(target_rate * 100) + 1e-9))


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it.

    >>> duration(0.0123), duration(2.5), duration(750)
    ('12\u202fms', '2.5\u202fs', '12\u202fmin\u202f30\u202fs')
    """
    if seconds is None or not math.isfinite(seconds):
        return EN_DASH
    if seconds < 0.0001:
        return f"< 0.1{THIN_SPACE}ms" if seconds > 0 else f"0{THIN_SPACE}ms"
    if seconds < 0.0995:
        milliseconds = seconds * 1000
        return f"{milliseconds:.{0 if milliseconds >= 9.95 else 1}f}{THIN_SPACE}ms"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 0.995 else 1}f}{THIN_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{THIN_SPACE}h{THIN_SPACE}{minutes}{THIN_SPACE}min"
    return f"{minutes}{THIN_SPACE}min{THIN_SPACE}{rest}{THIN_SPACE}s" if rest else f"{minutes}{THIN_SPACE}min"


def memory(mebibytes: float | None) -> str:
    """An amount of memory in the unit that suits it.

    >>> memory(310.2), memory(2048)
    ('310\u202fMiB', '2.0\u202fGiB')
    """
    if mebibytes is None or not math.isfinite(mebibytes):
        return EN_DASH
    if mebibytes >= 1023.5:
        return f"{mebibytes / 1024:.1f}{THIN_SPACE}GiB"
    return f"{mebibytes:.{0 if mebibytes >= 9.95 else 1}f}{THIN_SPACE}MiB"


def times(ratio: float) -> str:
    """How many times the target a rate is.

    >>> times(2.345), times(16.2)
    ('2.3×', '16×')
    """
    return f"{ratio:.1f}×" if ratio < 9.95 else f"{number(ratio, 0)}×"


def listed(names: list[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def plural(count: int, noun: str) -> str:
    """A count and its noun, as pages have them.

    >>> plural(1, "image"), plural(1500, "image"), plural(2, "person")
    ('1 image', '1\u202f500 images', '2 people')
    """
    return f"{number(count, 0)} {noun_for(count, noun)}"


def date(started: object, *, with_time: bool = False) -> str:
    """The day that an ISO 8601 time of a manifest names, and the minute if asked for; empty for anything else.

    >>> date("2026-03-07T09:05:41+00:00"), date("2026-03-07T09:05:41+00:00", with_time=True)
    ('7 March 2026', '7 March 2026, 09:05')
    >>> date(None), date("yesterday")
    ('', '')
    """
    if not isinstance(started, str):
        return ""
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return ""
    return f"{when.day} {when:%B %Y}" + (f", {when:%H:%M}" if with_time else "")
