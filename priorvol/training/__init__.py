"""Training ensembles: many small networks trained on one training set, as function tables."""

from __future__ import annotations

from priorvol.training.band import TrainingBand, training_band
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training.ensemble import TrainingEnsemble
from priorvol.training.outputs import TrainedOutputs, trained_outputs
from priorvol.training.production import load_ensemble, train_ensemble
from priorvol.training.runs import TrainingRun, loss_gradient, replay_run
from priorvol.training.stopping import StoppingPoint
from priorvol.training.tally import PointTally, Tally

__all__ = [
    "PointTally",
    "StoppingPoint",
    "Tally",
    "TrainedOutputs",
    "TrainingBand",
    "TrainingConfiguration",
    "TrainingEnsemble",
    "TrainingRun",
    "load_ensemble",
    "loss_gradient",
    "replay_run",
    "train_ensemble",
    "trained_outputs",
    "training_band",
]
