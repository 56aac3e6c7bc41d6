"""`export`: what is bold, what every format holds, names that could break one, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from benchmark.cli.main import main
from benchmark.errors import RequestError
from benchmark.reporting.export.build import export_run
from benchmark.reporting.export.csv_table import csv_table
from benchmark.reporting.export.document import ExportedRun, json_schema
from benchmark.reporting.export.latex import escaped as latex_escaped
from benchmark.reporting.export.latex import latex
from benchmark.reporting.export.markdown import escaped as markdown_escaped
from benchmark.reporting.export.markdown import markdown
from benchmark.reporting.export.render import FORMATS
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run

SCHEMA = Path(__file__).parents[3] / "docs" / "export.schema.json"


@pytest.fixture(scope="module")
def exported(tested_folder: Path) -> ExportedRun:
    return export_run(tested_folder, target=1e-4)


def test_only_what_every_test_supports_is_bold(exported: ExportedRun) -> None:
    judged = {table.recogniser: {one.label: one for one in table.methods} for table in exported.tables}
    before = judged["face_recognition"]
    assert [one.label for one in before.values() if one.supported] == ["paired-gan"]
    assert [test.better for test in before["segmenter+glcic"].tests] == [True, False]
    assert before["true-pixels"].role == "privileged" and before["telea"].role == "baseline"
    # facenet took part in its training, and has no tests
    assert judged["facenet"]["paired-gan"].role == "seen" and not judged["facenet"]["paired-gan"].supported
    bold = [line for line in markdown(exported).splitlines() if "**" in line]
    assert len(bold) == 2 and all(line.startswith("| paired-gan |") for line in bold)  # by method, and by recogniser
    assert "than every baseline of the run (telea)" in exported.bold


def test_at_another_target_nothing_is_tested_and_nothing_bold(tested_folder: Path) -> None:
    exported = export_run(tested_folder, target=1e-2)
    assert not any(one.supported or one.tests for table in exported.tables for one in table.methods)
    assert r"\textbf" not in latex(exported) and exported.bold.startswith("Nothing is bold")


def test_the_published_schema_is_that_of_the_code_and_accepts_an_export(exported: ExportedRun) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(FORMATS["json"](exported))
    jsonschema.validate(document, schema)
    document["tables"][0]["methods"][0]["role"] = "winner"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_latex_has_every_table_with_the_rules_of_booktabs(exported: ExportedRun) -> None:
    text = latex(exported)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == text.count(r"\toprule") == 5
    for line in text.splitlines():
        if line.startswith("paired-gan"):
            assert line.endswith(r"\\")
    assert r"\multicolumn" in text and "%" not in latex_escaped("100 %").replace(r"\%", "")
    assert text.isascii()


def test_latex_sets_intervals_beneath_their_numbers_so_that_wide_tables_can_be_read(exported: ExportedRun) -> None:
    text = latex(exported)
    assert r"\providecommand{\withinterval}[2]" in text.split(r"\begin{table}")[0]
    assert text.count(r"\withinterval{") > 20 and r"} {\scriptsize (" not in text
    assert r"\shortstack[r]{GFRR~\%,\\matched threshold}" in text


def test_latex_takes_no_name_for_an_argument_of_the_row_before() -> None:
    assert latex_escaped("[2cm]*") == "{[}2cm]{*}"


def test_csv_holds_every_method_before_every_recogniser_for_every_mask_type(exported: ExportedRun) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(exported))))
    methods = {(row["recogniser"], row["method"], row["mask_type"]) for row in rows if row["role"] != "condition"}
    assert len(methods) == 2 * 4 * 3
    row = next(row for row in rows if (row["method"], row["mask_type"]) == ("telea", "all"))
    value = next(one for one in exported.tables[0].methods if one.label == "telea").values["gfrr_matched"].value
    assert float(row["gfrr_matched"]) == value


def test_hostile_names_are_escaped() -> None:
    assert markdown_escaped("<script>|x|\n*b*") == "&lt;script&gt;\\|x\\| \\*b\\*"
    assert latex_escaped("\\input{a}$_&#^~%") == (
        r"\textbackslash{}input\{a\}\$\_\&\#\textasciicircum{}\textasciitilde{}\%"
    )


def test_a_formula_is_no_formula_in_a_spreadsheet(exported: ExportedRun) -> None:
    table = exported.tables[0]
    hostile = table.methods[0].model_copy(update={"method": '=HYPERLINK("x")'})
    text = csv_table(exported.model_copy(update={"tables": [table.model_copy(update={"methods": [hostile]})]}))
    assert "'=HYPERLINK" in text


def test_where_no_method_passes_its_tests_the_caption_says_that_nothing_is_bold(
    tested_run: RunResults, tmp_path: Path
) -> None:
    lost = tuple(replace(row, p=0.2, p_holm=0.4) for row in tested_run.differences)
    write_run(replace(tested_run, differences=lost), tmp_path)
    exported = export_run(tmp_path, target=1e-4)
    assert exported.bold.startswith("Nothing is bold: no method has a GFRR lower than with the mask left on and than")
    assert "**" not in markdown(exported)


def test_a_run_without_tests_says_that_nothing_is_bold(tested_folder: Path, tmp_path: Path) -> None:
    from benchmark.reporting.run_folder import write_manifest

    copy = tmp_path / "old"
    shutil.copytree(tested_folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    del manifest["files"]
    for name in ("differences.csv", "manifest.json"):
        (copy / name).unlink()
    write_manifest(copy, manifest)
    assert export_run(copy).bold.startswith("Nothing is bold: an earlier version")


def test_what_cannot_be_exported_is_refused(tested_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no threshold at FMR 0\.5; it has: 0\.01"):
        export_run(tested_folder, target=0.5)
    with pytest.raises(RequestError, match="no recogniser 'nobody'; it has: face_recognition, facenet"):
        export_run(tested_folder, recogniser="nobody")
    copy = tmp_path / "edited"
    shutil.copytree(tested_folder, copy)
    with (copy / "differences.csv").open("a") as file:
        file.write("forged\n")
    with pytest.raises(RequestError, match="not as its run left it"):
        export_run(copy)


def test_the_command_prints_or_writes(tested_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tested_folder), "--format", "csv"]) == 0
    printed = capsys.readouterr().out
    assert main(["export", str(tested_folder), "--format", "csv", "--out", str(tmp_path / "new" / "t.csv")]) == 0
    assert (tmp_path / "new" / "t.csv").read_text("utf-8") == printed
    assert main(["export", str(tmp_path)]) == 2
