"""priorvol: how much of a neural network's parameter space computes each function.

Names are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Architecture": "architecture",
    "Estimate": "result",
    "Experiment": "experiments",
    "FunctionTable": "table",
    "GaussianExpectations": "infinite.expectations",
    "GaussianLaw": "gaussian",
    "GaussianPrediction": "infinite.prediction",
    "Inputs": "inputs",
    "NNGP": "infinite.kernels",
    "NTK": "infinite.kernels",
    "PACBayesBound": "pac_bayes",
    "PACBayesCurve": "bound_curve",
    "Prior": "architecture",
    "TargetSweep": "sweep",
    "Task": "task",
    "TrainingSet": "training_set",
    "array_inputs": "inputs",
    "boolean_cube": "inputs",
    "certified_bound": "pac_bayes",
    "collect": "collector",
    "compare": "comparison",
    "compare_settings": "comparison",
    "correlation_map": "infinite.correlation_map",
    "csv_inputs": "inputs",
    "digits_inputs": "inputs",
    "draw_targets": "sweep",
    "npz_inputs": "inputs",
    "draw_parameters": "sampler",
    "empirical_nngp": "infinite.empirical",
    "empirical_ntk": "infinite.empirical",
    "estimate": "estimators",
    "estimate_batch": "estimators",
    "evaluate": "sampler",
    "experiment": "experiments",
    "export_table": "export",
    "kernel_convergence": "infinite.convergence",
    "labelled_data": "real_data",
    "linearize": "infinite.linearized",
    "load_run": "store",
    "nngp_regression": "infinite.dynamics",
    "output_law": "infinite.covariance",
    "pac_bayes_bound": "pac_bayes",
    "pac_bayes_curve": "bound_curve",
    "pairwise_dependence": "independence",
    "posterior": "posterior_sampling",
    "posterior_complexity": "sweep",
    "posterior_estimates": "posterior_of_functions",
    "posterior_probability": "posterior_of_functions",
    "read_counts": "export",
    "sample_training_inputs": "pac_bayes",
    "save_table": "store",
    "tangent_kernel": "infinite.covariance",
    "target_sweep": "sweep",
    "train_ensemble": "training",
    "train_prediction": "infinite.dynamics",
    "trained_outputs": "training",
    "training_band": "training",
    "unit_sigma_w": "infinite.variance_map",
}
_MODULES = (
    "atlas",
    "comparison",
    "complexity",
    "estimators",
    "experiments",
    "nulls",
    "plotting",
    "simplicity",
    "sweep",
    "symmetry",
    "training",
)

__all__ = [*_WHERE, *_MODULES, "__version__"]

if TYPE_CHECKING:
    from priorvol import atlas as atlas
    from priorvol import comparison as comparison
    from priorvol import complexity as complexity
    from priorvol import estimators as estimators
    from priorvol import experiments as experiments
    from priorvol import nulls as nulls
    from priorvol import plotting as plotting
    from priorvol import simplicity as simplicity
    from priorvol import sweep as sweep
    from priorvol import symmetry as symmetry
    from priorvol import training as training
    from priorvol.architecture import Architecture as Architecture
    from priorvol.architecture import Prior as Prior
    from priorvol.bound_curve import PACBayesCurve as PACBayesCurve
    from priorvol.bound_curve import pac_bayes_curve as pac_bayes_curve
    from priorvol.collector import collect as collect
    from priorvol.comparison import compare as compare
    from priorvol.comparison import compare_settings as compare_settings
    from priorvol.estimators import estimate as estimate
    from priorvol.estimators import estimate_batch as estimate_batch
    from priorvol.experiments import Experiment as Experiment
    from priorvol.experiments import experiment as experiment
    from priorvol.export import export_table as export_table
    from priorvol.export import read_counts as read_counts
    from priorvol.gaussian import GaussianLaw as GaussianLaw
    from priorvol.independence import pairwise_dependence as pairwise_dependence
    from priorvol.infinite.convergence import kernel_convergence as kernel_convergence
    from priorvol.infinite.correlation_map import correlation_map as correlation_map
    from priorvol.infinite.covariance import output_law as output_law
    from priorvol.infinite.covariance import tangent_kernel as tangent_kernel
    from priorvol.infinite.dynamics import nngp_regression as nngp_regression
    from priorvol.infinite.dynamics import train_prediction as train_prediction
    from priorvol.infinite.empirical import empirical_nngp as empirical_nngp
    from priorvol.infinite.empirical import empirical_ntk as empirical_ntk
    from priorvol.infinite.expectations import GaussianExpectations as GaussianExpectations
    from priorvol.infinite.kernels import NNGP as NNGP
    from priorvol.infinite.kernels import NTK as NTK
    from priorvol.infinite.linearized import linearize as linearize
    from priorvol.infinite.prediction import GaussianPrediction as GaussianPrediction
    from priorvol.infinite.variance_map import unit_sigma_w as unit_sigma_w
    from priorvol.inputs import Inputs as Inputs
    from priorvol.inputs import array_inputs as array_inputs
    from priorvol.inputs import boolean_cube as boolean_cube
    from priorvol.inputs import csv_inputs as csv_inputs
    from priorvol.inputs import digits_inputs as digits_inputs
    from priorvol.inputs import npz_inputs as npz_inputs
    from priorvol.pac_bayes import PACBayesBound as PACBayesBound
    from priorvol.pac_bayes import certified_bound as certified_bound
    from priorvol.pac_bayes import pac_bayes_bound as pac_bayes_bound
    from priorvol.pac_bayes import sample_training_inputs as sample_training_inputs
    from priorvol.posterior_of_functions import posterior_estimates as posterior_estimates
    from priorvol.posterior_of_functions import posterior_probability as posterior_probability
    from priorvol.posterior_sampling import posterior as posterior
    from priorvol.real_data import labelled_data as labelled_data
    from priorvol.result import Estimate as Estimate
    from priorvol.sampler import draw_parameters as draw_parameters
    from priorvol.sampler import evaluate as evaluate
    from priorvol.store import load_run as load_run
    from priorvol.store import save_table as save_table
    from priorvol.sweep import TargetSweep as TargetSweep
    from priorvol.sweep import draw_targets as draw_targets
    from priorvol.sweep import posterior_complexity as posterior_complexity
    from priorvol.sweep import target_sweep as target_sweep
    from priorvol.table import FunctionTable as FunctionTable
    from priorvol.task import Task as Task
    from priorvol.training import train_ensemble as train_ensemble
    from priorvol.training import trained_outputs as trained_outputs
    from priorvol.training import training_band as training_band
    from priorvol.training_set import TrainingSet as TrainingSet


def __getattr__(name: str) -> Any:
    """Load a public name or a subpackage on first use."""
    if name in _WHERE:
        value = getattr(importlib.import_module(f"priorvol.{_WHERE[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"priorvol.{name}")
    else:
        raise AttributeError(f"module 'priorvol' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
