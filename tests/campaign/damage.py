"""What happens to stored files: a disk fails, a copy breaks off, somebody tidies up."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, random.Random], None]


def damage_one_file(folder: Path, choice: random.Random) -> str:
    """Damage one file below a folder, and say how. Other hard links to the file stay as they are."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".lock"))
    file, kind = choice.choice(files), choice.choice(list(DAMAGES))
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    DAMAGES[kind](file, choice)
    return f"{file.relative_to(folder)} {kind}"


def _flip(file: Path, choice: random.Random) -> None:
    content = bytearray(file.read_bytes() or b"\0")
    content[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
    file.write_bytes(content)


def _truncate(file: Path, choice: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: choice.randrange(max(1, len(content)))])


def _empty(file: Path, _: random.Random) -> None:
    file.write_bytes(b"")


def _lengthen(file: Path, choice: random.Random) -> None:
    file.write_bytes(file.read_bytes() + choice.randbytes(choice.choice((1, 4096))))


def _replace(file: Path, choice: random.Random) -> None:
    file.write_bytes(choice.randbytes(max(1, file.stat().st_size)))


def _reorder(file: Path, choice: random.Random) -> None:
    """As many bytes as before, two stretches of them exchanged."""
    content = file.read_bytes()
    middle = max(1, len(content) // 2)
    file.write_bytes(content[middle:] + b"\0" + content[: max(0, middle - 1)])


def _become_folder(file: Path, _: random.Random) -> None:
    file.unlink()
    file.mkdir()
    (file / "something").write_text("else", encoding="utf-8")


def _become_link(file: Path, _: random.Random) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def _lose_folder(file: Path, _: random.Random) -> None:
    for path in file.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


DAMAGES: dict[str, Damage] = {
    "with a bit flipped": _flip,
    "truncated": _truncate,
    "emptied": _empty,
    "deleted": lambda file, _: file.unlink(),
    "lengthened": _lengthen,
    "replaced by garbage": _replace,
    "reordered": _reorder,
    "replaced by a folder": _become_folder,
    "replaced by a broken link": _become_link,
    "with all files beside it deleted": _lose_folder,
}
