"""Every code block of README, CONTRIBUTING and docs, taken from the page: plugins and snippets run twice, the second
time from what the first stored; command lines and cards are read by the program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from benchmark.cli.main import _parser
from benchmark.masking.template_file import read_template
from benchmark.methods.own_completers.completer_spec import CompleterSpec
from benchmark.own_networks.card_reading import card_from
from benchmark.recognisers.recogniser_spec import spec_from

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_NOT_THE_SAME = ("seconds_per_image", "peak_memory_mib")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def registered(self, kind: str) -> list[str]:
        """Names that it registers as plugins of a kind."""
        return re.findall(rf'^@register_{kind}\("([^"]+)"', self.text, re.M)


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.DOTALL)
    return [Block(page, text[: one.start()].count("\n") + 1, one[1], one[2]) for one in found]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language in ("py", "python")]
YAML = [block for block in BLOCKS if block.language in ("yaml", "yml")]


def command_lines(block: Block) -> list[list[str]]:
    """The arguments of each call of the program in a block."""
    lines = block.text.replace("\\\n", " ").splitlines()
    words = (shlex.split(line, comments=True) for line in lines if "run_benchmark.py" in line)
    return [
        part for line in words for part in _commands(line) if any(word.endswith("run_benchmark.py") for word in part)
    ]


def _commands(words: list[str]) -> list[list[str]]:
    """A line taken apart at ``&&``."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def test_blocks_were_found_and_each_is_of_a_known_language():
    assert len(PYTHON) >= 5
    assert len(YAML) >= 2
    assert {block.language for block in BLOCKS} <= {"", "mermaid", "py", "python", "yaml", "yml"}


COMMANDS = [block for block in BLOCKS if not block.language and command_lines(block)]


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_every_command_line_is_understood(block):
    for words in command_lines(block):
        place = next(place for place, word in enumerate(words) if word.endswith("run_benchmark.py"))
        arguments = words[place + 1 :]
        if not arguments or arguments[0].startswith("-"):
            arguments = ["run", *arguments]
        _parser().parse_args(arguments)  # exits where a flag is unknown


@pytest.mark.parametrize("block", YAML, ids=str)
def test_every_card_is_read(block, tmp_path):
    if block.text.startswith("points:"):
        Image.fromarray(np.full((400, 400, 4), 255, np.uint8), "RGBA").save(tmp_path / "mask.png")
        (tmp_path / "mask.yaml").write_text(block.text, "utf-8")
        assert read_template(tmp_path / "mask.png").pixels.shape == (400, 400, 4)
    elif "mask_values" in block.text:
        card_from(yaml.safe_load(block.text), CompleterSpec, of=str(block))
    else:
        spec_from(yaml.safe_load(block.text), of=str(block))


@pytest.mark.slow
def test_every_block_of_python_runs_twice(tmp_path):
    files = {}
    for number, block in enumerate(PYTHON):
        files[block] = tmp_path / f"block_{number}.py"
        files[block].write_text(block.text, "utf-8")
    plugins = [block for block in PYTHON if "@register_" in block.text]
    modules = [block for block in PYTHON if block not in plugins and re.search(r"\(\w*\.?nn\.Module\):", block.text)]
    snippets = [block for block in PYTHON if block not in (*plugins, *modules)]
    methods = [name for block in plugins for name in block.registered("method")]
    metrics = [name for block in plugins for name in block.registered("metric")]
    recognisers, weights = ["face_recognition"], []
    for block in plugins:
        for name in block.registered("recogniser"):
            recognisers.append(name)
            weights.append(f"{name}={_weights_of(files[block], 'MyArchitecture')}")
    for block in modules:
        (network,) = re.findall(r"^class (\w+)\(", block.text, re.M)
        recognisers.append(f"{files[block]}:{network}")
        weights.append(f"{recognisers[-1]}={_weights_of(files[block], network)}")
    assert methods
    assert metrics
    command = [sys.executable, str(ROOT / "run_benchmark.py"), "--quiet", "--limit", "8", "--train-limit", "12"]
    command += ["--targets", "0.1", "--replicates", "20", "--workers", "1"]  # what so few people can tell
    command += ["--conditions", "raw-raw,raw-masked,raw-restored"]
    command += ["--methods", ",".join(methods), "--recognisers", ",".join(recognisers), "--masks", "surgical"]
    command += [word for block in plugins for word in ("--plugin", str(files[block]))]
    command += [word for text in weights for word in ("--weights", text)]
    tables = []
    for out in ("reports/my-run", "reports/again"):
        _succeed([*command, "--cache", str(tmp_path / "cache"), "--out", out], tmp_path)
        table = pd.read_csv(tmp_path / out / "metrics.csv")
        tables.append(table[~table.metric.isin(_NOT_THE_SAME)].reset_index(drop=True))
        assert set(methods) <= set(table.method)
        assert set(metrics) <= set(table.metric)
        assert len(set(table.recogniser) - {"none"}) == len(recognisers)
    pd.testing.assert_frame_equal(*tables)
    for block in snippets * 2:
        _succeed([sys.executable, "-c", block.text], tmp_path)  # as at a prompt or in a notebook


def _weights_of(file: Path, network: str) -> Path:
    """Random weights for the class `network` of a page: the same in both runs."""
    text = re.sub(r"^@register_\w+\(.*\)$", "", file.read_text("utf-8"), flags=re.M)  # not in this process
    names: dict[str, object] = {"__name__": file.stem}
    exec(compile(text, file, "exec"), names)  # our own page
    architecture = names[network]
    assert callable(architecture)
    torch.save(architecture().state_dict(), file.with_suffix(".pt"))
    return file.with_suffix(".pt")


def _succeed(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
