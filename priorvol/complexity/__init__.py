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
from priorvol.complexity.registry import Measure, compute, measure, measures, register

__all__ = [
    "Measure",
    "compute",
    "k_lz",
    "lz76_words",
    "lz78_phrases",
    "measure",
    "measures",
    "register",
]
