"""SFace, the recogniser of OpenCV's `FaceRecognizerSF`."""

from __future__ import annotations

from benchmark.model_files import ModelFile
from benchmark.plugins import register_recogniser
from benchmark.recognisers.onnx_recogniser import PublishedOnnxRecogniser
from benchmark.recognisers.recogniser_spec import RecogniserSpec

_SPEC = RecogniserSpec(
    size=(112, 112),
    mean=(0.0,) * 3,  # the file itself subtracts and divides
    std=(1.0,) * 3,
    summary="SFace (MobileFaceNet, sigmoid-constrained hypersphere loss), as OpenCV's FaceRecognizerSF runs it",
    licence="code: MIT; weights: Apache-2.0 (OpenCV zoo)",
    source="Zhong et al., SFace, IEEE Transactions on Image Processing 2021; OpenCV zoo, face_recognition_sface",
    trained_on=("unknown",),
)


@register_recogniser("opencv-sface")
class OpenCvSFace(PublishedOnnxRecogniser):
    """OpenCV's SFace: RGB of 0 to 255 on ArcFace's template, cosine of 128 numbers."""

    model_file = ModelFile(
        "opencv-sface",
        "face_recognition_sface_2021dec.onnx",
        url="https://media.githubusercontent.com/media/opencv/opencv_zoo/47534e27c9851bb1128ccc0102f1145e27f23f98/"
        "models/face_recognition_sface/face_recognition_sface_2021dec.onnx",
        megabytes=39,
        stated_sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    )
    published = _SPEC
    card = _SPEC.card(weights_source="OpenCV zoo: face_recognition_sface_2021dec.onnx; SHA-256 not verified here")
