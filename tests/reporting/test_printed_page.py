"""What the printed pages hold, where there are Chromium to print them and Poppler to read them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from benchmark.reporting.write_run import write_run

HEADINGS = re.compile(
    r"Figures|Faces|Methods|Training|By mask type|Notes|Failures|Provenance"
    r"|(Recovery|ROC|Scores|Speed)\. .*|.* at FMR [\d.]+\s%"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The text of each page of a report with ten methods and two recognisers."""
    from fake_run import fake_run

    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not (browser and shutil.which("pdftotext")):
        pytest.skip("needs Chromium and pdftotext (poppler-utils), which are not installed here")
    folder = tmp_path_factory.mktemp("printed")
    write_run(fake_run(recognisers=("facenet", "sface")), folder)
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'browser'}"]
    command += ["--no-pdf-header-footer", "--virtual-time-budget=5000", f"--print-to-pdf={folder / 'page.pdf'}"]
    subprocess.run([*command, (folder / "report.html").as_uri()], capture_output=True, check=True, timeout=600)
    read = subprocess.run(
        ["pdftotext", "-layout", str(folder / "page.pdf"), "-"], capture_output=True, encoding="utf-8", check=True
    )
    return read.stdout.split("\f")[:-1]


def test_no_heading_is_the_last_thing_on_a_page(pages: list[str]) -> None:
    assert len(pages) > 5
    for page in pages:
        last = [line.strip() for line in page.splitlines() if line.strip()][-1]
        assert not HEADINGS.fullmatch(last), last


def test_figures_stand_below_their_headings_two_rows_to_a_page(pages: list[str]) -> None:
    figures = [page for page in pages if "false match rate, log scale" in page or "time per image, log scale" in page]
    assert len(figures) == 2
    for heading, axis in (("ROC.", "false match rate, log scale"), ("Speed.", "time per image, log scale")):
        (page,) = (page for page in pages if re.search(rf"^\s*{re.escape(heading)} ", page, re.MULTILINE))
        assert axis in page
        assert page.count(axis) == 2, "both recognisers"


def test_a_table_that_goes_on_is_headed_again(pages: list[str]) -> None:
    rows = re.compile(r"^\s*(telea|mean-face|true-pixels|no method)\s+raw-\w+", re.MULTILINE)
    with_rows = [page for page in pages if rows.search(page)]
    assert len(with_rows) >= 2
    assert all("Condition" in page and "Non-" in page for page in with_rows)


def test_nothing_is_said_of_a_mouse_or_a_touch(pages: list[str]) -> None:
    text = " ".join(pages)
    assert "Hover" not in text and "Click" not in text
    assert "Shaded areas are 95 % intervals" in re.sub(r"\s+", " ", text)
