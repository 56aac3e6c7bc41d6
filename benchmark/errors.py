"""The exceptions of this project: each message says what was wrong, with which value, and how to fix it."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The run failed (exit status 1). Base of every error that this project raises on purpose."""


class RequestError(BenchmarkError):
    """The request was wrong (exit status 2): an unknown name, a missing folder, contradictory settings."""


class StorageError(BenchmarkError):
    """Something could not be written or read back: a full disk, an unwritable folder, a damaged artefact."""


class PluginError(BenchmarkError):
    """A plugin could not be loaded, or broke the contract of its kind."""


class MethodFailed(PluginError):
    """A method failed while a recogniser was running: the recogniser is not the cause."""


class PluginNotMade(PluginError):
    """The constructor of a method or recogniser raised: it loses its own cells, like one that breaks in a call."""


class PluginNotLoaded(PluginError, RequestError):
    """A plugin that was asked for cannot be imported: the request cannot be carried out (exit status 2)."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: end as after Ctrl-C, and take the worker processes along."""


class ImageRefused(BenchmarkError):
    """One image could not pass a step. Becomes a failed entry of the ledger; never ends a run.

    Attributes:
        reason: one line for the ledger, e.g. ``"no face found"``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
