"""System limits that a run can reach anywhere: too few files or threads, too little memory. One line for each."""

from __future__ import annotations

import errno

_ADVICE = {
    errno.EMFILE: "the system allows no more open files: raise the limit (ulimit -n), or use --workers 1",
    errno.ENFILE: "the system allows no more open files: close other programs, or use --workers 1",
    errno.ENOMEM: "memory ran out: use --workers 1, a smaller --size or a smaller --limit",
    errno.EFBIG: "a file would be larger than this process may write: raise the limit (ulimit -f), or choose a folder "
    "on another file system with --cache and --out",
    errno.ENOSPC: "the disk is full: free some space or choose another folder with --cache and --out",
    errno.EDQUOT: "the disk quota is used up: free some space or choose another folder with --cache and --out",
}
_THREADS = "the system allows no more threads: raise the limits (ulimit -u, ulimit -v), or use --workers 1"
_SAID_OF_MEMORY = ("can't allocate memory", "not enough memory", "failed to map segment")
"""By PyTorch, and by the loader of libraries."""


def explain(error: BaseException) -> str:
    """What the system refused and what to do; empty for any other error."""
    text = str(error)
    advice = ""
    if isinstance(error, OSError):
        advice = _ADVICE.get(error.errno or 0, "")
    if isinstance(error, MemoryError) or any(said in text.lower() for said in _SAID_OF_MEMORY):
        advice = _ADVICE[errno.ENOMEM]
    if isinstance(error, RuntimeError) and "start new thread" in text:
        advice = _THREADS
    if not advice:
        return ""
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return f"{advice}{where}; finished work is kept: run the same command again to continue"
