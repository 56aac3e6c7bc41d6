"""The Ray engine by itself: order, failures of tasks, workers that die, and what is sent."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import RunConfig
from benchmark.errors import BenchmarkError, ImageRefused, PluginError
from benchmark.progress import Progress

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def engine(head: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from ray import cloudpickle

    from benchmark.engine.choose import engine_of

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # nodes cannot import a test
    made = engine_of(
        RunConfig(engine="ray", ray_address=head.address, cache=tmp_path_factory.mktemp("cache"), device="cpu")
    )
    yield made
    made.close()


def _square(number: int) -> int:
    return number * number


def _process(_: int) -> int:
    return os.getpid()


def _kill_oneself(number: int, *, marker: Path, always: bool) -> int:
    if number == 3 and (always or not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def _fail(number: int) -> int:
    if number == 2:
        raise ImageRefused("no face found")
    if number == 5:
        raise ValueError("a fault\nof two lines")
    if number == 7:
        raise MemoryError
    return number


def _row(rows: list[int], commit: Any, *, values: np.ndarray) -> None:
    for row in rows:
        commit(row, {"twice": values[row] * 2}, {"row": row})


def test_results_come_in_order_and_advance_the_bar(engine: Any) -> None:
    with Progress(quiet=True).bar("square", total=200) as bar:
        assert list(engine.map(_square, iter(range(200)), workers=2, bar=bar)) == [n * n for n in range(200)]
    assert list(engine.map(_square, iter(()), workers=2, bar=None)) == []


def test_work_does_not_happen_in_this_process(engine: Any) -> None:
    assert os.getpid() not in set(engine.map(_process, iter(range(5)), workers=2, bar=None))


def test_rows_are_committed_here_in_order(engine: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "values.npy", np.arange(1000.0))
    values = np.load(tmp_path / "values.npy", mmap_mode="r")
    committed: list[tuple[int, float, int]] = []
    groups = [list(range(start, start + 64)) for start in range(0, 640, 64)]
    made = engine.make_rows(
        partial(_row, values=values),
        groups,
        lambda row, given, record: committed.append((row, float(given["twice"]), record["row"])),
    )
    assert list(made) == [64] * 10
    assert committed == [(row, row * 2.0, row) for row in range(640)]


@pytest.mark.parametrize(
    ("number", "error", "said"),
    [
        (2, ImageRefused, "no face found"),
        (5, BenchmarkError, "failed: ValueError: a fault of two lines"),
        (7, BenchmarkError, "has not enough memory"),
    ],
)
def test_what_a_task_raises_is_raised_here(engine: Any, number: int, error: type, said: str) -> None:
    with pytest.raises(error) as raised:
        list(engine.map(_fail, iter([0, number]), workers=2, bar=None))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_plugins_error_stays_one(engine: Any) -> None:
    def broken(_: int) -> int:
        raise PluginError("method 'x' fails")

    with pytest.raises(PluginError, match="method 'x' fails"):
        list(engine.map(broken, iter(range(3)), workers=2, bar=None))


def test_a_worker_that_dies_costs_only_its_task(engine: Any, tmp_path: Path) -> None:
    work = partial(_kill_oneself, marker=tmp_path / "died", always=False)
    before = engine.facts()["repeated_tasks"]
    assert list(engine.map(work, iter(range(8)), workers=2, bar=None)) == list(range(8))
    assert (tmp_path / "died").exists()
    assert engine.facts()["repeated_tasks"] > before


def test_work_that_always_kills_its_worker_ends_in_one_line(engine: Any, tmp_path: Path) -> None:
    work = partial(_kill_oneself, marker=tmp_path / "died", always=True)
    with pytest.raises(BenchmarkError, match="4 times at the same work") as raised:
        list(engine.map(work, iter(range(8)), workers=2, bar=None))
    assert "\n" not in str(raised.value)
    assert list(engine.map(_square, iter(range(3)), workers=2, bar=None)) == [0, 1, 4], "the cluster is still there"


def test_what_cannot_be_sent_is_done_here(engine: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (tmp_path / "open").open("w") as stream:
        found = list(engine.map(lambda number: (number, stream.closed), iter(range(3)), workers=2, bar=None))
    assert found == [(0, False), (1, False), (2, False)]
    assert "cannot be sent to worker processes" in caplog.text


def test_a_plugin_file_runs_as_it_was_read_here(engine: Any, tmp_path: Path) -> None:
    from benchmark.plugin_code.importer import load_file

    (tmp_path / "beside.py").write_text("factor = 3\n", "utf-8")
    file = tmp_path / "times.py"
    file.write_text("from beside import factor\n\ndef times(number):\n    return factor * number\n", "utf-8")
    times = load_file(file).times
    file.write_text("def times(number):\n    return 0\n", "utf-8")
    assert list(engine.map(times, iter(range(4)), workers=2, bar=None)) == [0, 3, 6, 9]


class TestSentArrays:
    """Stored arrays are sent by the name of their file."""

    def test_a_stored_array_is_opened_again(self, installed_ray: Any, tmp_path: Path) -> None:
        from benchmark.engine.sent_work import packed, unpacked

        np.save(tmp_path / "a.npy", np.arange(3_000_000, dtype=np.float32).reshape(1000, 3000))
        stored = np.load(tmp_path / "a.npy", mmap_mode="r")
        nothing = len(packed(None))  # files of plugins that other tests have read travel along
        for array in (stored, stored[10:20], np.asarray(stored[5])):
            content = packed(array)
            assert len(content) - nothing < 2_000
            again = unpacked(content)
            np.testing.assert_array_equal(again, array)
            assert not again.flags.writeable

    def test_others_travel_whole(self, installed_ray: Any, tmp_path: Path) -> None:
        from benchmark.engine.sent_work import packed, unpacked

        np.save(tmp_path / "a.npy", np.arange(12.0).reshape(3, 4))
        stored = np.load(tmp_path / "a.npy", mmap_mode="r")
        for array in (stored[:, 1], stored[[2, 0]], np.asarray(stored) + 1, np.zeros((0, 4))):
            np.testing.assert_array_equal(unpacked(packed(array)), array)

    def test_a_map_that_was_written_to_travels_whole(self, installed_ray: Any, tmp_path: Path) -> None:
        from benchmark.engine.sent_work import packed, unpacked

        np.save(tmp_path / "a.npy", np.zeros(4))
        changed = np.load(tmp_path / "a.npy", mmap_mode="c")
        changed[0] = 7
        np.testing.assert_array_equal(unpacked(packed(changed)), [7, 0, 0, 0])
