"""Is the optimiser a Bayesian sampler? The whole experiment of 2006.15191 as one call.

`experiment` trains ensembles, samples the posterior at finite and at infinite width, estimates the
likeliest functions by every method, and compares; `setting_grid` lists ways of training.
"""

from priorvol.experiments.result import Experiment
from priorvol.experiments.running import METHODS, experiment
from priorvol.experiments.saving import save_figures, save_results
from priorvol.experiments.settings import Setting, setting_grid

__all__ = [
    "METHODS",
    "Experiment",
    "Setting",
    "experiment",
    "save_figures",
    "save_results",
    "setting_grid",
]
