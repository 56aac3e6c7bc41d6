"""What several files of the project state is the same in all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import benchmark

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = 11, 13


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def test_the_hooks_run_the_version_of_ruff_that_the_checks_run(project: dict[str, Any]) -> None:
    pinned = {one for one in project["optional-dependencies"]["test"] if one.startswith(("ruff", "mypy"))}
    assert all("==" in one for one in pinned) and len(pinned) == 2
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    installed = [one for hook in hooks for one in hook.get("additional_dependencies", [])]
    assert len(installed) == 2 and set(installed) < pinned


def test_the_version_is_the_newest_of_the_changelog_and_the_one_to_cite() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## [")]
    assert headings[0] == "## [Unreleased]"
    assert headings[1].startswith(f"## [{benchmark.__version__}] - ")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == benchmark.__version__
    assert str(citation["date-released"]) == headings[1].split(" - ")[1]


def test_the_supported_pythons_are_the_ones_that_are_checked(project: dict[str, Any]) -> None:
    versions = [f"3.{minor}" for minor in range(OLDEST, NEWEST + 1)]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8"))
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == versions
    assert project["requires-python"] == f">={versions[0]}"
    listed = [one.rsplit(" ", 1)[1] for one in project["classifiers"] if "Python :: 3." in one]
    assert listed == versions


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda one: one.name)
def test_forms_for_issues_can_be_read(form: Path) -> None:
    read = yaml.safe_load(form.read_text("utf-8"))
    if form.name != "config.yml":
        assert {"name", "description", "body"} <= set(read)
        assert all({"type", "attributes"} <= set(field) for field in read["body"])
