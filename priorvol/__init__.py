"""priorvol: how much of a neural network's parameter space computes each function."""

__version__ = "0.1.0"
