"""Reads CSV lists of photos, with errors that name the line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from benchmark.datasets.listed_paths import leads_out
from benchmark.errors import RequestError


def read_table(file: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a CSV file with a header; a byte-order mark, CRLF and blank lines do not matter.

    Column names are compared without case; values are stripped of surrounding blanks.

    Raises:
        RequestError: the file cannot be read, is empty or not UTF-8, lacks a column, or has a row of another length.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            _check_header(file, header, required)
            for fields in reader:
                if not any(field.strip() for field in fields):
                    continue
                if len(fields) != len(header):
                    raise RequestError(
                        f"{file}, line {reader.line_num}: {len(fields)} fields where the header names {len(header)}"
                    )
                yield reader.line_num, dict(zip(header, (field.strip() for field in fields), strict=True))
    except FileNotFoundError:
        raise RequestError(f"no {file.name} in {file.parent}; it is a CSV with columns {', '.join(required)}") from None
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise RequestError(f"{file} is not UTF-8 text; save it as UTF-8") from None
    except csv.Error as error:
        if "field limit" in str(error):
            raise RequestError(
                f"{file}, line {reader.line_num}: a field of more than {csv.field_size_limit():,} characters; close "
                "the quotation marks before it"
            ) from None
        raise RequestError(
            f"{file}, line {reader.line_num}: not CSV ({error}); quote values that hold commas"
        ) from None


_TRUTH = dict.fromkeys(("1", "true", "t", "yes", "y"), True) | dict.fromkeys(("0", "false", "f", "no", "n"), False)


def truth_in_row(file: Path, line: int, row: Mapping[str, str], column: str) -> bool:
    """The value of a column of ones and zeros (or true/false, yes/no, in any case).

    Raises:
        RequestError: it is something else.
    """
    found = _TRUTH.get(row[column].lower())
    if found is None:
        raise RequestError(
            f"{file}, line {line}: {column} is '{row[column]}'; it must be 1 or 0 (or true/false, yes/no)"
        )
    return found


def path_in_row(file: Path, line: int, row: Mapping[str, str], column: str) -> str:
    """The relative path in a column, in its shortest form: the photo's id and source.

    Raises:
        RequestError: it is empty, absolute or leads out of the folder.
    """
    text = row[column]
    if leads_out(text):
        raise RequestError(
            f"{file}, line {line}: {column} is '{text}'; it must be the path of a photo below {file.parent}"
        )
    return PurePosixPath(text).as_posix()


def _check_header(file: Path, header: Sequence[str], required: Sequence[str]) -> None:
    if not any(header):
        raise RequestError(f"{file} is empty; its first line must name the columns {', '.join(required)}")
    missing = [name for name in required if name not in header]
    if missing:
        raise RequestError(
            f"{file}, line 1: no column {', '.join(missing)}; the columns are {', '.join(header)}, separated by commas"
        )
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise RequestError(f"{file}, line 1: two columns are called '{twice[0]}'; rename one of them")
