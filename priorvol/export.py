"""Tables as CSV, Parquet and text, and tallies made elsewhere as tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from priorvol import bits, checks
from priorvol._kernels import rows as kernels
from priorvol.rows import Counts
from priorvol.store import write_atomically
from priorvol.table import FunctionTable
from priorvol.task import Task, check_task

CHUNK = 1 << 16
"""Rows written, and lines read, at a time."""

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".txt": "text"}

_COUNT = re.compile(r"[1-9][0-9]{0,18}")


def export_table(
    table: FunctionTable, path: str | Path, *, format: str | None = None, base: int = 2
) -> None:
    """Write a table to one file, the most frequent function first.

    Parameters
    ----------
    table : FunctionTable
    path : str or Path
        A file that is there is replaced once the new one is complete.
    format : "csv", "parquet" or "text", optional
        Default: by the suffix, .csv, .parquet or .txt.
    base : 2 or 16
        Functions as 0/1 strings or as ``0x`` (see `priorvol.bits`).

    Raises
    ------
    ValueError
        If the format or the base is unknown, or the file cannot be written.
    ImportError
        If pyarrow is missing for Parquet.

    Notes
    -----
    CSV and Parquet have the columns rank, function, count, p, low, high (the pointwise 95%
    Clopper-Pearson interval of p), t (the number of ones) and, for draws that come in groups,
    inflation (the variance over that of independent draws). Text has one line a function, the
    function and its count, which `read_counts` reads, as it reads the CSV.

    Examples
    --------
    >>> import tempfile
    >>> table = FunctionTable.from_counts(["0000", "0110"], [3, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_table(table, f"{folder}/table.txt")
    ...     print(Path(f"{folder}/table.txt").read_text(), end="")
    0000 3
    0110 1
    """
    if not isinstance(table, FunctionTable):
        raise ValueError(f"table must be a FunctionTable, got {type(table).__name__}")
    place = checks.path("path", path)
    if format is None:
        suffix = place.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(
                f"path must end in {', '.join(SUFFIXES)} (or give format=), got {str(path)!r}"
            )
        format = SUFFIXES[suffix]
    write = _WRITERS[checks.choice("format", format, _WRITERS)]
    if base not in (2, 16):
        raise ValueError(f"base must be 2 or 16, got {base!r}")
    if format == "parquet":
        _pyarrow()
    write_atomically(path, lambda temporary: write(table, temporary, base))


def read_counts(
    path: str | Path, *, task: Task | None = None, n_samples: int | None = None
) -> FunctionTable:
    r"""Read a tally of functions made elsewhere.

    Parameters
    ----------
    path : str or Path
        Text with a function and its count on each line, in either order, apart by blanks, tabs or
        commas; as ``sort | uniq -c`` and `export_table` write it. A first line with the names
        ``function`` and ``count`` (as in a CSV) says where they stand; other columns are then
        left alone. Empty lines and lines that start with ``#`` are skipped; double quotes around a
        field are taken off. A function that is listed twice has its counts added.
    task : Task, optional
        What the functions are of. Needed for functions written as ``0x``.
    n_samples : int, optional
        Number of draws, if functions were left out; default the sum of counts.

    Returns
    -------
    FunctionTable

    Raises
    ------
    ValueError
        If the file cannot be read, holds nothing, or a line is not one function of m inputs and
        one count of at least 1; the message gives the line's number.

    Notes
    -----
    Without names, the order is that of the first line that can be read in only one order. A
    function has at least two characters 0 and 1, as many as on the lines before (with a task: m
    characters, or ``0x`` and m bits); a count has 1 to 19 digits and no leading zero. If every
    line can be read in both orders, as ``11 10``, give the task or names.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/tally.txt").write_text("      3 0000\n      1 0110\n")
    ...     read_counts(f"{folder}/tally.txt").counts
    array([3, 1])
    """
    lines = _lines(path)
    layout, head = _find_layout(path, lines, None if task is None else check_task(task).m)
    chunks = list(_read_chunks(path, chain(head, lines), layout))
    return FunctionTable.from_counts(
        np.concatenate([words for words, _ in chunks]),
        np.concatenate([counts for _, counts in chunks]),
        m=layout.m,
        task=task,
        n_samples=n_samples,
        origin=Path(path).name,
    )


def _chunks(table: FunctionTable, base: int) -> Iterator[dict[str, Any]]:
    """Yield the columns, CHUNK ranks at a time."""
    order = table.order()
    words = table.n_words
    for start in range(0, len(order), CHUNK):
        places = order[start : start + CHUNK]
        rows = np.empty((len(places), table.rows.shape[1]), dtype=np.uint64)
        by_place = np.argsort(places)  # a table in a file is read in its order
        rows[by_place] = table.rows[places[by_place]]
        sums, which = np.unique(rows[:, words:].astype(np.int64), axis=0, return_inverse=True)
        found = table.proportions(*sums.T)
        ends = (found.low, found.high, found.inflation)
        low, high, inflation = (column[which.ravel()] for column in ends)
        counts = rows[:, words].astype(np.int64)
        functions = np.ascontiguousarray(rows[:, :words])
        t = np.empty(len(rows), dtype=np.int64)
        kernels.ones(functions, words, t)
        columns = {
            "rank": np.arange(start + 1, start + 1 + len(rows)),
            "function": bits.to_text(functions, table.m, base=base),
            "count": counts,
            "p": counts / table.n_samples,
            "low": low,
            "high": high,
            "t": t,
        }
        if table.output_draws > 1:
            columns["inflation"] = inflation
        yield columns


def _write_csv(table: FunctionTable, file: Path, base: int) -> None:
    with file.open("w", encoding="ascii", newline="\n") as stream:
        for number, columns in enumerate(_chunks(table, base)):
            if number == 0:
                stream.write(",".join(columns) + "\n")
            lists = [np.asarray(column).tolist() for column in columns.values()]
            stream.writelines(",".join(map(str, row)) + "\n" for row in zip(*lists, strict=True))


def _write_text(table: FunctionTable, file: Path, base: int) -> None:
    order = table.order()
    with file.open("w", encoding="ascii", newline="\n") as stream:
        for start in range(0, len(order), CHUNK):
            places = order[start : start + CHUNK]
            texts = bits.to_text(table.functions[places], table.m, base=base)
            counts = table.counts[places].tolist()
            stream.writelines(f"{f} {c}\n" for f, c in zip(texts, counts, strict=True))


def _write_parquet(table: FunctionTable, file: Path, base: int) -> None:
    arrow, parquet = _pyarrow()
    writer = None
    try:
        for columns in _chunks(table, base):
            chunk = arrow.table(columns)
            writer = writer or parquet.ParquetWriter(file, chunk.schema)
            writer.write_table(chunk)
    finally:
        if writer is not None:
            writer.close()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ImportError(
            'Parquet needs pyarrow, which is not installed: pip install "priorvol[parquet]"'
        ) from None
    return pyarrow, pyarrow.parquet


_WRITERS: dict[str, Callable[[FunctionTable, Path, int], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "text": _write_text,
}


@dataclass(frozen=True)
class _Layout:
    """Where functions and counts stand on a line, and the number of inputs."""

    function: int
    count: int
    n_fields: int
    m: int


_Line = tuple[int, list[str]]


def _lines(path: str | Path) -> Iterator[_Line]:
    """Yield the number and the fields of each line that holds any."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip() and not line.lstrip().startswith("#"):
                    fields = line.split(",") if "," in line else line.split()
                    yield number, [field.strip().strip('"') for field in fields]
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {path}: it is not a text file") from None


def _find_layout(
    path: str | Path, lines: Iterator[_Line], m: int | None
) -> tuple[_Layout, list[_Line]]:
    """Return the layout, by the rule that `read_counts` states, and the lines read for it."""
    first = next(lines, None)
    if first is None:
        raise ValueError(f"{path} holds no counts")
    names = first[1]
    if not {"function", "count"} <= set(names):
        return _guess_layout(path, chain([first], lines), m)
    line = next(lines, None)
    if line is None:
        raise ValueError(f"{path} holds no counts")
    _require_fields(path, line, len(names))
    place = names.index("function")
    return _Layout(place, names.index("count"), len(names), _width(path, line, place, m)), [line]


def _guess_layout(
    path: str | Path, lines: Iterator[_Line], m: int | None
) -> tuple[_Layout, list[_Line]]:
    widths = {(0, 1): m, (1, 0): m}
    head = []
    for line in lines:
        head.append(line)
        _require_fields(path, line, 2)
        fields = line[1]
        widths = {
            (function, count): _width(path, line, function, m)
            for (function, count), width in widths.items()
            if _COUNT.fullmatch(fields[count]) and _is_function(fields[function], width)
        }
        if not widths:
            raise ValueError(
                f"{path}, line {line[0]}: one function ({m or 'at least 2'} characters 0 and 1, as "
                "many as on the lines before) and one count (a whole number of at least 1) are "
                f"wanted, got {' '.join(fields)!r:.300}"
            )
        if len(widths) == 1:
            ((function, count),) = widths
            return _Layout(function, count, 2, _width(path, line, function, m)), head
    raise ValueError(
        f"{path}: either column may be the functions; give task=, or begin the file with the line "
        "'function count' or 'count function'"
    )


def _width(path: str | Path, line: _Line, place: int, m: int | None) -> int:
    number, fields = line
    if m is None and fields[place][:2].lower() == "0x":
        raise ValueError(
            f"{path}, line {number}: functions written as 0x need task=, got {fields[place]!r}"
        )
    return m or max(len(fields[place]), 1)


def _is_function(text: str, width: int | None) -> bool:
    if text[:2].lower() == "0x":
        return True
    return not text.strip("01") and (len(text) >= 2 if width is None else len(text) == width)


def _require_fields(path: str | Path, line: _Line, wanted: int) -> None:
    number, fields = line
    if len(fields) != wanted:
        raise ValueError(
            f"{path}, line {number}: {wanted} fields are wanted, got {len(fields)}: "
            f"{' '.join(fields)!r:.80}"
        )


def _read_chunks(
    path: str | Path, lines: Iterator[_Line], layout: _Layout
) -> Iterator[tuple[bits.Words, Counts]]:
    """Yield packed functions and counts, CHUNK lines at a time."""
    while chunk := list(islice(lines, CHUNK)):
        for line in chunk:
            _require_fields(path, line, layout.n_fields)
            count = line[1][layout.count]
            if not _COUNT.fullmatch(count) or int(count) >= 1 << 62:
                raise ValueError(
                    f"{path}, line {line[0]}: the count must be a whole number from 1 to 2^62 - 1, "
                    f"got {count!r}"
                )
        texts = [fields[layout.function] for _, fields in chunk]
        try:
            words, _ = bits.as_words(texts, layout.m)
        except ValueError:
            for (number, _), text in zip(chunk, texts, strict=True):
                _require_function(path, number, text, layout.m)
            raise
        yield words, np.array([int(fields[layout.count]) for _, fields in chunk], dtype=np.int64)


def _require_function(path: str | Path, number: int, text: str, m: int) -> None:
    try:
        bits.as_word(text, m)
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: {error}") from None
