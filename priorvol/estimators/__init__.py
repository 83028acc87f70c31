"""Estimators of P(f), P(S) and orthant probabilities; each returns an `Estimate`.

`estimate` chooses among them by name; `methods` lists what each one estimates, and with what error.
"""

from priorvol.estimators.dispatch import estimate, estimate_batch
from priorvol.estimators.registry import Method, method, methods

__all__ = ["Method", "estimate", "estimate_batch", "method", "methods"]
