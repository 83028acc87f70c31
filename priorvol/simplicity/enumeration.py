"""Functions of low complexity, written down rather than sampled.

A measure says which families of functions are listed for it, and up to which value the list then
holds every function there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from priorvol import bits, checks, complexity, symmetry
from priorvol.bits import Words

LARGEST_N = 7
"""Largest cube whose simple functions are listed."""

EVERY = 4
"""Cubes of up to so many inputs: every function is listed."""


@dataclass(frozen=True)
class SimpleFunctions:
    """Functions listed for a measure.

    Attributes
    ----------
    functions : (k, words) uint64 array
        Distinct. For a measure that permutations of the inputs leave unchanged there is one
        function for each orbit under permutations, its smallest word.
    n : int
    measure : str
    complete_up_to : float or None
        The list holds every function (or its orbit's) of this complexity or less; infinity if it
        holds them all, None if nothing is known.
    families : tuple of str
        What was listed.
    """

    functions: Words
    n: int
    measure: str
    complete_up_to: float | None
    families: tuple[str, ...]


def simple_functions(measure: str, n: int) -> SimpleFunctions:
    """List functions of low complexity on {0,1}^n.

    Up to n = 4 these are all functions. Above, they are the functions with at most two ones or two
    zeros, single products and single sums of literals, the affine functions, sums mod 2 of at most
    two monomials, functions of few of the inputs (of four if permutations of the inputs leave the
    measure unchanged, else of three) and the atlas (`priorvol.atlas`); for measures of words
    also every word whose 1976 history, or whose reverse's, has at most three words.

    Parameters
    ----------
    measure : str
        Name of a complexity measure.
    n : int
        1 to 7.

    Returns
    -------
    SimpleFunctions

    Raises
    ------
    ValueError
        If the measure is unknown or not defined on {0,1}^n, or n is out of range.

    Notes
    -----
    Above n = 4 the list is complete where a low complexity leaves few functions:

    - it bounds the number of inputs that matter. r gates join at most r + 1 inputs, a decision tree
      of depth d or a BDD of d nodes reads at most 2^d - 1 or d, and a function of degree d depends
      on at most d 2^(d - 1) (Nisan and Szegedy, Comput. Complexity 4 (1994) 301);
    - it bounds the number of ones or of zeros. Between two sets of three points or more that make
      up the cube there are at least 3 n - 4 edges (Harper, J. SIAM 12 (1964) 131), with at least
      3 n - 2 points at their ends (Harper, J. Comb. Theory 1 (1966) 385). Disagreement at distances
      1 and 2 together is then above 8/2^n: by the spectral gap for sets of five or more, by
      counting pairs for three and four;
    - or it is the least that such functions take: only the constants and the parities agree at
      distance 2, and only parities and their complements have spectral norm 1, as any other
      function is an AND on some plane of four points, where its norm is 2.

    Examples
    --------
    >>> simple_functions("sensitivity", 3).complete_up_to
    inf
    >>> simple_functions("k_lz", 7).complete_up_to
    24.5
    """
    known = complexity.measure(measure)
    n = checks.integer("n", n, low=1, high=LARGEST_N)
    m = 1 << n
    if known.largest_n is not None and n > known.largest_n:
        raise ValueError(f"{measure} is computed for n at most {known.largest_n}, got n = {n}")
    by_orbit = "permutation" in known.symmetries
    if n <= EVERY:
        families = {"every function": np.arange(1 << m, dtype=np.uint64)[:, None]}
        complete: float | None = np.inf
    else:
        families = _families(n, by_orbit)
        if measure in _OF_WORDS:
            families["histories of at most three words"] = _short_histories(m)
        complete = _complete_up_to(measure, n, 4)
    listed = np.concatenate(list(families.values()))
    if by_orbit:
        listed = symmetry.canonical(listed, ("permutation",), m=m)
    return SimpleFunctions(np.unique(listed, axis=0), n, measure, complete, tuple(families))


def _families(n: int, by_orbit: bool) -> dict[str, Words]:
    from priorvol import atlas

    m = 1 << n
    few = 4 if by_orbit else 3
    monomials = [_monomial(subset, n) for subset in range(m)]
    odd = np.array([point.bit_count() % 2 for point in range(m)], dtype=bool)
    parities = [odd[np.arange(m) & subset] for subset in range(m)]
    two = [a ^ b for a, b in combinations(monomials, 2)]
    points = np.eye(m, dtype=bool)
    pairs = [points[a] | points[b] for a, b in combinations(range(m), 2)]
    subcubes = bits.pack(_subcubes(n))
    families = {
        "at most two ones": bits.pack([np.zeros(m, bool), *points, *pairs]),
        "products": subcubes,
        "affine functions": bits.pack(parities),
        "at most two monomials": bits.pack([*monomials, *two]),
        f"functions of {few} inputs": _juntas(n, few, by_orbit),
        "atlas": bits.as_words([entry.text for entry in atlas.entries(n)])[0],
    }
    full = bits.pack(np.ones((1, m), dtype=bool))
    for name, opposite in (
        ("at most two ones", "at most two zeros"),
        ("products", "sums"),
        ("affine functions", "affine functions"),
    ):
        both = (families[name], families[name] ^ full)
        families[opposite] = np.concatenate(both) if name == opposite else both[1]
    return families


def _monomial(subset: int, n: int) -> npt.NDArray[np.bool_]:
    monomial: npt.NDArray[np.bool_] = (np.arange(1 << n) & subset) == subset
    return monomial


def _subcubes(n: int) -> npt.NDArray[np.bool_]:
    """Return the indicators of all 3^n subcubes of {0,1}^n."""
    sides = np.array([[True, True], [True, False], [False, True]])
    found = np.ones((1, 1), dtype=bool)
    for _ in range(n):
        found = (found[:, None, :, None] & sides[None, :, None, :]).reshape(
            3 * len(found), 2 * found.shape[1]
        )
    return found


def _juntas(n: int, few: int, by_orbit: bool) -> Words:
    """Return all functions of ``few`` of n inputs; up to permutations only if ``by_orbit``."""
    every = np.arange(1 << (1 << few), dtype=np.uint64)[:, None]
    if by_orbit:
        every = np.unique(symmetry.canonical(every, ("permutation",), m=1 << few), axis=0)
    small = bits.unpack(every, 1 << few)
    points = np.arange(1 << n)
    chosen = [tuple(range(few))] if by_orbit else list(combinations(range(n), few))
    parts = []
    for places in chosen:
        seen = sum(((points >> place) & 1) << i for i, place in enumerate(places))
        parts.append(bits.pack(small[:, seen]))
    return np.concatenate(parts)


def _short_histories(m: int) -> Words:
    from priorvol._kernels.enumeration import words_of_few
    from priorvol._kernels.lempel_ziv import reverse_bits

    most = _HISTORY
    out = np.empty((words_of_few(m, most, np.empty((0, 2), np.uint64)), 2), np.uint64)
    words_of_few(m, most, out)
    words = np.ascontiguousarray(out[:, : bits.n_words(m)])
    columns = np.array(words.T, order="C")
    reverse_bits(columns, m)
    return np.concatenate([words, columns.T])


_OF_WORDS = ("k_lz", "lz76_words", "lz78_phrases", "block_decomposition")
_HISTORY = 3


def _complete_up_to(measure: str, n: int, few: int) -> float | None:
    """Return the complexity up to which the families hold every function, those of few inputs."""
    m = 1 << n
    edges = 3 * n - 5  # fewer than any set of 3 to m - 3 points has
    few_ones = -(2 / m) * np.log2(2 / m) - (1 - 2 / m) * np.log2(1 - 2 / m)
    values = {
        "k_lz": n / 2 * (2 * _HISTORY + 1),
        "lz76_words": _HISTORY,
        "entropy": few_ones,
        "majority_error": 2 / m,
        "sop_terms": 1,
        "pos_clauses": 1,
        "sop_literals": few,
        "pos_literals": few,
        "expression_length": few - 1,
        "disagreement_1": 2 * edges / (m * n),
        "disagreement_2": 0,
        "generalization_complexity": 8 / m,
        "average_sensitivity": 2 * edges / m,
        "mean_frequency": 2 * edges / m,
        "critical_sample_ratio": (3 * n - 3) / m,
        "sensitivity": 1,
        "block_sensitivity": 1,
        "certificate_complexity": 1,
        "fourier_degree": max(d for d in range(few) if d * 2**d <= 2 * few),
        "spectral_norm": 1,
        "mean_frequency_l1": 0,
        "high_degree_weight": 0,
        "anf_degree": 1,
        "anf_terms": 2,
        "decision_tree_depth": (few + 1).bit_length() - 1,
        "bdd_size": few,
        "circuit_size": few - 1,
    }
    return float(values[measure]) if measure in values else None
