"""What `export` writes: one document, which ``--format json`` prints as it is and every other format is rendered from.

Its JSON Schema is published as ``docs/export.schema.json``. Whoever reads it may rely on every field; a change that
takes one away or gives it another meaning raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.verification.metric_description import MetricDescription

SCHEMA_VERSION = 1
SCHEMA_NAME = "unmask-benchmark-export"

Role = Literal["baseline", "method", "fitted", "seen", "privileged"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(_Strict):
    """One value with its 95 % interval. Rates are shares: 0.01 is 1 %."""

    metric: str = Field(description="as in the column `metric` of metrics.csv")
    threshold_kind: Literal["matched", "frozen", "none"]
    value: float | None = Field(description="null where there is none: `missing` says why")
    ci_low: float | None = None
    ci_high: float | None = None
    n_mated: int | None = Field(default=None, ge=0, description="mated comparisons, failed ones included")
    n_nonmated: int | None = Field(default=None, ge=0)
    n_failed: int | None = Field(default=None, ge=0)
    missing: str = Field(default="", description="why there is no value; empty where there is one")


class Test(_Strict):
    """One test of the run's family: GFRR at the matched threshold of the primary target, method against other."""

    __test__ = False  # no test of pytest's

    other: str = Field(description="`none` = the mask is left on, or a baseline")
    difference: float = Field(description="GFRR of the method minus that of the other; below 0 the method is better")
    ci_low: float | None
    ci_high: float | None
    p_holm: float | None = Field(description="two-sided, corrected for the whole family by Holm's method")
    better: bool = Field(description="the difference is below 0 and p_holm below 0.05")


class Condition(_Strict):
    """A condition without a method: raw or masked faces."""

    label: str
    condition: str
    values: dict[str, Value] = Field(description="by metric, with the threshold's kind where a metric has both")
    by_mask_type: dict[str, dict[str, Value]] = Field(
        description="the same for each mask type, where there are several"
    )


class Method(_Strict):
    """A method as it was run."""

    label: str = Field(description="the name, with what tells it from its namesakes in this run")
    method: str
    preset: str
    train_data: str
    mask_source: str
    role: Role = Field(
        description="baseline: what anybody could do without a method; fitted: to this recogniser or its templates; "
        "seen: this recogniser took part in its training; privileged: given what a deployed system lacks"
    )
    supported: bool = Field(
        description="better than leaving the mask on and than every baseline of the run, each by a paired test "
        "corrected for their number; what other formats print in bold"
    )
    tests: list[Test]
    values: dict[str, Value]
    by_mask_type: dict[str, dict[str, Value]]


class Table(_Strict):
    """One recogniser in one setting, at one target: what may stand in one table."""

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str
    strong: bool = Field(description="whether this recogniser's own raw-raw GFRR is at most 1 % at FMR 0.001")
    target: float = Field(gt=0, lt=1, description="false match rate that thresholds are set for")
    conditions: list[Condition]
    methods: list[Method] = Field(description="in order: the most recovered first, then those that stand apart")


class Source(_Strict):
    """The run that the numbers come from."""

    name: str
    version: str = Field(description="of the program that measured; empty if unknown")
    git_revision: str
    started: str
    synthetic: bool = Field(description="the people are rendered: no recovery headline may be claimed")
    digests: dict[str, str] = Field(description="of the photos and the comparisons")


class ExportedRun(_Strict):
    """A run, ready to be printed."""

    schema_name: Literal["unmask-benchmark-export"] = "unmask-benchmark-export"
    schema_version: Literal[1] = 1
    run: Source
    metrics: dict[str, MetricDescription] = Field(description="how each metric of the values describes itself")
    tables: list[Table]
    bold: str = Field(description="what the mark of support means in this run, one sentence")
    notes: list[str] = Field(description="what a reader must know of the numbers")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `ExportedRun`, as it is published."""
    schema = ExportedRun.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{SCHEMA_NAME}-{SCHEMA_VERSION}",
        **schema,
    }
