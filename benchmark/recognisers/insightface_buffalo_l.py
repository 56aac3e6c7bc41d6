"""The recognition model of InsightFace's pack ``buffalo_l``."""

from __future__ import annotations

from benchmark.model_files import ModelFile
from benchmark.plugins import register_recogniser
from benchmark.recognisers.onnx_recogniser import PublishedOnnxRecogniser
from benchmark.recognisers.recogniser_spec import RecogniserSpec

_SPEC = RecogniserSpec(
    size=(112, 112),
    mean=(127.5,) * 3,
    std=(127.5,) * 3,
    summary="InsightFace's buffalo_l: ResNet-50 trained with ArcFace's loss on WebFace600K",
    licence="code: MIT; weights: non-commercial research only (InsightFace)",
    source="Deng et al., ArcFace, CVPR 2019; InsightFace, buffalo_l (release v0.7)",
    trained_on=("webface600k",),
)


@register_recogniser("insightface-buffalo-l")
class InsightFaceBuffaloL(PublishedOnnxRecogniser):
    """The file ``w600k_r50.onnx`` of the pack: RGB on ArcFace's template, cosine of 512 numbers.

    The pack is one archive with four other networks, which are downloaded with it and not kept.
    """

    model_file = ModelFile(
        "insightface-buffalo-l",
        "w600k_r50.onnx",
        url="https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip",
        megabytes=288,
        stated_sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
        member="w600k_r50.onnx",
    )
    published = _SPEC
    card = _SPEC.card(
        weights_source="InsightFace, release v0.7: w600k_r50.onnx in buffalo_l.zip; SHA-256 not verified here"
    )
