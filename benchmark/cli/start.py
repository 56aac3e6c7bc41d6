"""Entry point of the command line: checks the packages first, so that a bare Python gives help and no traceback."""

from __future__ import annotations

import argparse
import io
import platform
import sys
from collections.abc import Mapping, Sequence

from benchmark import __version__
from benchmark.cli.subcommands import SUBCOMMANDS, summary
from benchmark.requirements import REQUIREMENTS, how_to_install, missing_packages

OLDEST_PYTHON = (3, 11)
FAILED, WRONG_REQUEST = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or say which packages it lacks.

    Args:
        arguments: without the program's name; None = those of the process.

    Returns:
        The exit status of `benchmark.cli.main.main`; where packages are missing, 0 for ``--help`` and ``--version``,
        1 for ``doctor`` and 2 for everything else.
    """
    _spell_out_what_a_terminal_lacks()
    given = list(sys.argv[1:] if arguments is None else arguments)
    missing = missing_packages()
    if not missing and sys.version_info >= OLDEST_PYTHON:
        from benchmark.cli.main import main as complete  # noqa: PLC0415  # it needs the packages

        return complete(given)
    if "--version" in given:
        print(f"unmask-benchmark {__version__}")
        return 0
    if "-h" in given or "--help" in given:
        _help_parser(missing).print_help()
        return 0
    if given[:1] == ["doctor"]:
        return _doctor(missing)
    print(f"error: {_what_is_missing(missing)}", file=sys.stderr)
    return WRONG_REQUEST


def _spell_out_what_a_terminal_lacks() -> None:
    """A terminal of another code page shows ``\\u4eba`` for a letter that it lacks; without this, Python ends."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _what_is_missing(missing: Mapping[str, str]) -> str:
    """One line."""
    if sys.version_info < OLDEST_PYTHON:
        return f"Python {platform.python_version()} is too old; the benchmark needs 3.11 or newer"
    python = f"this Python ({sys.executable})"
    if len(missing) == len(REQUIREMENTS):
        return (
            f"{python} has none of the packages that the benchmark needs; run it with the Python of a virtual "
            f"environment that has them, or install them: {how_to_install()}"
        )
    return f"{python} lacks {', '.join(missing.values())}; install what is missing: {how_to_install()}"


def _help_parser(missing: Mapping[str, str]) -> argparse.ArgumentParser:
    """The subcommands alone: their flags' defaults need the packages."""
    parser = argparse.ArgumentParser(
        prog="run_benchmark.py",
        description="Measures how much identity-verification accuracy a face mask takes, and how much each unmasking "
        "method wins back.",
        epilog=f"Not ready yet: {_what_is_missing(missing)}",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    subparsers = parser.add_subparsers(metavar="SUBCOMMAND")
    for name in SUBCOMMANDS:
        subparsers.add_parser(name, help=summary(name))
    return parser


def _doctor(missing: Mapping[str, str]) -> int:
    """One line per package, as the full `doctor` prints its checks."""
    width = max(map(len, REQUIREMENTS.values()))
    new_enough = sys.version_info >= OLDEST_PYTHON
    rows = [("python", new_enough, platform.python_version() + ("" if new_enough else ": 3.11 or newer is needed"))]
    rows += [(name, module not in missing, f"import {module}") for module, name in REQUIREMENTS.items()]
    for name, works, detail in rows:
        print(f"{'ok     ' if works else 'MISSING'}  {name:<{width}}  {detail}")
    print(f"\nthe default run does not work yet: {_what_is_missing(missing)}")
    return FAILED
