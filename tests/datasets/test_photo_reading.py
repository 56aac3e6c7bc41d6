"""Every state a photo file can be in. All files are made here."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageFile

from benchmark.config import load_config
from benchmark.datasets import photo_reading
from benchmark.datasets.files import digest_of_files
from benchmark.datasets.image_costs import ReadingLimits
from benchmark.datasets.opening import open_dataset
from benchmark.datasets.photo_reading import LONGEST_SIDE, read_photo
from benchmark.errors import ImageRefused


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    """Red grows to the right, green downwards, blue is constant."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)[None, :]
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    pixels[..., 2] = 90
    return pixels


def refusal(path: Path) -> str:
    with pytest.raises(ImageRefused) as caught:
        read_photo(path)
    assert "\n" not in caught.value.reason
    assert str(path) not in caught.value.reason
    return caught.value.reason


def saved(path: Path, image: Pillow.Image, **options: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    image.save(path, **options)
    return path


def test_rgb_is_read_unchanged(tmp_path: Path) -> None:
    pixels = read_photo(saved(tmp_path / "a.png", Pillow.fromarray(gradient())))
    np.testing.assert_array_equal(pixels, gradient())
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous


def test_content_decides_not_the_suffix(tmp_path: Path) -> None:
    Pillow.fromarray(gradient()).save(tmp_path / "a.txt", format="PNG")
    np.testing.assert_array_equal(read_photo(tmp_path / "a.txt"), gradient())


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "tif", "gif", "ppm", "jp2"])
def test_common_formats(tmp_path: Path, suffix: str) -> None:
    pixels = read_photo(saved(tmp_path / f"a.{suffix}", Pillow.fromarray(gradient())))
    assert pixels.shape == (40, 60, 3)
    assert np.abs(pixels.astype(int) - gradient()).mean() < 15  # GIF keeps 256 colours


def test_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.jpg") == "file not found"


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "not a file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert refusal(tmp_path / "a.jpg") == "not a file"


def test_zero_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert refusal(tmp_path / "a.jpg") == "empty file"


def test_not_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("a shopping list\n" * 20)
    assert refusal(tmp_path / "a.jpg") == "not an image"


def test_postscript_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n")
    assert refusal(tmp_path / "a.jpg") == "PostScript: convert it to JPEG or PNG"


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tif"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_truncated_at_any_point(tmp_path: Path, suffix: str, kept: float) -> None:
    rng = np.random.default_rng(0)
    path = saved(tmp_path / f"a.{suffix}", Pillow.fromarray(rng.integers(0, 256, (99, 99, 3), dtype=np.uint8)))
    content = path.read_bytes()
    path.write_bytes(content[: max(4, int(kept * len(content)))])
    assert refusal(path) in {"truncated image", "corrupt image"}


def test_truncated_jpeg_says_so(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", Pillow.fromarray(gradient()))
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(path) == "truncated image"


def test_truncation_is_refused_even_if_a_library_asked_for_leniency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    path = saved(tmp_path / "a.jpg", Pillow.fromarray(gradient()))
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(path) == "truncated image"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_damage_inside_a_png(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Pillow.fromarray(gradient()))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = b"\x00" * 20
    path.write_bytes(content)
    assert refusal(path) in {"truncated image", "corrupt image"}


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "gif", "bmp"])
def test_random_damage_gives_pixels_or_a_refusal(tmp_path: Path, suffix: str, seed: int) -> None:
    """Whatever the damage, nothing but `ImageRefused` comes out."""
    rng = np.random.default_rng(seed)
    path = saved(tmp_path / f"a.{suffix}", Pillow.fromarray(gradient()))
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8).copy()
    where = rng.integers(0, len(content), 12)
    content[where] = rng.integers(0, 256, 12)
    path.write_bytes(content.tobytes())
    try:
        pixels = read_photo(path)
    except ImageRefused as refused:
        assert refused.reason
    else:
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15)])
def test_too_small(tmp_path: Path, size: tuple[int, int]) -> None:
    assert refusal(saved(tmp_path / "a.png", Pillow.new("RGB", size))) == "image smaller than 16×16 pixels"


def test_a_ribbon_that_would_vanish_when_reduced(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Pillow.new("L", (20_000, 20)))
    assert refusal(path) == "image smaller than 16×16 pixels"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [13_400, 60_000])
def test_decompression_bomb(tmp_path: Path, side: int) -> None:
    """One side of Pillow's own limit, and far beyond it."""
    (tmp_path / "a.png").write_bytes(png_header(side, side))
    assert refusal(tmp_path / "a.png") == "image larger than 178 megapixels"


def test_greyscale(tmp_path: Path) -> None:
    grey = gradient()[..., 0]
    pixels = read_photo(saved(tmp_path / "a.png", Pillow.fromarray(grey)))
    np.testing.assert_array_equal(pixels, np.repeat(grey[..., None], 3, axis=2))


def test_black_and_white(tmp_path: Path) -> None:
    image = Pillow.fromarray(gradient()[..., 0] > 127)
    pixels = read_photo(saved(tmp_path / "a.png", image))
    assert set(np.unique(pixels)) == {0, 255}


def test_cmyk_keeps_its_colours(tmp_path: Path) -> None:
    image = Pillow.fromarray(gradient()).convert("CMYK")
    pixels = read_photo(saved(tmp_path / "a.jpg", image, quality=95))
    assert np.abs(pixels.astype(int) - gradient()).mean() < 4


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    """Every value there is, and more rows than are scaled at a time."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(1024, 64)
    path = saved(tmp_path / f"a.{suffix}", Pillow.fromarray(ramp))
    expected = np.rint(ramp / 257).astype(np.uint8)
    np.testing.assert_array_equal(read_photo(path), np.repeat(expected[..., None], 3, axis=2))


def test_16_bit_colour_png(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    deep = gradient().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png"), gradient())


@pytest.mark.parametrize("scale", [1, 255])
def test_floats(tmp_path: Path, scale: int) -> None:
    values = np.tile(np.linspace(0, 1, 60, dtype=np.float32), (40, 1)) * scale
    pixels = read_photo(saved(tmp_path / "a.tif", Pillow.fromarray(values)))
    np.testing.assert_allclose(pixels[..., 0], values * (255 / scale), atol=0.51)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 1e6])
def test_floats_outside_the_range_are_refused(tmp_path: Path, bad: float) -> None:
    values = np.full((40, 40), 0.5, dtype=np.float32)
    values[3, 3] = bad
    path = saved(tmp_path / "a.tif", Pillow.fromarray(values))
    assert refusal(path) == "unsupported pixel format: floats outside 0…255"


def test_palette(tmp_path: Path) -> None:
    image = Pillow.fromarray(gradient()).quantize(64)
    pixels = read_photo(saved(tmp_path / "a.png", image))
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_on_white(tmp_path: Path, mode: str) -> None:
    image = Pillow.new("RGBA", (40, 40), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 40))
    pixels = read_photo(saved(tmp_path / "a.png", image.convert(mode)))
    assert (pixels[:, :20] == 255).all()
    assert (pixels[:, 20:] == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    """Against Pillow's own transposition."""
    from PIL import ImageOps

    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Pillow.fromarray(gradient()), exif=exif.tobytes())
    with Pillow.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_photo(path), expected)
    assert read_photo(path).shape == ((40, 60, 3) if orientation < 5 else (60, 40, 3))


def test_orientation_of_a_tiff_is_applied_once(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", Pillow.fromarray(gradient()), tiffinfo={0x0112: 6})
    np.testing.assert_array_equal(read_photo(path), np.rot90(gradient(), -1))


def test_damaged_exif_and_icc_do_not_matter(tmp_path: Path) -> None:
    image = Pillow.fromarray(gradient())
    path = saved(tmp_path / "a.jpg", image, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", icc_profile=b"no profile")
    assert read_photo(path).shape == (40, 60, 3)


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Pillow.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert tuple(read_photo(tmp_path / "a.gif")[5, 5]) == (255, 0, 0)


@pytest.mark.parametrize(("suffix", "mode"), [("jpg", "RGB"), ("jpg", "L"), ("png", "L"), ("png", "RGBA")])
def test_12000_pixels_become_3000(tmp_path: Path, suffix: str, mode: str) -> None:
    image = Pillow.fromarray(gradient()).convert(mode).resize((12_000, 90))
    pixels = read_photo(saved(tmp_path / f"a.{suffix}", image))
    assert pixels.shape[1] == 3000 <= LONGEST_SIDE
    assert pixels.shape[0] in (22, 23)
    expected = np.asarray(image.convert("RGB").resize((3000, pixels.shape[0])))
    assert np.abs(pixels.astype(int) - expected).mean() < 4


def test_beyond_what_jpeg_can_reduce_while_decoding(tmp_path: Path) -> None:
    image = Pillow.fromarray(gradient()).resize((60_000, 600))
    pixels = read_photo(saved(tmp_path / "a.jpg", image))
    assert pixels.shape[1] == 3750
    image = Pillow.fromarray(gradient()).resize((65_500, 600))
    assert read_photo(saved(tmp_path / "b.jpg", image)).shape[1] <= LONGEST_SIDE


def test_just_fitting_is_left_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Pillow.new("L", (LONGEST_SIDE, 16)))
    assert read_photo(path).shape == (16, LONGEST_SIDE, 3)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Pillow.fromarray(gradient()))
    path.chmod(0)
    assert refusal(path).startswith("file cannot be read")


def test_reading_needs_no_torch() -> None:
    import subprocess

    code = "import sys, benchmark.datasets.photo_reading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_bytes_stored_in_32_bits_stay_bytes(tmp_path: Path) -> None:
    grey = gradient()[..., 0]
    saved(tmp_path / "a.tif", Pillow.fromarray(grey.astype(np.int32)))
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif")[..., 0], grey)
    wide = grey.astype(np.int32) * 257
    saved(tmp_path / "b.tif", Pillow.fromarray(wide))
    np.testing.assert_array_equal(read_photo(tmp_path / "b.tif")[..., 0], grey)


def test_a_float_image_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.tif", Pillow.fromarray(np.zeros((40, 60), np.float32)))
    assert read_photo(tmp_path / "a.tif").shape == (40, 60, 3)
    limits = ReadingLimits(max_megapixels=0.0095)
    with pytest.raises(ImageRefused, match=r"image of 32 bits per channel larger than 0\.002375 megapixels"):
        read_photo(tmp_path / "a.tif", limits)
    assert read_photo(tmp_path / "a.tif", ReadingLimits(max_megapixels=0.0096)).shape == (40, 60, 3)


def test_the_pixel_budget_may_be_changed_in_both_directions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path / "a.png", Pillow.fromarray(gradient()))
    with pytest.raises(ImageRefused, match=r"image larger than 0\.0023 megapixels"):
        read_photo(file, ReadingLimits(max_megapixels=0.0023))
    with pytest.raises(ImageRefused, match=r"image larger than 0\.001 megapixels"):  # Pillow's own limit is met
        read_photo(file, ReadingLimits(max_megapixels=0.001))
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 1000)  # which Pillow doubles; a wider budget of ours holds
    assert read_photo(file).shape == (40, 60, 3)
    assert Pillow.MAX_IMAGE_PIXELS == 1000


def test_limits_are_part_of_the_key_where_they_are_not_the_default(tmp_path: Path) -> None:
    file = saved(tmp_path / "anna" / "1.png", Pillow.fromarray(gradient()))
    digests = {
        digest_of_files([("anna/1.png", file)], limits=limits)
        for limits in (ReadingLimits(), ReadingLimits(178, 60), ReadingLimits(100), ReadingLimits(178, 5))
    }
    assert len(digests) == 3
    assert digest_of_files([("anna/1.png", file)]) in digests


def test_a_data_set_reads_within_the_limits_of_its_run(tmp_path: Path) -> None:
    saved(tmp_path / "anna" / "1.png", Pillow.fromarray(gradient()))
    config = load_config(None, {"dataset": "folder", "max_megapixels": 0.001})
    opened = open_dataset("folder", tmp_path, config)
    photos = opened.training_photos("train", protocol="")
    with pytest.raises(ImageRefused, match=r"larger than 0\.001 megapixels"):
        opened.read(photos[0])
    unlimited = open_dataset("folder", tmp_path, load_config(None, {"dataset": "folder"}))
    assert unlimited.read(photos[0]).shape == (40, 60, 3)
    assert unlimited.digest(photos) != opened.digest(photos)


def test_a_progressive_jpeg_of_hundreds_of_scans_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.jpg", Pillow.fromarray(gradient()), progressive=True)
    assert read_photo(file).shape == (40, 60, 3)
    data = file.read_bytes()
    last = data.rindex(b"\xff\xda")
    file.write_bytes(data[:-2] + data[last:-2] * 200 + data[-2:])
    assert refusal(file) == "progressive JPEG of more than 100 scans"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no alarms here")
def test_decoding_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from benchmark.datasets import photo_reading

    def endless(image: Pillow.Image) -> np.ndarray:
        while True:
            pass

    monkeypatch.setattr(photo_reading, "_upright_rgb", endless)
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(ImageRefused, match=r"decoding took more than 0\.05 seconds of processor time"):
        read_photo(saved(tmp_path / "a.png", Pillow.fromarray(gradient())), ReadingLimits(max_seconds=0.05))
    assert signal.getsignal(signal.SIGPROF) is before


@pytest.mark.parametrize("side", [(64, 64), (101, 67), (16, 333)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize(
    "settings", [{"quality": 92}, {"quality": 30, "progressive": True}, {"restart_marker_rows": 1}]
)
def test_jpegs_have_the_same_pixels_with_and_without_simplejpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: tuple[int, int], subsampling: int, settings: dict[str, Any]
) -> None:
    pytest.importorskip("simplejpeg")
    pixels = np.random.default_rng(0).integers(0, 256, (*side, 3), dtype=np.uint8)
    path = tmp_path / "a.jpg"
    Pillow.fromarray(pixels).save(path, subsampling=subsampling, **settings)
    quick = read_photo(path)
    monkeypatch.setattr(photo_reading, "_jpeg_decoder", lambda: None)
    np.testing.assert_array_equal(read_photo(path), quick)
    assert quick.flags.writeable


def test_what_simplejpeg_complains_of_is_decoded_by_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def complain(*arguments: object) -> None:
        calls.append(arguments)
        raise ValueError("premature end of JPEG file")

    path = tmp_path / "a.jpg"
    Pillow.fromarray(np.full((40, 30, 3), 128, dtype=np.uint8)).save(path)
    monkeypatch.setattr(photo_reading, "_jpeg_decoder", lambda: complain)
    assert read_photo(path).shape == (40, 30, 3)
    assert len(calls) == 1
