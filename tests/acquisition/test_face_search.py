from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dlib
import numpy as np
import pytest

from benchmark.acquisition import detection
from benchmark.acquisition.detection import FaceSearch, FoundFace
from benchmark.acquisition.dlib_models import model_path
from benchmark.acquisition.face_detectors import opencv_yunet
from benchmark.acquisition.face_detectors.base import NOTHING, FaceDetector, FoundFaces, shrunk_copy
from benchmark.acquisition.face_detectors.dlib_hog import looks
from benchmark.acquisition.face_detectors.known import face_detector_class, readiness
from benchmark.acquisition.landmarks import landmark_boxes
from benchmark.acquisition.resolve import only_face_detector_files, resolve_face_search
from benchmark.errors import ImageRefused, PluginError, RequestError
from benchmark.faces import Image, key_points_of
from benchmark.plugins import DATASETS


class OneSquare(FaceDetector):
    """Finds one face in the middle of every photo that is not dark; remembers what it was shown."""

    shown: list[int]
    width = 100
    darkest = 0

    def __init__(self, **settings: object) -> None:
        super().__init__()

    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        type(self).shown += [int(photo[0, 0, 0]) for photo in photos]
        return [self.of(photo) for photo in photos]

    def of(self, photo: Image) -> FoundFaces:
        if photo[0, 0, 0] < self.darkest:
            return NOTHING
        middle = np.array(photo.shape[1::-1]) / 2
        box = np.concatenate([middle - self.width / 2, middle + self.width / 2])[None]
        points = np.full((1, 5, 2), 7, np.float32) + np.arange(10, dtype=np.float32).reshape(5, 2)
        return FoundFaces(box - 3, box, np.ones(1), points)


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> tuple[type[OneSquare], type[OneSquare]]:
    """Two made-up face detectors, `first` and `second`; the first sees nothing in photos darker than 100."""
    first = type("First", (OneSquare,), {"shown": [], "darkest": 100})
    second = type("Second", (OneSquare,), {"shown": [], "darkest": 10, "version": 4})
    monkeypatch.setattr(detection, "face_detector_class", {"first": first, "second": second}.__getitem__)
    detection._loaded.cache_clear()
    return first, second


def plain(brightness: int, side: int = 250) -> Image:
    return np.full((side, side, 3), brightness, np.uint8)


def test_the_next_face_detector_is_asked_only_where_the_one_before_found_nothing(
    chain: tuple[type[OneSquare], type[OneSquare]],
) -> None:
    photos = [plain(200), plain(50), ImageRefused("unreadable"), plain(0), plain(201), plain(200, side=10)]
    found = FaceSearch(("first", "second")).find_all(photos)
    assert chain[0].shown == [200, 50, 0, 201]
    assert chain[1].shown == [50, 0]
    names = [face.face_detector if isinstance(face, FoundFace) else face.reason for face in found]
    assert names == [
        *("first", "second", "unreadable", "no face found", "first"),
        "the photo is too small to hold a face: 10×10 pixels",
    ]


def test_a_face_keeps_the_box_and_the_points_that_its_detector_gave(
    chain: tuple[type[OneSquare], type[OneSquare]],
) -> None:
    face = FaceSearch(("first",)).find(plain(200)).geometry
    np.testing.assert_array_equal(face.box, np.array([72, 72, 172, 172], np.float32))
    np.testing.assert_array_equal(face.key_points, 7 + np.arange(10, dtype=np.float32).reshape(5, 2))
    assert 75 < face.landmarks[:, 0].min() < face.landmarks[:, 0].max() < 175, "placed from the square for landmarks"


def test_faces_narrower_than_asked_for_do_not_count(chain: tuple[type[OneSquare], type[OneSquare]]) -> None:
    assert isinstance(FaceSearch(("first",), min_face=100).find_all([plain(200)])[0], FoundFace)
    chain[1].width = 102
    found = FaceSearch(("first", "second"), min_face=101).find_all([plain(200)])[0]
    assert isinstance(found, FoundFace)
    assert found.face_detector == "second", "too small a face is no face: the next one is asked"


def test_what_decides_which_faces_are_found_is_in_the_key(chain: tuple[type[OneSquare], type[OneSquare]]) -> None:
    search = FaceSearch(("first", "second"), files=(("second", Path("/anywhere"), "abc"),))
    assert search.about() == {"face_detectors": [["first", 1, ""], ["second", 4, "abc"]], "min_face": None}
    assert search.about() == FaceSearch(("first", "second"), None, "cuda", search.files).about()
    assert search.about() != FaceSearch(("second", "first"), files=search.files).about()


def test_dlib_hog_gives_what_dlib_itself_gives() -> None:
    people = DATASETS.load("synthetic")(None, seed=0)
    photo = people.read(people.protocol(people.protocols[0], limit=2).photos[0])
    face = FaceSearch().find(photo)
    assert face.face_detector == "dlib-hog"
    (box,) = dlib.get_frontal_face_detector()(photo, 0)
    np.testing.assert_array_equal(face.geometry.box, [box.left(), box.top(), box.right(), box.bottom()])
    for name, points in (("68", face.geometry.landmarks), ("5", face.geometry.five_points)):
        predictor = dlib.shape_predictor(str(model_path(f"shape_predictor_{name}_face_landmarks.dat")))
        expected = [(point.x, point.y) for point in predictor(photo, box).parts()]
        np.testing.assert_array_equal(points, np.array(expected, np.float32))
    assert face.geometry.detected_points is None
    np.testing.assert_array_equal(face.geometry.key_points, key_points_of(face.geometry.landmarks))
    square = landmark_boxes(face.geometry.key_points)[0]
    width = face.geometry.box[2] - face.geometry.box[0]
    assert np.abs(square - face.geometry.box).max() < 0.15 * width, "the same square from key points alone"


def test_smaller_faces_are_looked_for_on_larger_copies_up_to_a_limit() -> None:
    large = np.zeros((6000, 8000, 3), np.uint8)
    assert list(looks(large, None)) == [0.064, 0.128]
    assert list(looks(large, 20))[-1] == pytest.approx(4096 / 8000)
    assert [shrunk_copy(large, width)[0].shape[1] for width in (None, 100, 20)] == [512, 3200, 4096]
    assert shrunk_copy(large[:300, :400], 20)[1] == 1


def test_an_unknown_face_detector_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(RequestError, match="unknown face detector 'mtcn'; did you mean 'mtcnn'"):
        resolve_face_search(["dlib-hog", "mtcn"], files={})


def test_one_that_lacks_its_file_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path))
    with pytest.raises(RequestError, match=r"'opencv-yunet' does not work here: .*fetch opencv-yunet.*--weights"):
        resolve_face_search(["opencv-yunet"], files={})
    assert not readiness()["opencv-yunet"].available
    assert "--weights opencv-yunet=" in readiness()["opencv-yunet"].reason
    with pytest.raises(PluginError, match="--weights opencv-yunet="):
        face_detector_class("opencv-yunet")()
    other = tmp_path / "other.onnx"
    other.write_bytes(b"something else")
    with pytest.raises(RequestError, match="not the file that was published"):
        resolve_face_search(["opencv-yunet"], files={"opencv-yunet": other})
    with pytest.raises(RequestError, match="not asked for; name it in --face-detectors"):
        resolve_face_search(["dlib-hog"], files={"opencv-yunet": other})


def test_where_only_face_detectors_take_files_other_names_are_refused() -> None:
    assert only_face_detector_files(["opencv-yunet=a.onnx"]) == {"opencv-yunet": Path("a.onnx")}
    with pytest.raises(RequestError, match="--weights glcic: only face detectors take a file here: opencv-yunet"):
        only_face_detector_files(["opencv-yunet=a.onnx", "glcic=folder"])


def test_yunets_rows_become_faces_of_the_photo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OpenCV's columns: left, top, width, height; eyes, nose, mouth corners from the image's left; the score."""
    model = tmp_path / "yunet.onnx"
    model.write_bytes(b"made up")
    monkeypatch.setattr(opencv_yunet, "YUNET", opencv_yunet.ModelFile("opencv-yunet", model.name))
    points = np.array([[230, 210], [270, 210], [250, 235], [234, 260], [266, 260]], np.float32)
    small = points / 10
    seen: list[object] = []

    class Network:
        def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802  # OpenCV's name
            seen.append(size)

        def detect(self, image: Image) -> tuple[int, np.ndarray | None]:
            seen.append(image[0, 0].tolist())
            if image[0, 0, 0] == 0:
                return 1, None
            rows = [[200, 190, 100, 110, *points.ravel(), 0.95], [20, 19, 10, 11, *small.ravel(), 0.99]]
            return 1, np.array(rows, np.float32)

    monkeypatch.setattr(opencv_yunet.cv2.FaceDetectorYN, "create", lambda *settings: Network())
    photo = np.zeros((1024, 1024, 3), np.uint8)
    photo[:, :] = (10, 20, 30)
    detector = opencv_yunet.OpenCvYuNet(file=model)
    found, nothing = detector.detect([photo, np.zeros_like(photo)])
    assert seen == [(512, 512), [30, 20, 10], (512, 512), [0, 0, 0]], "half the size; blue first"
    assert len(nothing) == 0
    assert len(found) == 1, "the small one is narrower than what the others look for"
    np.testing.assert_allclose(found.boxes, [[400, 380, 600, 600]])
    assert found.key_points is not None
    np.testing.assert_allclose(found.key_points[0], 2 * points)
    left, top, right, bottom = found.landmark_boxes[0]
    assert right - left == pytest.approx(bottom - top)
    assert left < 460 and right > 540
