"""Textbook complexities of constants, literals, parities and thresholds, as formulas in n.

Each family yields the name of a function of the atlas and some values by the name of the measure.
"""

from math import comb, log2

import numpy as np

from priorvol import atlas

CONSTANT_FREE = (
    "entropy",
    "majority_error",
    "expression_length",
    "disagreement_1",
    "disagreement_2",
    "generalization_complexity",
    "average_sensitivity",
    "sensitivity",
    "block_sensitivity",
    "certificate_complexity",
    "critical_sample_ratio",
    "fourier_degree",
    "mean_frequency",
    "mean_frequency_l1",
    "high_degree_weight",
    "anf_degree",
    "not_separable",
    "decision_tree_depth",
    "bdd_size",
    "circuit_size",
)
"""Measures that are 0 for both constants."""


def binary_entropy(p):
    return -p * log2(p) - (1 - p) * log2(1 - p)


def same_depth(value):
    """Return the query complexities where all of them are one number."""
    names = ("sensitivity", "block_sensitivity", "certificate_complexity", "decision_tree_depth")
    return dict.fromkeys(names, value)


def influence(n, total):
    """Return what average sensitivity alone says."""
    return {
        "average_sensitivity": total,
        "mean_frequency": total,
        "disagreement_1": total / n,
    }


def constants(n):
    free = dict.fromkeys(CONSTANT_FREE, 0)
    # one coefficient, of the empty parity; 1 is the empty product and 0 the empty clause
    free |= {"spectral_norm": 1, "k_lz": n, "lz76_words": 2, "sop_literals": 0, "pos_literals": 0}
    yield "zero", {**free, "anf_terms": 0, "sop_terms": 0, "pos_clauses": 1}
    yield "one", {**free, "anf_terms": 1, "sop_terms": 1, "pos_clauses": 0}


def literals(n):
    one = {
        **same_depth(1),
        **influence(n, 1),
        "entropy": 1,
        "majority_error": 0.5,
        "sop_terms": 1,
        "sop_literals": 1,
        "pos_clauses": 1,
        "pos_literals": 1,
        # n - 1 of the C(n, 2) pairs of coordinates hold this one
        "disagreement_2": (n - 1) / comb(n, 2),
        "generalization_complexity": 3 / n,
        "critical_sample_ratio": 1,
        "fourier_degree": 1,
        "spectral_norm": 1,
        "mean_frequency_l1": 1,
        "high_degree_weight": 0,
        "anf_degree": 1,
        "not_separable": 0,
        "bdd_size": 1,
        "circuit_size": 0,
    }
    plain = {**one, "anf_terms": 1, "expression_length": 0}
    negated = {**one, "anf_terms": 2, "expression_length": 1}
    # 0 0..0 1 1..1 has three words either way, as 0 1 0101.. has
    yield "first", {**plain, "lz76_words": 3, "k_lz": 3 * n}
    yield "last", {**plain, "lz76_words": 3, "k_lz": 3 * n}
    yield "not_first", {**negated, "lz76_words": 3, "k_lz": 3 * n}
    yield "not_last", {**negated, "lz76_words": 3, "k_lz": 3 * n}


def points(n):
    """AND, OR and their negations, and other functions with one point apart."""
    m = 2**n
    apart = {
        **same_depth(n),
        **influence(n, 2 * n / m),
        "entropy": binary_entropy(1 / m),
        "majority_error": 1 / m,
        "disagreement_2": 2 / m,
        "generalization_complexity": 4 / m,
        "critical_sample_ratio": (n + 1) / m,
        "fourier_degree": n,
        # coefficients 1 - 2/m, and 2/m for the other m - 1 parities
        "spectral_norm": 3 - 4 / m,
        "mean_frequency_l1": n / (3 - 4 / m),
        "high_degree_weight": 4 * (m - 1 - n) / m**2,
        "anf_degree": n,
        "not_separable": 0,
        "bdd_size": n,
        "circuit_size": n - 1,
    }
    term = {"sop_terms": 1, "sop_literals": n, "pos_clauses": n, "pos_literals": n}
    clause = {"sop_terms": n, "sop_literals": n, "pos_clauses": 1, "pos_literals": n}
    yield "and_all", {**apart, **term, "expression_length": n - 1, "anf_terms": 1, "lz76_words": 2}
    yield "nor_all", {**apart, **term, "expression_length": 2 * n - 1, "anf_terms": m}
    yield "or_all", {**apart, **clause, "expression_length": n - 1, "anf_terms": m - 1}
    yield "nand_all", {**apart, **clause, "expression_length": 2 * n - 1, "anf_terms": 2}
    # x1 and the negations of the others: 2^(n-1) products with x1 in them
    point = {**apart, **term, "expression_length": 2 * (n - 1), "anf_terms": m / 2}
    yield "middle_point", point
    # 0^(m-1) 1 has two words and its reverse three
    yield "and_all", {"k_lz": 5 * n / 2}
    yield "nor_all", {"k_lz": 5 * n / 2}


def parities(n):
    m = 2**n
    odd = {
        **same_depth(n),
        **influence(n, n),
        "entropy": 1,
        "majority_error": 0.5,
        "sop_terms": m / 2,
        "sop_literals": n * m / 2,
        "pos_clauses": m / 2,
        "pos_literals": n * m / 2,
        "disagreement_2": 0,
        "generalization_complexity": 1,
        "critical_sample_ratio": 1,
        "fourier_degree": n,
        "spectral_norm": 1,
        "mean_frequency_l1": n,
        "high_degree_weight": 1,
        "anf_degree": 1,
        "not_separable": 1,
        "bdd_size": 2 * n - 1,
        "circuit_size": n - 1,
    }
    # half of the n m/2 literals of either form are negated, up to the parity of n
    terms = [t for t in range(n + 1) if t % 2]
    negated = sum(comb(n, t) * (n - t) for t in terms)
    others = sum(comb(n, t) * t for t in range(n + 1) if t % 2 == 0)  # in the clauses
    yield (
        "parity",
        {
            **odd,
            "anf_terms": n,
            "expression_length": n * m // 2 - 1 + min(negated, others),
        },
    )
    yield "not_parity", {**odd, "anf_terms": n + 1}
    # x1 AND a parity of n - 1: four coefficients of 1/2
    yield (
        "parity_and_first",
        {
            **influence(n, n / 2),
            "entropy": binary_entropy(0.25),
            "sop_terms": m / 4,
            "sop_literals": n * m / 4,
            "spectral_norm": 2,
            "high_degree_weight": 0.5,
            "anf_degree": 2,
            "anf_terms": n - 1,
            "fourier_degree": n,
            "sensitivity": n,
            "decision_tree_depth": n,
            "bdd_size": 2 * n - 2,
            "circuit_size": n - 1,
            "not_separable": 1,
        },
    )
    two = {
        **same_depth(2),
        **influence(n, 2),
        "sop_terms": 2,
        "sop_literals": 4,
        "pos_clauses": 2,
        "pos_literals": 4,
        "expression_length": 5,
        "spectral_norm": 1,
        "anf_degree": 1,
        "anf_terms": 2,
        "bdd_size": 3,
        "circuit_size": 1,
        "not_separable": 1,
    }
    yield "parity_2", two
    yield "parity_last_2", two
    if n > 3:
        yield "parity_but_last", {**same_depth(n - 1), "circuit_size": n - 2, "anf_terms": n - 1}


def majorities(n):
    if n % 2 == 0:
        return
    half = (n + 1) // 2
    terms = comb(n, half)
    sizes = range(1, n + 1, 2)
    # O'Donnell, Analysis of Boolean Functions, theorem 5.19: coefficients at |S| = s, s odd
    first = comb(n - 1, half - 1) / 2 ** (n - 1)
    at = [first * comb(half - 1, (s - 1) // 2) / comb(n - 1, s - 1) for s in sizes]
    norms = [comb(n, s) * c for s, c in zip(sizes, at, strict=True)]
    values = {
        **influence(n, n * first),
        "entropy": 1,
        "majority_error": 0.5,
        "sop_terms": terms,
        "sop_literals": half * terms,
        "pos_clauses": terms,
        "pos_literals": half * terms,
        "expression_length": half * terms - 1,
        "sensitivity": half,
        "block_sensitivity": half,
        "certificate_complexity": half,
        "decision_tree_depth": n,
        "critical_sample_ratio": 2 * terms / 2**n,
        "fourier_degree": n,
        "spectral_norm": sum(norms),
        "mean_frequency_l1": np.dot(sizes, norms) / sum(norms),
        "high_degree_weight": 1 - n * first**2,
        "not_separable": 0,
        "bdd_size": half**2,
        # Dalai, Maitra and Sarkar 2006: 2^floor(log2 n); the terms by Lucas' theorem
        "anf_degree": 2 ** int(log2(n)),
        "anf_terms": {3: 3, 5: 15, 7: 35}[n],
    }
    yield "majority", values
    yield (
        "minority",
        {**values, "anf_terms": values["anf_terms"] + 1, "expression_length": 2 * half * terms - 1},
    )


def majority_of_three(n):
    """Majority of the first three inputs, by itself and among others."""
    values = {
        "sensitivity": 2,
        "certificate_complexity": 2,
        "decision_tree_depth": 3,
        "average_sensitivity": 1.5,
        "spectral_norm": 2,
        "fourier_degree": 3,
        "sop_terms": 3,
        "expression_length": 5,
        "bdd_size": 4,
        "circuit_size": 4,  # ((x1 + x2)(x1 + x3)) + x1 over GF(2)
        "not_separable": 0,
    }
    yield ("majority" if n == 3 else "majority_3"), values


def thresholds(n):
    # a term for each pair; to be 0 all but one must be: n clauses of n - 1
    yield (
        "at_least_2",
        {
            "sop_terms": comb(n, 2),
            "sop_literals": n * (n - 1),
            "pos_clauses": n,
            "pos_literals": n * (n - 1),
            "expression_length": n * (n - 1) - 1,
            "sensitivity": n - 1,
            "certificate_complexity": n - 1,
            "decision_tree_depth": n,
            "bdd_size": 2 * n - 2,
        },
    )
    yield (
        "exactly_1",
        {
            **same_depth(n),
            "entropy": binary_entropy(n / 2**n),
            "sop_terms": n,
            "sop_literals": n * n,
            "pos_clauses": comb(n, 2) + 1,
            "pos_literals": n * n,
            "bdd_size": 2 * n - 1,
            "not_separable": 1,
            # a product of s inputs appears s times
            "anf_terms": 2 ** (n - 1),
            "anf_degree": n - 1 + n % 2,
        },
    )
    yield (
        "not_all_equal",
        {
            "sensitivity": n,
            "decision_tree_depth": n,
            "certificate_complexity": n,
            "fourier_degree": n - n % 2,
            "not_separable": 1,
            "sop_terms": n,  # a cycle of x1 and not x2, x2 and not x3, ...
            "sop_literals": 2 * n,
            "pos_clauses": 2,
            "pos_literals": 2 * n,
            "expression_length": 3 * n - 1,
            "bdd_size": 2 * n - 1,
            "anf_degree": n - 1,
            "anf_terms": 2**n - 2,
            "spectral_norm": 3 - 8 / 2**n,
        },
    )
    separable = (
        *("and_2", "or_2", "and_3", "implies", "but_not", "first_or_rest", "first_and_any"),
        *("at_least_2", "at_least_3", "at_most_1", "all_but_one", "more_than_half"),
        *("upper_three_fifths", "upper_fifth", "fibonacci_weights", "slow_weights"),
        *("rising_weights", "square_weights", "strong_first", "double_first", "triple_first"),
        *("signed_positive", "signed_not_negative", "majority_3", "nested_and_or"),
        *("nested_or_and", "initial_3", "initial_5", "greater", "greater_or_equal", "carry"),
        *("carry_in", "two_thirds"),
    )
    other = (
        *("parity_or_last", "exactly_2", "count_0_mod_3", "all_pairs", "equal", "palindrome"),
        *("hidden_weighted_bit", "multiplexer", "prime", "square", "multiple_of_3", "select"),
        *("middle_third", "sorted_either_way", "rudin_shapiro", "pi_digits", "coprime"),
    )
    for name in separable:
        if name in atlas.names(n):
            yield name, {"not_separable": 0}
    for name in other:
        if name in atlas.names(n) and (name, n) not in (("all_pairs", 3), ("square", 3)):
            yield name, {"not_separable": 1}


FAMILIES = (
    *(constants, literals, points, parities),
    *(majorities, majority_of_three, thresholds),
)
