"""Words that are the beginning of a known sequence, read along i, and intervals of i."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isqrt

from priorvol.atlas.entry import Bits, Definition

_LENGTH = 128


@cache
def _fibonacci_word() -> str:
    before, word = "0", "01"
    while len(word) < _LENGTH:
        before, word = word, word + before
    return word


@cache
def _kolakoski() -> str:
    runs = [1, 2, 2]
    place = 2
    while len(runs) < _LENGTH:
        runs += [3 - runs[-1]] * runs[place]
        place += 1
    return "".join(str(run - 1) for run in runs)


@cache
def _champernowne() -> str:
    return "".join(f"{i:b}" for i in range(_LENGTH))


@cache
def _pi() -> str:
    """Return binary digits of pi after the point, from Machin's formula with 64 digits to spare."""
    one = 1 << (_LENGTH + 64)

    def arccot(k: int) -> int:
        total, term, place = 0, one // k, 1
        while term:
            total += term // place if place % 4 == 1 else -(term // place)
            term //= k * k
            place += 2
        return total

    pi = 4 * (4 * arccot(5) - arccot(239)) >> 64
    return f"{pi:b}"[2:]


@cache
def _root_2() -> str:
    return f"{isqrt(2 << (2 * _LENGTH)):b}"[1:]


@cache
def _de_bruijn(n: int) -> str:
    """Return the Lyndon words whose length divides n, in lexicographic order, joined."""
    words = []
    word = [0]
    while word:
        if n % len(word) == 0:
            words += word
        word = (word * n)[:n]
        while word and word[-1] == 1:
            word.pop()
        if word:
            word[-1] = 1
    return "".join(map(str, words))


@cache
def _rule_30_column() -> str:
    cells, column = 1 << _LENGTH, ""
    for _ in range(_LENGTH):
        column += str(cells >> _LENGTH & 1)
        cells = (cells >> 1) ^ (cells | (cells << 1))
    return column


def _paper_folding(i: int) -> bool:
    odd = (i + 1) // ((i + 1) & -(i + 1))
    return odd % 4 == 3


def _read(sequence: Callable[[], str]) -> Callable[[Bits, int], object]:
    return lambda x, i: sequence()[i] == "1"


DEFINITIONS = (
    Definition("initial_3", "i < 3", lambda x, i: i < 3),
    Definition("initial_5", "i < 5", lambda x, i: i < 5),
    Definition(
        "middle_third",
        "m/3 <= i < 2m/3",
        lambda x, i: 1 << len(x) <= 3 * i < 2 << len(x),
    ),
    Definition(
        "fibonacci_word",
        "character i, counted from 0, of the fixed point of 0 -> 01, 1 -> 0 is 1",
        _read(_fibonacci_word),
    ),
    Definition(
        "period_doubling",
        "the largest power of two that divides i+1 is 2, 8, 32, ...",
        lambda x, i: ((i + 1) & -(i + 1)).bit_length() % 2 == 0,
    ),
    Definition(
        "paper_folding",
        "i+1 divided by its largest power of two is 3 modulo 4",
        lambda x, i: _paper_folding(i),
    ),
    Definition(
        "kolakoski",
        "character i, counted from 0, of the word 1 2 2 1 1 2 1 2 2 ... of 1 and 2 that lists the "
        "lengths of its own runs is 2",
        _read(_kolakoski),
    ),
    Definition(
        "champernowne",
        "character i, counted from 0, of 0 1 10 11 100 101 ... is 1",
        _read(_champernowne),
    ),
    Definition("pi_digits", "the binary digit of pi of weight 2^-(i+1) is 1", _read(_pi)),
    Definition(
        "root_2_digits",
        "the binary digit of the square root of 2 of weight 2^-(i+1) is 1",
        _read(_root_2),
    ),
    Definition(
        "de_bruijn",
        "character i, counted from 0, of the Lyndon words whose length divides n, in lexicographic "
        "order one after another, is 1: the first de Bruijn word",
        lambda x, i: _de_bruijn(len(x))[i] == "1",
    ),
    Definition(
        "rule_30_column",
        "cellular automaton 30, started from a single 1, has a 1 there after i steps",
        _read(_rule_30_column),
    ),
)
