"""What the page's scripts do, in a headless Chromium where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

STEPS = """
const found = {};
const key = (node, name) => node.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
const shown = () => [...document.querySelectorAll("tr[data-kind]")].filter((row) => !row.hidden);
const names = () => [...new Set(shown().map((row) => row.dataset.method))].sort();
const help = document.querySelector("#help");
const table = document.querySelector("table[data-columns=methods]");

const visible = [...document.querySelectorAll("table[data-columns=methods]")].find((one) => one.offsetParent);
const name = visible.querySelector("tbody.moves th.name");
const remark = "a remark of many words ".repeat(4);
name.insertAdjacentHTML("beforeend", `<small class="detail"><span>${remark}</span></small>`);
found.nameWidth = name.getBoundingClientRect().width;
const box = visible.closest(".scroll");
found.cut = box.scrollWidth - box.clientWidth;
const speed = [...document.querySelectorAll("figure canvas")].find((one) => one.ariaLabel.startsWith("Speed"));
const drawing = CanvasRenderingContext2D.prototype;
const { fillText } = drawing;
found.written = [];
drawing.fillText = function (text, ...place) { found.written.push(text); fillText.call(this, text, ...place); };
Chart.getChart(speed).draw();
drawing.fillText = fillText;

found.all = names();
const search = document.querySelector("#find-method");
search.value = "tel";
search.dispatchEvent(new Event("input"));
found.searched = names();
found.said = document.querySelector("#methods-found").textContent;
search.value = "";
search.dispatchEvent(new Event("input"));
const baselines = document.querySelector("input[name=kind][value=baseline]");
baselines.click();
found.withoutBaselines = names();
baselines.click();

const column = document.querySelector("input[data-toggles=gfrr-matched]");
column.click();
found.hiddenCells = [...table.querySelectorAll("tbody tr")].filter((row) => row.cells.length > 2)
  .every((row) => row.cells[2].hidden);
found.group = table.querySelector("thead [data-group]").colSpan;
column.click();

const stops = table.querySelectorAll("tbody [data-help][tabindex='0']");
found.stops = stops.length;
stops[0].focus();
stops[0].dispatchEvent(new FocusEvent("focusin", { bubbles: true }));  // a window without focus fires none
found.first = help.textContent;
found.described = stops[0].getAttribute("aria-describedby");
key(stops[0], "ArrowRight");
found.second = help.textContent;
key(document.activeElement, "Escape");
found.closed = help.hidden;
table.querySelector("tbody td[data-help]").click();
found.tapped = !help.hidden;

const [markdown] = document.querySelectorAll(".copy button");
found.copies = document.querySelectorAll(".copy button").length > 2 && markdown.textContent;
dispatchEvent(new Event("beforeprint"));
found.folded = document.querySelectorAll("details:not([open]):not(.on-screen)").length;
dispatchEvent(new Event("afterprint"));
found.folds = document.querySelectorAll("details:not([open])").length;
found.canvases = document.querySelectorAll("canvas").length;
found.scoresOf = [...document.querySelectorAll(".chooser option")].map((option) => option.textContent);
document.body.dataset.found = JSON.stringify(found);
"""


@pytest.fixture(scope="module")
def found(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the steps above saw, run at the end of the page itself; its policy is left out to let them in."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not browser:
        pytest.skip("needs Chromium, which is not installed here")
    folder = tmp_path_factory.mktemp("browser")
    page = (small_folder / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"<meta http-equiv[^>]*>", "", page)
    (folder / "page.html").write_text(page.replace("</body>", f"<script>{STEPS}</script></body>"), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--dump-dom"]
    command.append("--window-size=1280,900")
    shown = subprocess.run(
        [*command, (folder / "page.html").as_uri()], capture_output=True, encoding="utf-8", check=True, timeout=600
    )
    told = re.search(r'data-found="([^"]*)"', shown.stdout)
    assert told is not None, "the scripts stopped with an error"
    read: dict[str, Any] = json.loads(html.unescape(told.group(1)))
    return read


def test_search_and_kinds_hide_rows_everywhere(found: dict[str, Any]) -> None:
    assert found["all"] == ["paired-gan", "segmenter+glcic", "telea", "true-pixels"]
    assert found["searched"] == ["telea"] and found["said"] == "1 of 4 methods"
    assert found["withoutBaselines"] == ["paired-gan", "segmenter+glcic", "true-pixels"]


def test_a_column_can_be_hidden_with_its_share_of_the_heading_above(found: dict[str, Any]) -> None:
    assert found["hiddenCells"] and found["group"] == 2


def test_help_opens_at_focus_and_tap_and_follows_the_arrow_keys(found: dict[str, Any]) -> None:
    assert found["stops"] == 1 and found["described"] == "help"
    assert found["first"] and found["second"] and found["first"] != found["second"]
    assert found["closed"] and found["tapped"]


def test_tables_can_be_copied(found: dict[str, Any]) -> None:
    assert found["copies"] == "Copy as Markdown"


def test_printing_opens_every_fold_and_closes_it_again(found: dict[str, Any]) -> None:
    assert found["folded"] == 0 and found["folds"] > 0


def test_the_interactive_figures_are_drawn(found: dict[str, Any]) -> None:
    assert found["canvases"] == 6, "recovery, ROC, DET, scores, speed and training"
    assert {"raw", "masked probe", "telea", "paired-gan"} <= set(found["scoresOf"])


def test_the_table_of_methods_fits_a_window_of_1280_pixels_and_remarks_below_names_are_wrapped(
    found: dict[str, Any],
) -> None:
    assert found["cut"] == 0
    assert 100 < found["nameWidth"] < 240


def test_the_points_of_speed_have_names(found: dict[str, Any]) -> None:
    assert {"telea", "paired-gan", "segmenter+glcic"} <= set(found["written"])
