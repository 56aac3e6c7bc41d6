"""Mistyped flags, subcommands and values: one line, status 2, and what was probably meant."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmark.cli.command_parser import CommandParser
from benchmark.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--metods", "all"], "unknown flag '--metods'; did you mean '--methods'?"),
        (["--metods=all"], "did you mean '--methods'?"),
        (["--meth", "all"], "did you mean '--methods'?"),
        (["--xyzzy"], "run --help`"),
        (["comapre", "a", "b"], "unknown subcommand 'comapre'; did you mean 'compare'?"),
        (["telea"], "unknown subcommand 'telea'"),
        (["list", "metods"], "did you mean 'methods'?"),
        (["list", "methods", "masks"], "unexpected argument 'masks'"),
        (["mask", "--inptu", "a", "--output", "b"], "did you mean '--input'?"),
        (["compare", "a"], "required: B"),
        (["--size", "x"], "--size: invalid int value: 'x'"),
        (["--device", "cudaa"], "did you mean 'cuda'?"),
    ],
)
def test_one_line_that_suggests(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert expected in lines[0]


def test_a_tilde_in_a_path_is_the_home_folder() -> None:
    parser = CommandParser()
    parser.add_argument("--out", type=Path)
    assert parser.parse_args(["--out=~/runs"]) == argparse.Namespace(out=Path.home() / "runs")
