"""Work in processes: in order, with processes that die, that cannot be started, and that go with the main one."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from benchmark.parallel import map_in_processes

ROOT = Path(__file__).resolve().parents[1]


def script(folder: Path, body: str) -> list[str]:
    """A program whose functions its worker processes find again."""
    file = folder / "work.py"
    file.write_text(
        textwrap.dedent(
            """
            import os, signal, sys, time
            from pathlib import Path
            from benchmark.errors import BenchmarkError
            from benchmark.parallel import map_in_processes
            """
        )
        + textwrap.dedent(body)
    )
    return [sys.executable, str(file), str(folder)]


def start(folder: Path, body: str, **settings: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        script(folder, body), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings
    )


def test_results_come_in_order(tmp_path: Path) -> None:
    process = start(
        tmp_path,
        """
        def square(number):
            time.sleep(0.01 * (number % 3))
            return number * number
        if __name__ == "__main__":
            print(list(map_in_processes(square, iter(range(20)), workers=2, bar=None)))
        """,
    )
    assert process.communicate()[0].strip() == str([number * number for number in range(20)])


@pytest.mark.parametrize(
    ("death", "says"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "most likely because memory ran out: use fewer --workers (now 2)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended unexpectedly (signal SIGSEGV): try --workers 1"),
        ("os._exit(3)", "ended unexpectedly (exit status 3)"),
    ],
)
def test_a_worker_that_dies_is_one_line(death: str, says: str, tmp_path: Path) -> None:
    process = start(
        tmp_path,
        f"""
        def work(number):
            if number == 5:
                {death}
            return number
        if __name__ == "__main__":
            try:
                for number in map_in_processes(work, range(40), workers=2, bar=None):
                    pass
            except BenchmarkError as error:
                print(error)
        """,
    )
    out, err = process.communicate()
    assert says in out and out.count("\n") == 1, err
    assert "run the same command again to continue" in out


NO_PROCESSES = {
    "no semaphores": """
        import _multiprocessing, multiprocessing.synchronize
        class SemLock:
            SEM_VALUE_MAX = 2**31 - 1
            def __init__(self, *_, **__): raise OSError(38, "Function not implemented")
        _multiprocessing.SemLock = SemLock
        """,
    "no process": """
        import multiprocessing.popen_spawn_posix as popen
        def refuse(*_): raise OSError(11, "Resource temporarily unavailable")
        popen.Popen._launch = refuse
        """,
    "one process": """
        import multiprocessing.popen_spawn_posix as popen
        real, begun = popen.Popen._launch, []
        def refuse(*given):
            begun.append(1)
            if len(begun) > 1: raise OSError(12, "Cannot allocate memory")
            real(*given)
        popen.Popen._launch = refuse
        """,
}


@pytest.mark.parametrize("lack", NO_PROCESSES)
def test_where_no_processes_can_be_started_the_work_is_done_in_this_one(lack: str, tmp_path: Path) -> None:
    process = start(
        tmp_path,
        textwrap.dedent(NO_PROCESSES[lack])
        + textwrap.dedent(
            """
            def work(number):
                return number
            if __name__ == "__main__":
                print(list(map_in_processes(work, iter(range(20)), workers=2, bar=None)))
            """
        ),
    )
    out, err = process.communicate()
    assert out.strip() == str(list(range(20))), err
    assert err.count("working in one process, as with --workers 1") == 1


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(processes: list[int]) -> bool:
    for _ in range(300):
        time.sleep(0.1)
        if not any(map(is_running, processes)):
            return True
    return False


SLEEPERS = """
def work(number):
    os.write(1, f"{{os.getpid()}}\\n".encode())
    time.sleep(600)
if __name__ == "__main__":
    {heeding}
    list(map_in_processes(work, range(40), workers=2, bar=None))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_workers_go_with_the_main_process(number: signal.Signals, tmp_path: Path) -> None:
    # a test runner that was started with nohup hands on that SIGHUP is ignored
    default = "" if number == signal.SIGKILL else f"import signal; signal.signal({int(number)}, signal.SIG_DFL)"
    process = start(tmp_path, SLEEPERS.format(heeding=default))
    assert process.stdout is not None
    workers = [int(process.stdout.readline()) for _ in range(2)]
    assert all(map(is_running, workers))
    os.kill(process.pid, number)
    process.wait(timeout=60)
    assert gone(workers)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_sigterm_as_the_command_line_heeds_it_ends_at_once_and_takes_the_workers_along(tmp_path: Path) -> None:
    heeding = "from benchmark.cli import main; held = main._heeding_sigterm(); held.__enter__()"
    process = start(tmp_path, SLEEPERS.format(heeding=heeding))
    assert process.stdout is not None
    workers = [int(process.stdout.readline()) for _ in range(2)]
    process.terminate()
    process.wait(timeout=60)
    assert gone(workers)


def test_an_error_of_the_work_itself_is_passed_on() -> None:
    for workers in (1, 2):
        with pytest.raises(ZeroDivisionError):
            list(map_in_processes(partial(operator.truediv, 1), [1, 0], workers=workers, bar=None))


class _Unsendable:
    """Holds what no other process can have."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, number: int) -> tuple[int, int]:
        return number * number, os.getpid()


def test_what_cannot_be_sent_works_here_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert list(map_in_processes(_Unsendable(), [1, 2], workers=2, bar=None)) == [
            (1, os.getpid()),
            (4, os.getpid()),
        ]
    assert caplog.text.count("a plugin object cannot be sent to worker processes (TypeError: ") == 1
