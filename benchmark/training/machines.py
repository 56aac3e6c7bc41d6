"""The machines that share a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmark.errors import BenchmarkError, RequestError

SECONDS_TO_MEET = 600
"""A machine that does not come within this time is waited for no longer."""


@dataclass(frozen=True)
class Machines:
    """How many machines share a training, which of them this is, and where they meet.

    Attributes:
        count: of machines.
        number: of this one, from 0; number 0 keeps what was learned.
        address: HOST:PORT of number 0; empty where there is one machine.
    """

    count: int = 1
    number: int = 0
    address: str = ""

    @classmethod
    def asked_for(cls, count: int, number: int | None, address: str | None) -> Machines:
        """From ``--nodes``, ``--node`` and ``--meet``.

        Raises:
            RequestError: they do not belong together.

        >>> Machines.asked_for(2, 1, "10.0.0.7:29500")
        Machines(count=2, number=1, address='10.0.0.7:29500')
        """
        if count < 1:
            raise RequestError(f"--nodes {count}: there must be at least one machine")
        if count == 1:
            if number or address:
                raise RequestError("--node and --meet are for several machines: name their number with --nodes")
            return cls()
        if number is None or not 0 <= number < count:
            said = "is missing" if number is None else f"{number} is none of them"
            raise RequestError(f"--nodes {count}: --node {said}; number the machines from 0 to {count - 1}")
        host, _, port = (address or "").rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise RequestError(f"--nodes {count} needs --meet HOST:PORT, a free port of machine 0, the same for all")
        return cls(count, number, address or "")

    def processes(self, devices: int) -> int:
        """Of all machines, with `devices` on each."""
        return self.count * devices

    @contextmanager
    def meeting(self, folder: Path, *, device: int, devices: int) -> Iterator[dict[str, Any]]:
        """What `torch.distributed.init_process_group` needs to know of where the processes meet.

        Args:
            folder: of this machine's processes, which meet there if there is no other machine.
            device: the number of this process on its machine.
            devices: processes of each machine.

        Raises:
            BenchmarkError: the other machines did not come.
        """
        rank, size = self.number * devices + device, self.processes(devices)
        if self.count == 1:
            yield {"init_method": f"file://{folder}/meeting", "rank": rank, "world_size": size}
            return
        from torch.distributed import DistError, TCPStore  # type: ignore[attr-defined]  # noqa: PLC0415  # PyTorch

        host, _, port = self.address.rpartition(":")
        try:
            store = TCPStore(
                host.strip("[]"),
                int(port),
                size,
                is_master=rank == 0,
                timeout=timedelta(seconds=SECONDS_TO_MEET),
            )
        except (DistError, RuntimeError) as error:
            raise BenchmarkError(
                f"the {self.count} machines did not meet at {self.address} within {SECONDS_TO_MEET} seconds; start the "
                "same command on each, with its own --node. (Machine 0 does not come if the training is stored in its "
                "--cache; machines that share that folder see this)"
            ) from error
        yield {"store": store, "rank": rank, "world_size": size}
