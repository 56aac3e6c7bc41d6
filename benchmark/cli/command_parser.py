"""An `argparse` parser whose errors are one line and suggest the flag or subcommand that was probably meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from benchmark.errors import RequestError
from benchmark.suggestions import did_you_mean, nearest


class CommandParser(argparse.ArgumentParser):
    """Accepts only complete names of flags, so that a mistyped one is never taken for the beginning of another.

    Raises:
        RequestError: from `parse_args`, in place of a usage text and an exit.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **{"allow_abbrev": False, **settings})

    def parse_known_args(  # type: ignore[override]  # the overloads of the stubs say nothing more
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what is not known, in the subcommand's parser, which knows the flags.

        ``~`` in a path means the home folder: a shell leaves ``--out=~/runs`` as it is.
        """
        if self._subparsers is None:
            self._refuse_unknown_flags(args or ())  # before argparse misses the required one that was mistyped
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unexpected argument '{unknown[0]}'; put values that contain spaces in quotes, and see --help")
        for name, value in vars(found).items():
            if isinstance(value, Path):
                setattr(found, name, self._expanded(value))
        return found, unknown

    def _refuse_unknown_flags(self, given: Sequence[str]) -> None:
        known = [name for name in self._option_string_actions if name.startswith("--")]
        for text in given:
            if text == "--":
                return
            flag = text.partition("=")[0]
            if flag.startswith("--") and flag not in known:
                close = nearest(flag, known, likeness=0.6)
                hint = f"did you mean '{close}'?" if close else f"see `{self.prog} --help`"
                self.error(f"unknown flag '{flag}'; {hint}")

    def _expanded(self, path: Path) -> Path:
        try:
            return path.expanduser()
        except RuntimeError:
            self.error(f"{path}: there is no user {path.parts[0]} on this machine; write the full path")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Suggest the nearest of the choices."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            raise argparse.ArgumentError(
                None, f"unknown subcommand '{value}'; {did_you_mean(str(value), list(action.choices))}"
            )
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(action, f"unknown value '{value}'; {did_you_mean(str(value), known)}")

    def error(self, message: str) -> NoReturn:
        """Say it in one line; the usage text is what ``--help`` prints."""
        message = re.sub(r"^argument (\S+?)(?:/\S+)?: ", r"\1: ", message)
        raise RequestError(" ".join(message.split()))
