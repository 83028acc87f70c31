"""Textbook complexities of formulas, multiplexers, bent functions and arithmetic, as formulas in n.

Each family yields the name of a function of the atlas and some values by the name of the measure.
"""

from math import comb

from textbook_basic import binary_entropy, influence, same_depth


def read_once(n):
    chain = {"decision_tree_depth": n, "bdd_size": n, "circuit_size": n - 1, "fourier_degree": n}
    yield "nested_or_and", chain
    yield "nested_and_or", {**chain, "anf_degree": n, "certificate_complexity": n // 2 + 1}
    yield "nand_tree", {"decision_tree_depth": n, "circuit_size": n - 1}
    yield "clauses_2", chain
    if n % 2 == 0:
        k = n // 2
        yield (
            "tribes_2",
            {
                **chain,
                "sop_terms": k,
                "sop_literals": n,
                "pos_clauses": 2**k,
                "pos_literals": k * 2**k,
                "expression_length": n - 1,
                "sensitivity": max(2, k),
                "certificate_complexity": max(2, k),
                # the partner is 1, and every other pair is not 11
                "average_sensitivity": n / 2 * 0.75 ** (k - 1),
                "anf_degree": n,
                "anf_terms": 2**k - 1,
                "not_separable": 1,
            },
        )


def multiplexers(n):
    of_three = {
        **same_depth(2),
        "sop_terms": 2,
        "sop_literals": 4,
        "pos_clauses": 2,
        "expression_length": 4,
        "average_sensitivity": 1.5,
        "fourier_degree": 2,
        "spectral_norm": 2,
        "anf_degree": 2,
        "anf_terms": 3,
        "bdd_size": 3,
        "circuit_size": 3,
        "not_separable": 1,
    }
    if n == 3:
        yield "multiplexer", {**of_three, **influence(3, 1.5), "entropy": 1}
    else:
        yield "select", {**of_three, **influence(n, 1.5)}
    if n == 6:
        yield (
            "multiplexer",
            {
                **same_depth(3),
                **influence(6, 2),
                "entropy": 1,
                "sop_terms": 4,
                "sop_literals": 12,
                "pos_clauses": 4,
                "pos_literals": 12,
                "expression_length": 15,  # 4 of the 12 literals are negated
                "fourier_degree": 3,
                "spectral_norm": 4,  # 4 data inputs, each with 4 coefficients of 1/4
                "anf_degree": 3,
                "anf_terms": 9,  # 4 + 2 + 2 + 1
                "bdd_size": 7,
            },
        )


def bent(n):
    if n % 2:
        return
    flat = {
        **influence(n, n / 2),  # every derivative of a bent function is balanced
        "majority_error": 0.5 - 2 ** (-n / 2 - 1),
        "disagreement_2": 0.5,
        "generalization_complexity": 1,
        "fourier_degree": n,
        "spectral_norm": 2 ** (n / 2),
        "mean_frequency_l1": n / 2,
        "high_degree_weight": 1 - (n + 1) / 2**n,
        "not_separable": 1,
    }
    yield "inner_product", {**flat, "anf_degree": 2, "anf_terms": n // 2, "circuit_size": n - 1}
    yield "pairs_sum", {**flat, "anf_degree": 2, "anf_terms": n // 2, "circuit_size": n - 1}
    yield "rudin_shapiro", {**flat, "anf_degree": 2, "anf_terms": n - 1}
    yield "all_pairs", {**flat, "anf_degree": 2, "anf_terms": comb(n, 2)}
    yield "maiorana_mcfarland", {**flat, "anf_degree": n // 2}


def arithmetic(n):
    if n % 2:
        return
    k = n // 2
    yield (
        "equal",
        {
            "sensitivity": n,
            "certificate_complexity": n,
            "decision_tree_depth": n,
            "sop_terms": 2**k,
            "sop_literals": n * 2**k,
            "pos_clauses": n,
            "pos_literals": 2 * n,
            "expression_length": 3 * n - 1,
            "spectral_norm": 3 - 4 / 2**k,
            "anf_degree": k,
            "anf_terms": 3**k,
            "bdd_size": 3 * k,
            "circuit_size": n - 1,
            "entropy": binary_entropy(2**-k),
        },
    )
    # equality of bits folded about the middle: a permutation of the inputs
    yield "palindrome", {"bdd_size": 3 * k, "sop_terms": 2**k, "circuit_size": n - 1}
    yield "sum_low", {"circuit_size": 1, "anf_degree": 1, "spectral_norm": 1}


def separations(n):
    """Functions known for how far apart two measures are."""
    if n == 4:
        # Ambainis 2006: depth 3 and degree 2
        yield (
            "sorted_either_way",
            {
                "fourier_degree": 2,
                "decision_tree_depth": 3,
                "block_sensitivity": 3,
            },
        )
    if n == 6:
        # Kushilevitz, in Nisan and Wigderson 1995: degree 3, yet sensitive to all six at 0
        yield "kushilevitz", {"fourier_degree": 3, "sensitivity": 6, "decision_tree_depth": 6}
        # monotone graph properties of a prime power of vertices are evasive
        for name in ("triangle", "connected", "perfect_matching", "cycle_of_4"):
            yield name, {"decision_tree_depth": 6}
        yield "triangle", {"sop_terms": 4, "sop_literals": 12, "certificate_complexity": 3}
        yield "connected", {"sop_terms": 16, "sop_literals": 48}  # Cayley: 4^2 trees
        yield "perfect_matching", {"sop_terms": 3, "sop_literals": 6, "circuit_size": 5}
        yield "cycle_of_4", {"sop_terms": 3, "sop_literals": 12}
    if n == 5:
        yield "bridge", {"sop_terms": 4, "sop_literals": 10, "pos_clauses": 4, "pos_literals": 10}


def words(n):
    if n == 7:
        yield "second_last", {"lz76_words": 4, "k_lz": 28}  # 0, 01, 10, 01100110...
    yield "parity", {"lz76_words": 2 * n - 1, "k_lz": n * (2 * n - 1)}


FAMILIES = (read_once, multiplexers, bent, arithmetic, separations, words)
