"""Target sweeps: what learners make of targets from simple to complex (1805.08522, 2304.06670).

Examples
--------
>>> from priorvol import Architecture, Task
>>> task = Task(Architecture(3, (8,)))
>>> targets = draw_targets(task, [3, 9], per_level=2)
>>> found = target_sweep(task, targets, train_size=4, n_sets=3, n_runs=20, n_samples=100, n_jobs=1)
>>> found.by_complexity("trained").mean.shape
(1, 2)
"""

from priorvol.sweep.cells import Learned, SweepCell, SweepSettings
from priorvol.sweep.predicting import posterior_complexity
from priorvol.sweep.predictions import (
    MeasuredComplexity,
    PosteriorComplexity,
    Prediction,
    tabulate,
)
from priorvol.sweep.report import ErrorCurve, TargetSweep
from priorvol.sweep.spectrum import PredictedComplexity, log_likelihood, predict_complexity
from priorvol.sweep.sweeping import target_sweep, task_labels
from priorvol.sweep.targets import Target, atlas_targets, draw_targets, given_targets

__all__ = [
    "ErrorCurve",
    "Learned",
    "MeasuredComplexity",
    "PosteriorComplexity",
    "PredictedComplexity",
    "Prediction",
    "SweepCell",
    "SweepSettings",
    "Target",
    "TargetSweep",
    "atlas_targets",
    "draw_targets",
    "given_targets",
    "log_likelihood",
    "posterior_complexity",
    "predict_complexity",
    "tabulate",
    "target_sweep",
    "task_labels",
]
