"""Estimators of P(f), P(S) and orthant probabilities; each returns an `Estimate`."""
