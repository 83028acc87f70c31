"""Folders and files that are given as neither text nor path."""

import pytest

from priorvol import (
    Architecture,
    FunctionTable,
    Task,
    TrainingSet,
    collect,
    csv_inputs,
    experiment,
    export_table,
    load_run,
    npz_inputs,
    posterior,
    save_table,
    target_sweep,
    train_ensemble,
)
from priorvol.training import load_ensemble

TASK = Task(Architecture(2, (4,)))
S = TrainingSet([0, 3], [0, 1])
TABLE = FunctionTable.from_counts(["0110"], [3])
CALLS = {
    "collect": lambda path: collect(TASK, n_samples=10, n_jobs=1, store=path),
    "posterior": lambda path: posterior(TASK, S, n_proposals=100, n_jobs=1, store=path),
    "train_ensemble": lambda path: train_ensemble(TASK, S, n_runs=10, n_jobs=1, store=path),
    "experiment": lambda path: experiment(TASK, S, target="0001", n_runs=20, store=path),
    "target_sweep": lambda path: target_sweep(
        TASK, targets=["0001"], train_size=2, n_runs=10, n_jobs=1, store=path
    ),
    "save_table": lambda path: save_table(TABLE, path),
    "load_run": load_run,
    "load_ensemble": load_ensemble,
    "export_table": lambda path: export_table(TABLE, path),
    "csv_inputs": csv_inputs,
    "npz_inputs": npz_inputs,
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("value", [3, b"runs/a", ["a"]])
def test_what_is_no_path_is_refused(name, value):
    with pytest.raises(ValueError, match="(path|store) must be a path, got "):
        CALLS[name](value)
