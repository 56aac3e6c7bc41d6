"""A run that never happened: believable numbers, curves, pictures and failures for testing the report.

Scores are Gaussian, so every rate is known in closed form and a report of any size is made in a moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmark.cards import Card, DatasetCard, MethodCard, RecogniserCard
from benchmark.reporting.run_results import IMAGE_COLUMNS, ExampleStrip, RunResults
from benchmark.verification.base import Cell, MetricRow
from benchmark.verification.measurement import CellCurves, Note
from benchmark.verification.metric_description import MANIFEST_KEY
from benchmark.verification.resolve import described, load_metrics

MASK_TYPES = ("surgical", "kn95", "cloth", "nist-wide-high-blue", "nist-round-low-black")
TARGETS = (1e-2, 1e-3, 1e-4)
N_MATED, N_NONMATED = 4172, 386_000
SPREAD = 0.12


DESCRIPTIONS = described(load_metrics())
_PLAIN = MethodCard()
_BASELINE = MethodCard(baseline=True)


@dataclass(frozen=True)
class FakeMethod:
    """How a method would do: the share of the mask's damage it undoes, and how it moves non-mated scores."""

    name: str
    won_back: float
    drift: float = 0.0
    preset: str = "default"
    train_data: str = "none"
    mask_source: str = "none"
    psnr: float | None = None
    seconds: float = 0.004
    memory: float = 180.0
    harm: float | None = 0.004
    card: MethodCard = _PLAIN


METHODS = (
    FakeMethod(
        "mean-face",
        0.02,
        0.02,
        train_data="synthetic",
        mask_source="detected",
        psnr=15.2,
        seconds=0.0012,
        card=_BASELINE,
    ),
    FakeMethod("telea", -0.07, 0.03, mask_source="detected", psnr=17.9, seconds=0.031, card=_BASELINE),
    FakeMethod("navier-stokes", -0.05, 0.03, mask_source="detected", psnr=18.1, seconds=0.028, card=_BASELINE),
    FakeMethod(
        "residual-regressor",
        0.19,
        0.02,
        preset="thesis-64",
        train_data="synthetic",
        psnr=21.4,
        seconds=0.0061,
        memory=412,
        card=MethodCard(summary="The thesis's residual network", parameters={"generator": 28643}),
    ),
    FakeMethod(
        "paired-gan",
        0.34,
        0.04,
        train_data="synthetic",
        psnr=20.6,
        seconds=0.0143,
        memory=1310,
        card=MethodCard(
            summary="Paired image translation with an identity loss",
            saw_recognisers=("facenet",),
            parameters={"generator": 54_414_979, "discriminator": 2_769_601},
        ),
    ),
    FakeMethod(
        "segmenter+glcic", 0.29, 0.03, train_data="celeba", mask_source="detected", psnr=20.1, seconds=0.62, memory=2890
    ),
    FakeMethod("mask-the-reference", 0.22, 0.05, harm=0.21, seconds=0.0, card=_BASELINE),
    FakeMethod("periocular", 0.11, 0.12, harm=0.35, seconds=0.0004, card=_BASELINE),
    FakeMethod(
        "template-ridge",
        0.10,
        0.26,
        train_data="synthetic",
        harm=0.06,
        seconds=0.00002,
        memory=12,
        card=MethodCard(learns=True, fitted_to_recogniser=True),
    ),
    FakeMethod(
        "true-pixels",
        0.985,
        0.0,
        mask_source="true",
        seconds=0.0002,
        card=MethodCard(privileged=True, summary="Ceiling"),
    ),
)


def gaussian_rates(mu_m: float, mu_n: float, threshold: float) -> tuple[float, float]:
    """(FNMR, FMR) at a threshold."""
    return float(norm.cdf(threshold, mu_m, SPREAD)), float(norm.sf(threshold, mu_n, SPREAD))


def fake_run(
    *,
    methods: tuple[FakeMethod, ...] = METHODS,
    recognisers: tuple[str, ...] = ("face_recognition", "facenet"),
    mask_types: tuple[str, ...] = MASK_TYPES,
    synthetic: bool = False,
    subject: str = "Aaron_Example",
    people: int = 4,
    size: int = 96,
) -> RunResults:
    """A whole run, always the same for the same arguments."""
    rows: list[MetricRow] = []
    curves: list[CellCurves] = []
    dataset = "synthetic-people" if synthetic else "lfw"
    for recogniser in recognisers:
        base = Cell(dataset, "people-split", "oracle", "128", recogniser, "none", "", "", "none", "raw-raw")
        _add_recogniser(rows, curves, base, methods, mask_types, worse=0.06 * recognisers.index(recogniser))
    for method in methods:
        rows += _image_rows(base, method)
    strips = tuple(
        _strip(f"{subject}_{person}" if person else subject, person, methods, size) for person in range(people)
    )
    cards: dict[str, Card] = {method.name: method.card for method in methods}
    cards |= {
        dataset: DatasetCard(
            summary="Labeled faces", source="https://example.org/lfw", licence="research only", synthetic=synthetic
        ),
        **{
            name: RecogniserCard(summary="dlib's network", licence="CC0", trained_on=("VGG-Face",), sha256="0f" * 32)
            for name in recognisers
        },
        "surgical": Card(summary="Pleated, with ear loops"),
    }
    return RunResults(
        metrics=rows,
        notes=_notes(rows),
        curves=curves,
        images=_images(subject, methods),
        examples=strips,
        manifest=_manifest(dataset, methods, recognisers),
        cards=cards,
        losses=_losses() if methods else {},
        synthetic=synthetic,
    )


def _add_recogniser(  # noqa: PLR0917
    rows: list[MetricRow],
    curves: list[CellCurves],
    base: Cell,
    methods: tuple[FakeMethod, ...],
    mask_types: tuple[str, ...],
    worse: float,
) -> None:
    raw, masked, non = 0.62 - worse, 0.30 - worse / 2, 0.0
    thresholds = {target: float(norm.isf(target, non, SPREAD)) for target in TARGETS}

    def condition(cell: Cell, mu_m: float, mu_n: float, failed: int, types: bool = True) -> None:
        curves.append(_curve(cell, mu_m, mu_n, failed))
        for target, frozen in thresholds.items():
            for kind, threshold in (("frozen", frozen), ("matched", float(norm.isf(target, mu_n, SPREAD)))):
                rows.extend(_rates(cell, "all", kind, target, threshold, mu_m, mu_n, failed))
                if types and kind == "matched":
                    for number, mask_type in enumerate(mask_types):
                        shifted = mu_m + 0.03 * (number - 2)
                        rows.extend(_rates(cell, mask_type, kind, target, threshold, shifted, mu_n, failed // 5))
        rows.append(_row(cell, "auc", norm.cdf((mu_m - mu_n) / (SPREAD * 2**0.5)), 0.002, failed=failed))
        rows.append(_row(cell, "eer", norm.cdf(-(mu_m - mu_n) / (2 * SPREAD)), 0.004, failed=failed))
        rows.append(_row(cell, "d_prime", (mu_m - mu_n) / SPREAD, 0.05, failed=failed))
        rows.append(_row(cell, "fta", failed / N_MATED, 0.002, failed=failed))

    condition(base, raw, non, 4, types=False)
    condition(replace(base, size="native"), raw + 0.01, non, 4, types=False)
    condition(replace(base, condition="raw-masked"), masked, non + 0.01, 38)
    condition(replace(base, condition="masked-masked"), masked + 0.2, non + 0.15, 61)
    for number, method in enumerate(methods):
        cell = replace(
            base,
            method=method.name,
            preset=method.preset,
            train_data=method.train_data,
            mask_source=method.mask_source,
            condition="raw-restored",
        )
        mu_n = non + 0.01 + method.drift
        mu_m = masked + (raw - masked) * (0.12 + 0.6 * method.won_back) + method.drift
        if method.name == "true-pixels":
            mu_m, mu_n = raw - 0.002, non
        condition(cell, mu_m, mu_n, 30 + 5 * number)
        _recoveries(rows, cell, raw, masked, non, mu_m, mu_n, thresholds, mask_types)
        if method.harm is not None:
            passthrough = replace(cell, condition="raw-passthrough")
            for target in TARGETS:
                rows.append(_row(passthrough, "harm", method.harm, 0.006, "frozen", target))


def _recoveries(  # noqa: PLR0917
    rows: list[MetricRow],
    cell: Cell,
    raw: float,
    masked: float,
    non: float,
    mu_m: float,
    mu_n: float,
    thresholds: dict[float, float],
    mask_types: tuple[str, ...],
) -> None:
    def gfrr(mu: float, threshold: float) -> float:
        return gaussian_rates(mu, 0, threshold)[0]

    for target, frozen in thresholds.items():
        matched = float(norm.isf(target, mu_n, SPREAD))
        masked_matched = float(norm.isf(target, non + 0.01, SPREAD))
        for number, mask_type in enumerate(("all", *mask_types)):
            shift = 0.03 * (number - 3) if number else 0.0
            left = gfrr(masked + shift, masked_matched)
            value: float | None = (left - gfrr(mu_m + shift, matched)) / (left - gfrr(raw, frozen))
            if target == 1e-4 and number == 3:
                value = None
            rows.append(_row(cell, "recovery", value, 0.03 if not number else 0.07, "matched", target, mask_type))
        left = gfrr(masked, frozen)
        value = (left - gfrr(mu_m, frozen)) / (left - gfrr(raw, frozen))
        rows.append(_row(cell, "recovery_frozen", value, 0.03, "frozen", target))


def _rates(  # noqa: PLR0917
    cell: Cell, mask_type: str, kind: str, target: float, threshold: float, mu_m: float, mu_n: float, failed: int
) -> Iterator[MetricRow]:
    fnmr, fmr = gaussian_rates(mu_m, mu_n, threshold)
    lost = failed / N_MATED
    gfrr = fnmr * (1 - lost) + lost
    half = 2.6 * (max(gfrr * (1 - gfrr), 1e-6) / N_MATED) ** 0.5
    for metric, value in (("fmr", fmr), ("fnmr", fnmr), ("gfrr", gfrr), ("gfar", fmr * (1 - lost)), ("tar", 1 - fnmr)):
        width = half if metric not in ("fmr", "gfar") else 0.15 * value
        yield _row(cell, metric, value, width, kind, target, mask_type, threshold, failed)


def _row(  # noqa: PLR0917
    cell: Cell,
    metric: str,
    value: float | None,
    half: float | None,
    kind: str = "none",
    target: float | None = None,
    mask_type: str = "all",
    threshold: float | None = None,
    failed: int = 0,
) -> MetricRow:
    bounded = value is not None and half is not None
    return MetricRow(
        **asdict(cell),
        mask_type=mask_type,
        metric=metric,
        threshold_kind=kind,
        target=target,
        value=None if value is None else float(value),
        ci_low=float(value - half) if bounded else None,  # type: ignore[operator]
        ci_high=float(value + half) if bounded else None,  # type: ignore[operator]
        n_mated=N_MATED,
        n_nonmated=N_NONMATED,
        n_failed=failed,
        threshold=threshold,
    )


def _notes(rows: list[MetricRow]) -> list[Note | str]:
    notes: list[Note | str] = ["lama was left out: the weights are not here; `doctor` says how to get them"]
    for row in rows:
        cell = Cell(*(getattr(row, field.name) for field in fields(Cell)))
        if row.metric == "recovery" and row.value is None:
            text = "recovery withheld: the loss by the mask, 0.0123 [-0.0042, 0.0301], may be 0"
            notes.append(Note("withheld", text, (cell,), row.mask_type, row.metric, row.target))
        if row.metric == "fmr" and row.threshold_kind == "frozen" and row.mask_type == "all" and row.target:
            ratio = (row.value or 0.0) / row.target
            if ratio > 2:
                text = f"realised FMR {row.value:.3g} is {ratio:.1f} times the target {row.target:g}"
                notes.append(Note("realised FMR", text, (cell,), "all", "fmr", row.target))
    return notes


def _image_rows(base: Cell, method: FakeMethod) -> Iterator[MetricRow]:
    cell = replace(
        base,
        recogniser="none",
        method=method.name,
        preset=method.preset,
        train_data=method.train_data,
        mask_source=method.mask_source,
        condition="raw-restored",
    )
    if method.psnr is not None:
        yield _row(cell, "psnr", method.psnr + 4.1, None)
        yield _row(cell, "psnr_hole", method.psnr, 0.2)
        yield _row(cell, "ssim_hole", method.psnr / 32, 0.01)
    yield _row(cell, "seconds_per_image", method.seconds, None)
    yield _row(cell, "peak_memory_mib", method.memory, None)


def _curve(cell: Cell, mu_m: float, mu_n: float, failed: int) -> CellCurves:
    thresholds = np.linspace(1.4, -0.8, 1500)
    edges = np.linspace(-0.6, 1.2, 121)
    return CellCurves(
        cell=cell,
        fmr=norm.sf(thresholds, mu_n, SPREAD),
        fnmr=norm.cdf(thresholds, mu_m, SPREAD),
        thresholds=thresholds,
        edges=edges,
        mated=np.round((N_MATED - failed) * np.diff(norm.cdf(edges, mu_m, SPREAD))).astype(np.int64),
        nonmated=np.round(N_NONMATED * np.diff(norm.cdf(edges, mu_n, SPREAD))).astype(np.int64),
    )


def _strip(subject: str, person: int, methods: tuple[FakeMethod, ...], size: int) -> ExampleStrip:
    raw = drawn_face(size, person)
    hole = np.zeros((size, size), np.uint8)
    cv2.ellipse(hole, (size // 2, int(size * 0.70)), (int(size * 0.27), int(size * 0.2)), 0, 0, 360, 255, -1)
    masked = raw.copy()
    masked[hole > 0] = (146, 190, 214)
    columns: dict[str, NDArray[np.uint8] | None] = {
        "raw": raw,
        "masked": masked,
        "true mask": np.repeat(hole[:, :, None], 3, axis=2),
    }
    reasons = {}
    for number, method in enumerate(methods):
        if method.psnr is None and method.name != "true-pixels":
            continue
        restored = raw.copy()
        blurred = cv2.GaussianBlur(raw, (0, 0), 1.5 + number)
        restored[hole > 0] = blurred[hole > 0]
        columns[method.name] = restored
    if person == 1 and "segmenter+glcic" in columns:
        columns["segmenter+glcic"] = None
        reasons["segmenter+glcic"] = "no mask found"
    return ExampleStrip(subject, f"{subject}/{subject}_0001.jpg", columns, reasons)


def drawn_face(size: int, person: int) -> NDArray[np.uint8]:
    """A cartoon, so that no real person is in the tests."""
    rng = np.random.default_rng(person)
    image = np.full((size * 4, size * 4, 3), rng.integers(120, 220, 3), np.uint8)
    skin = tuple(int(v) for v in np.array([224, 178, 148]) - rng.integers(0, 90))
    unit = size * 4 / 100
    ink = (60, 40, 40)

    def ellipse(  # noqa: PLR0917
        x: float, y: float, a: float, b: float, colour: tuple[int, ...], start: int = 0, end: int = 360, width: int = -1
    ) -> None:
        cv2.ellipse(
            image,
            (int(x * unit), int(y * unit)),
            (int(a * unit), int(b * unit)),
            0,
            start,
            end,
            colour,
            width,
            cv2.LINE_AA,
        )

    ellipse(50, 42, 38, 42, tuple(int(v) for v in rng.integers(20, 110, 3)))
    ellipse(50, 54, 31, 40, skin)
    for x in (37, 63):
        ellipse(x, 47, 6, 3.6, (250, 250, 250))
        ellipse(x, 47, 2.6, 2.8, ink)
        ellipse(x, 40, 8, 3, ink, 200, 340, int(1.6 * unit))
    ellipse(50, 62, 4.5, 3, tuple(int(v * 0.82) for v in skin))
    ellipse(50, 76, 11, 5 + float(rng.integers(0, 4)), (168, 70, 78), 10, 170, int(2.2 * unit))
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def _images(subject: str, methods: tuple[FakeMethod, ...]) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    records = []
    for number in range(300):
        image = f"{subject}/{subject}_{number:04d}.jpg"
        mask = MASK_TYPES[number % len(MASK_TYPES)]
        steps = [
            ("acquire", "", "no face found", 0.01),
            ("mask", "", "mask not placed: a profile (0.07 of the face beyond the nose)", 0.02),
        ]
        steps += [("unmask", m.name, "no mask found", 0.03) for m in methods if m.mask_source == "detected"]
        steps += [("recognise", "face_recognition", "no face found after restoring", 0.02)]
        for step, variant, reason, rate in steps:
            failed = rng.random() < rate
            status, why = ("failed", reason) if failed else ("ok", "")
            parameters = json.dumps({"colour": "blue"}) if step == "mask" else ""
            arm = "" if step == "acquire" else "oracle"
            records.append((image, subject, "test", step, variant, mask, status, why, parameters, arm, ""))
    return pd.DataFrame(records, columns=list(IMAGE_COLUMNS))


def _losses() -> dict[str, pd.DataFrame]:
    epochs = np.arange(1, 41)
    fall = np.exp(-epochs / 9)
    rng = np.random.default_rng(1)
    return {
        "residual-regressor": pd.DataFrame(
            {
                "epoch": epochs,
                "train_loss": 0.021 + 0.2 * fall,
                "validation_loss": 0.026 + 0.2 * fall,
                "seconds": epochs * 2.0,
            }
        ),
        "paired-gan": pd.DataFrame(
            {
                "epoch": epochs,
                "generator_loss": 0.9 + 2.5 * fall + 0.05 * rng.standard_normal(40),
                "discriminator_loss": 0.55 + 0.1 * fall + 0.03 * rng.standard_normal(40),
                "validation_l1": 0.11 + 0.3 * fall,
            }
        ),
    }


def _manifest(dataset: str, methods: tuple[FakeMethod, ...], recognisers: tuple[str, ...]) -> dict[str, object]:
    return {
        "command": "python run_benchmark.py --dataset lfw --protocol people-split --methods all --recognisers all",
        "config": {
            "dataset": dataset,
            "protocol": "people-split",
            "methods": [method.name for method in methods],
            "recognisers": list(recognisers),
            "size": 128,
            "acquisition": "oracle",
            "seed": 0,
            "bootstrap": {"replicates": 1000, "level": 0.95},
        },
        MANIFEST_KEY: {name: metric.model_dump() for name, metric in DESCRIPTIONS.items()},
        "versions": {"unmask-benchmark": "0.1.0", "python": "3.11.9", "torch": "2.8.0", "numpy": "2.4.0"},
        "digests": {"dataset": "9d3c1f0a77e2", "protocol": "51b0c6de90aa"},
        "seeds": {"run": 0},
        "git_revision": "a7e94d9c0ffee",
        "device": "cpu (2 cores)",
        "started": "2026-11-22T20:08:10+00:00",
        "durations": {
            "acquire": 38.2,
            "mask": 41.0,
            "unmask": 96.4,
            "recognise": 71.3,
            "compare": 4.1,
            "measure": 22.9,
            "report": 6.3,
        },
    }
