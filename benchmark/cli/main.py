"""Reads the command line, calls one subcommand, and turns errors into one line and an exit status."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmark import __version__
from benchmark.cli.command_parser import CommandParser
from benchmark.cli.subcommands import CONTINUED, SUBCOMMANDS, subcommand, summary
from benchmark.cli.system_limits import explain
from benchmark.errors import BenchmarkError, RequestError, Terminated
from benchmark.held_signals import import_torch_whole

DONE, FAILED, WRONG_REQUEST, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None = those of the process.

    Returns:
        The exit status: 0 done, 1 the run failed, 2 the request was wrong, 130 stopped with Ctrl-C, 143 by SIGTERM.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        given.insert(0, "run")
    try:
        options = _parser(given[0]).parse_args(given)
        level = logging.INFO if options.verbose else logging.WARNING
        logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr, force=True)
        import_torch_whole()
        with _heeding_sigterm():
            status: int = subcommand(options.subcommand).execute(options)
            sys.stdout.flush()
    except SystemExit as stop:  # after --help and --version
        return stop.code if isinstance(stop.code, int) else WRONG_REQUEST
    except BenchmarkError as error:
        return _complain(error, WRONG_REQUEST if isinstance(error, RequestError) else FAILED)
    except KeyboardInterrupt as stop:
        kept = given[0] in CONTINUED
        print(
            "\nstopped; finished work is kept: run the same command again to continue" if kept else "\nstopped",
            file=sys.stderr,
        )
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except BrokenPipeError:  # e.g. `list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        reason = explain(error)
        if not reason:
            raise
        return _complain(reason, FAILED)
    return status


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """Make SIGTERM an exception in this block; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(error: object, status: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return status


def _parser(chosen: str | None = None) -> CommandParser:
    """The parser of the whole command line.

    Args:
        chosen: the only subcommand that gets its flags, since to ask all for theirs takes time; None = all get them.
    """
    parser = CommandParser(
        prog="run_benchmark.py",
        description="Measures how much identity-verification accuracy a face mask takes, and how much each unmasking "
        "method wins back.",
        epilog="Without a subcommand, `run` is assumed: run_benchmark.py --methods all",
    )
    parser.add_argument("--version", action="version", version=f"unmask-benchmark {__version__}")
    subparsers = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    for name in SUBCOMMANDS:
        subparser = subparsers.add_parser(name, help=summary(name))
        if chosen not in (None, name):
            continue
        module = subcommand(name)
        subparser.description = module.__doc__
        subparser.add_argument("-v", "--verbose", action="store_true", help="print more detail to stderr")
        module.add_arguments(subparser)
    return parser
