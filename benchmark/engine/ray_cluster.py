"""Connects to a Ray cluster and refuses, in one line, what could not work there."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from benchmark.config import RunConfig
from benchmark.datasets.named_file import named_file
from benchmark.engine.limits import SECONDS_TO_ANSWER, SECONDS_TO_CHECK, SECONDS_TO_CONNECT
from benchmark.engine.ray_node import Surroundings, facts_of_node, software
from benchmark.errors import BenchmarkError, RequestError
from benchmark.machine.processor_time import available_cores
from benchmark.named_weights import named_weights
from benchmark.storage.atomic_files import storage_errors

log = logging.getLogger(__name__)

_TRY = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False, logging_level='ERROR'); ray.shutdown()"
_HELP = "start one with `ray start --head`, then `ray start --address HOST:6379` on the other machines"
_STORE_BYTES = 1 << 30
"""Of the object store that is started here: results wait in it until they are written, no more."""


@dataclass(frozen=True)
class Cluster:
    """A cluster whose machines can do the work of a run.

    Attributes:
        address: as asked for; empty = started by this process.
        nodes: machines that offer a core.
        cores: of all of them.
        gpus: of all of them.
        folder: the working folder of the run.
        on_gpu: whether networks run on GPUs.
    """

    address: str
    nodes: int
    cores: int
    gpus: int
    folder: str
    on_gpu: bool


def connect(config: RunConfig) -> Cluster:
    """The cluster at ``config.ray_address``, or one of this machine alone, which ends with this process.

    Raises:
        RequestError: no cluster, or a machine of it differs from this one or does not see the data.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report to its makers
    address = config.ray_address or ""
    if address:
        _answers(address)
        _initialise(address, address=address)
    else:
        _initialise(
            "",
            address="local",
            num_cpus=config.workers or available_cores(),
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
        )
    try:
        nodes = working_nodes()
        if not nodes:
            raise RequestError(f"--ray-address {address}: no machine of this cluster offers a core")
        resources: Counter[str] = Counter()
        for node in nodes:
            resources.update({name: int(node["Resources"].get(name, 0)) for name in ("CPU", "GPU")})
        on_gpu = config.device.startswith("cuda")
        if on_gpu and not resources["GPU"]:
            raise RequestError("--device cuda: no machine of the Ray cluster offers a GPU; use --device cpu")
        _check(nodes, config)
    except BaseException:
        ray.shutdown()
        raise
    return Cluster(address, len(nodes), resources["CPU"], resources["GPU"], str(Path.cwd()), on_gpu)


def working_nodes() -> list[Mapping[str, Any]]:
    """The machines that are alive and offer a core, as Ray describes them."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]


def _answers(address: str) -> None:
    """Refuse an address at which there is no cluster: Ray itself would wait for minutes, then end the process."""
    if address != "auto":
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise RequestError(f"--ray-address {address}: it must be HOST:PORT, ray://HOST:PORT, or auto")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_TO_ANSWER).close()
        except OSError as error:
            reason = error.strerror or str(error)
            raise RequestError(f"--ray-address {address}: nothing answers there ({reason}); {_HELP}") from error
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _TRY, address],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS_TO_CONNECT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RequestError(
            f"--ray-address {address}: no Ray cluster answers there within {SECONDS_TO_CONNECT:g} seconds; {_HELP}"
        ) from error
    if tried.returncode:
        raise RequestError(f"--ray-address {address}: {_reason(tried.stderr)}; {_HELP}")


def _initialise(asked: str, **settings: Any) -> None:
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **settings)
    except (OSError, RuntimeError, ValueError) as error:  # ConnectionError is an OSError
        where = f"--ray-address {asked}: " if asked else "Ray cannot be started here, use --engine local: "
        raise RequestError(where + _reason(str(error))) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own ends the program before it has tidied up


def _reason(text: str) -> str:
    """What Ray says last, as one line.

    >>> _reason("Traceback …\\n  File …\\nRuntimeError: Version mismatch: cluster\\n    Ray: 2.9\\n    Python: 3.10\\n")
    'Version mismatch: cluster Ray: 2.9 Python: 3.10'
    """
    lines = text.strip().splitlines()
    starts = [number for number, line in enumerate(lines) if line[:1].isalpha() and ("Error" in line.partition(":")[0])]
    said = " ".join(" ".join(lines[starts[-1] :]).split()) if starts else " ".join(lines[-1:])
    kind, _, message = said.partition(": ")
    return (message if "Error" in kind and message else said)[:400].rstrip(".") or "Ray gives no reason"


def _check(nodes: Sequence[Mapping[str, Any]], config: RunConfig) -> None:
    """Ask every machine for its software and for the paths that it will read."""
    token = config.cache.resolve() / f".seen-by-ray-{secrets.token_hex(8)}"
    content = secrets.token_hex(8)
    with storage_errors(token):
        token.parent.mkdir(parents=True, exist_ok=True)
        token.write_text(content, "utf-8")
    try:
        surroundings = Surroundings(str(Path.cwd()), _paths(config), (str(token), content))
        ask = ray.remote(num_cpus=0, max_retries=0)(facts_of_node)
        asked = {
            ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(
                surroundings
            ): str(node["NodeManagerAddress"])
            for node in nodes
        }
        answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=SECONDS_TO_CHECK)
        if silent:
            raise RequestError(
                f"the machine {asked[silent[0]]} of the Ray cluster does not answer within {SECONDS_TO_CHECK:g} seconds"
            )
        here = software()
        for reference in answered:
            _compare(asked[reference], _facts(asked[reference], reference), here)
    finally:
        with suppress(OSError):
            token.unlink()


def _facts(node: str, reference: Any) -> Mapping[str, Any]:
    try:
        facts: Mapping[str, Any] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise RequestError(
            f"the machine {node} of the Ray cluster cannot load unmask-benchmark ({_reason(str(error))}); install it "
            "there as it is here"
        ) from error
    except ray.exceptions.RayError as error:
        raise BenchmarkError(f"the machine {node} of the Ray cluster failed: {_reason(str(error))}") from error
    return facts


def _compare(node: str, facts: Mapping[str, Any], here: Mapping[str, str]) -> None:
    """Refuse a machine that would compute something else, or could not read what it needs.

    >>> _compare("n1", {"host": "n1", "software": {"torch": "2.6"}, "unseen": {}}, {"torch": "2.7"})
    Traceback (most recent call last):
    ...
    benchmark.errors.RequestError: the machine n1 of the Ray cluster has torch 2.6, this one has 2.7; install the same
    """
    where = f"the machine {node} of the Ray cluster"
    for name, expected in here.items():
        found = facts["software"].get(name, "not installed")
        if found != expected:
            raise RequestError(f"{where} has {name} {found}, this one has {expected}; install the same")
    for flag, path in facts["unseen"].items():
        raise RequestError(
            f"{where} does not see the folder or file of {flag}, {path}; mount it there at the same path"
        )


def _paths(config: RunConfig) -> dict[str, str]:
    """Flag → path that the machines read, absolute."""
    named: dict[str, Path | None] = {
        "--dataset": named_file(config.dataset),
        "--data-root": config.data_root,
        "--train-root": config.train_root,
    }
    weights = named_weights(config.weights, config.recognisers)
    for name, path in {**weights.recognisers, **weights.detectors, **weights.parts}.items():
        named[f"--weights {name}"] = path
    return {flag: str(path.resolve()) for flag, path in named.items() if path is not None}
