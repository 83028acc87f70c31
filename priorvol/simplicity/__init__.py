"""What tables say of simplicity bias: correlations, bounds, distributions, exceptions.

`correlate` holds log P(f) against complexities, with T held fixed or not, beside nulls;
`fit_bound` fits P <= 2^(-a K + b) and compares a with its parameter-free guess;
`complexity_distribution` is P(K) beside those of random functions; `simple_but_rare` lists
functions of low complexity far below the bound; `complexity_panel` is what a figure of many
measures shows.
"""

from priorvol.simplicity.bound import Envelope, NoBoundError, quantile_bound, upper_envelope
from priorvol.simplicity.bound_fit import BoundFit, fit_bound
from priorvol.simplicity.correlation_report import Correlations
from priorvol.simplicity.correlations import correlate
from priorvol.simplicity.distribution import ComplexityDistribution, complexity_distribution
from priorvol.simplicity.enumeration import SimpleFunctions, simple_functions
from priorvol.simplicity.panel import ComplexityPanel, complexity_panel
from priorvol.simplicity.rare import RareFunctions, simple_but_rare

__all__ = [
    "BoundFit",
    "ComplexityDistribution",
    "ComplexityPanel",
    "Correlations",
    "Envelope",
    "NoBoundError",
    "RareFunctions",
    "SimpleFunctions",
    "complexity_distribution",
    "complexity_panel",
    "correlate",
    "fit_bound",
    "quantile_bound",
    "simple_but_rare",
    "simple_functions",
    "upper_envelope",
]
