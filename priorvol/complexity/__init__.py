r"""Complexities of functions: one file a family, and a registry of them by name.

A family's file defines its measures, registers each, and is imported here.

Examples
--------
>>> from priorvol import complexity
>>> complexity.k_lz("1001111011000010")
array([26.])
>>> print(complexity.measure("k_lz").label)
$K_\mathrm{LZ}$ (bits)
"""

from priorvol.complexity.lempel_ziv import k_lz, lz76_words, lz78_phrases

# The measure of the field's figures is listed first.
# isort: split
from priorvol.complexity.anf import anf_coefficients, anf_degree, anf_terms
from priorvol.complexity.balance import entropy, majority_error
from priorvol.complexity.block_decomposition import block_decomposition
from priorvol.complexity.circuits import circuit_size, circuit_size_is_exact
from priorvol.complexity.critical import (
    critical_sample_ratio,
    nearest_distances,
)
from priorvol.complexity.decision import bdd_size, bdd_size_of_order, decision_tree_depth
from priorvol.complexity.forms import (
    expression_length,
    forms_exact,
    pos_clauses,
    pos_literals,
    sop_literals,
    sop_terms,
)
from priorvol.complexity.neighbours import (
    cumulative_disagreement,
    disagreement,
    disagreement_1,
    disagreement_2,
    generalization_complexity,
)
from priorvol.complexity.registry import Measure, applicable, compute, measure, measures, register
from priorvol.complexity.sensitivity import (
    average_sensitivity,
    block_sensitivity,
    certificate_complexity,
    sensitivity,
)
from priorvol.complexity.separability import (
    linearly_separable,
    not_separable,
    threshold_weights,
)
from priorvol.complexity.spectrum import (
    fourier_degree,
    high_degree_weight,
    mean_frequency,
    mean_frequency_l1,
    spectral_norm,
    walsh_spectrum,
    weight_by_degree,
)
from priorvol.complexity.two_level import MinimalForm, minimal_form, prime_implicants

__all__ = [
    "Measure",
    "MinimalForm",
    "anf_coefficients",
    "anf_degree",
    "anf_terms",
    "average_sensitivity",
    "bdd_size",
    "bdd_size_of_order",
    "block_decomposition",
    "block_sensitivity",
    "certificate_complexity",
    "circuit_size",
    "circuit_size_is_exact",
    "applicable",
    "compute",
    "critical_sample_ratio",
    "cumulative_disagreement",
    "decision_tree_depth",
    "disagreement",
    "disagreement_1",
    "disagreement_2",
    "entropy",
    "expression_length",
    "forms_exact",
    "fourier_degree",
    "generalization_complexity",
    "high_degree_weight",
    "k_lz",
    "linearly_separable",
    "lz76_words",
    "lz78_phrases",
    "majority_error",
    "mean_frequency",
    "mean_frequency_l1",
    "measure",
    "measures",
    "minimal_form",
    "nearest_distances",
    "not_separable",
    "pos_clauses",
    "pos_literals",
    "prime_implicants",
    "register",
    "sensitivity",
    "sop_literals",
    "sop_terms",
    "spectral_norm",
    "threshold_weights",
    "walsh_spectrum",
    "weight_by_degree",
]
