"""Tables of text for people to read."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def align(rows: Sequence[Sequence[str]], *, left: Collection[int] = ()) -> list[str]:
    """Return a line a row, its cells under each other, to the right but for some columns.

    Parameters
    ----------
    rows : sequence of sequences of str
        All of one length.
    left : collection of int
        Columns whose cells stand to the left.

    Examples
    --------
    >>> align([["name", "n"], ["parity", "3"]], left=[0])
    ['name    n', 'parity  3']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def shorten(text: str, longest: int) -> str:
    """Cut the middle out of a text of more than ``longest`` characters.

    Examples
    --------
    >>> shorten("0" * 200, 100) == "0" * 60 + "..." + "0" * 20
    True
    """
    return text if len(text) <= longest else f"{text[:60]}...{text[-20:]}"
