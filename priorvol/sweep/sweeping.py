"""`target_sweep`: generalisation error of three learners against the target's complexity."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks, complexity
from priorvol.progress import progress_bar
from priorvol.rng import STREAM_VERSION, check_seed
from priorvol.sweep.cells import (
    POSTERIORS,
    CellKey,
    SweepCell,
    SweepSettings,
    measure_cell,
    training_set_of,
)
from priorvol.sweep.report import TargetSweep
from priorvol.sweep.targets import Target, given_targets
from priorvol.task import Task, check_task

if TYPE_CHECKING:
    from priorvol.store.sweeps import SweepFolder

MOST_RUNS = 1 << 16
"""Most training runs of one cell, which are one piece of work."""


def target_sweep(
    tasks: Task | Sequence[Task],
    targets: Any,
    *,
    train_size: int,
    n_sets: int = 10,
    n_runs: int = 100,
    posterior: str = "infinite",
    n_samples: int = 1000,
    output_draws: int = 1,
    stop: Any = "zero_error",
    measure: str = "k_lz",
    labels: Sequence[str] | None = None,
    seed: int = 0,
    n_jobs: int = -1,
    store: str | Path | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> TargetSweep:
    """Measure the error of trained networks and of the posterior over targets and tasks.

    For each target training sets of ``train_size`` inputs are drawn without replacement, all tasks
    and learners with the same ones; tasks share the random numbers of runs and of draws too, so
    their errors are not independent of each other. On each, networks are trained from the prior
    (`priorvol.train_ensemble`), functions are drawn from P_B(f given S) (`priorvol.posterior`), and
    errors are counted on the inputs held out. An unbiased learner, uniform over all functions that
    fit S, has half of those wrong in the mean, whatever the target and S: exactly 1/2
    (1805.08522, 2304.06670).

    Parameters
    ----------
    tasks : Task or sequence of Task
        On inputs of the same number, and of finite width where networks are trained; such as one
        for each sigma_w.
    targets : Target, function or a sequence of them
        See `priorvol.sweep.draw_targets` and `priorvol.sweep.atlas_targets`.
    train_size : int
        Labelled inputs; at least one input is held out.
    n_sets : int
        Training sets of each target, at least 2.
    n_runs : int
        Networks trained on each training set; 0 for none.
    posterior : "infinite", "rejection" or "none"
        Whether P_B is drawn from at infinite width, the limit of the task's own prior; at the
        task's own width, by rejection, which needs a P(S) that is not small; or not at all.
    n_samples : int
        Functions drawn from each posterior; networks proposed, with ``"rejection"``.
    output_draws : int
        With ``"rejection"``, output layers drawn for each draw of the hidden layers.
    stop : str or StoppingPoint
        Where a training run's function is read off.
    measure : str
        Complexity of targets and of what is learnt; `priorvol.complexity.measures` lists them.
    labels : sequence of str, optional
        What the tasks are called; default: what tells them apart.
    seed : int
        In [0, 2^64). A cell depends on it, its task, its target and its number only, so that more
        tasks, targets and sets leave the others as they are.
    n_jobs : int
        Workers, as in joblib.
    store : path, optional
        Folder that keeps each cell once it is measured; one that exists is continued.
    progress : bool, optional
        Progress bar on standard error; by default where that is a terminal.
    **settings
        Fields of `priorvol.training.TrainingConfiguration`.

    Returns
    -------
    TargetSweep

    Raises
    ------
    ValueError
        If an argument is unknown or out of range, a task cannot be trained or has no limit at
        infinite width where one is wanted, or the folder is of other settings.

    Examples
    --------
    >>> from priorvol import Architecture, Task
    >>> task = Task(Architecture(3, (8,)))
    >>> found = target_sweep(task, ["00001111", "01101001"], train_size=4, n_sets=3, n_runs=20,
    ...                      n_samples=100, optimizer="adam", n_jobs=1)
    >>> found.errors("trained").shape
    (1, 2, 3)
    """
    chosen = _tasks(tasks)
    m = chosen[0].m
    wanted = _settings(
        chosen,
        train_size=train_size,
        n_runs=n_runs,
        stop=stop,
        posterior=posterior,
        n_samples=n_samples,
        output_draws=output_draws,
        measure=measure,
        seed=seed,
        settings=settings,
    )
    learnt = _measured(given_targets(targets, m=m, measure=measure), chosen[0], measure)
    n_sets = checks.integer("n_sets", n_sets, low=2, high=1 << 20)
    n_jobs = checks.jobs(n_jobs)
    names = _labels(chosen, labels)
    keys = [CellKey(task, target, i) for task in chosen for target in learnt for i in range(n_sets)]
    folder = None
    if store is not None:
        from priorvol.store.sweeps import SweepFolder

        folder = SweepFolder(store, wanted.to_json() | {"stream_version": STREAM_VERSION})
    cells: dict[str, SweepCell] = {}
    if folder is not None:
        for key in keys:
            record = folder.read(key.name)
            if record is not None:
                cells[key.name] = _held(record, key, wanted, folder)
    left = [key for key in keys if key.name not in cells]
    with (
        progress_bar(len(keys), "cells", initial=len(keys) - len(left), progress=progress) as bar,
        closing(_each(left, wanted, n_jobs)) as found,
    ):
        for key, cell in found:
            if folder is not None:
                folder.write(key.name, cell.to_json())
            cells[key.name] = cell
            bar.update(1)
    return TargetSweep(
        tasks=chosen,
        labels=names,
        targets=learnt,
        n_sets=n_sets,
        settings=wanted,
        cells=tuple(cells[key.name] for key in keys),
    )


def _held(
    record: dict[str, Any], key: CellKey, settings: SweepSettings, folder: SweepFolder
) -> SweepCell:
    """Return a cell as it was kept, or raise ``ValueError`` if it is not the one that is wanted."""
    try:
        cell = SweepCell.from_json(record)
        right = cell.training_set == training_set_of(key.target, key.number, settings)
        right &= (cell.trained is not None) == (settings.n_runs > 0)
        right &= (cell.posterior is not None) == (settings.posterior != "none")
        if not right:
            raise ValueError("it is of another training set or other learners")
    except (ValueError, TypeError) as error:
        raise ValueError(f"the cell {key.name} of {folder.path} is damaged: {error}") from None
    return cell


def _tasks(tasks: Any) -> tuple[Task, ...]:
    given = (tasks,) if isinstance(tasks, Task) else tasks
    if not isinstance(given, Iterable):
        raise ValueError(f"tasks must be a Task or several, got {type(tasks).__name__}")
    chosen = tuple(check_task(task) for task in given)
    if not chosen:
        raise ValueError("tasks must hold at least one Task, got none")
    for task in chosen[1:]:
        if task.m != chosen[0].m:
            raise ValueError(f"tasks must have as many inputs, got {chosen[0].m} and {task.m}")
        if chosen.count(task) > 1:
            raise ValueError(f"tasks must be distinct, got twice: {task}")
    if chosen[1:].count(chosen[0]):
        raise ValueError(f"tasks must be distinct, got twice: {chosen[0]}")
    return chosen


def _settings(tasks: tuple[Task, ...], **given: Any) -> SweepSettings:
    """Return what a cell is measured with, after trying whether every task can be."""
    from priorvol.training.configuration import configuration
    from priorvol.training.stopping import stopping_points

    m = tasks[0].m
    size = checks.integer("train_size", given["train_size"], low=1, high=m - 1)
    n_runs = checks.integer("n_runs", given["n_runs"], low=0, high=MOST_RUNS)
    how = checks.choice("posterior", given["posterior"], POSTERIORS)
    if not n_runs and how == "none":
        raise ValueError("n_runs = 0 and posterior = 'none' leave no learner to measure")
    (point, *more) = stopping_points(given["stop"])
    if more:
        raise ValueError(f"stop must be one stopping point, got {1 + len(more)}")
    measure = complexity.measure(given["measure"]).name
    wanted = SweepSettings(
        train_size=size,
        n_runs=n_runs,
        stop=point,
        configuration=configuration(given["settings"]),
        posterior=how,
        n_samples=checks.integer("n_samples", given["n_samples"], low=1, high=1 << 40),
        output_draws=checks.integer("output_draws", given["output_draws"], low=1, high=1 << 20),
        measure=measure,
        seed=check_seed(given["seed"]),
    )
    _check_output_draws(wanted)
    for task in tasks:
        _try(task, wanted)
    return wanted


def _check_output_draws(wanted: SweepSettings) -> None:
    if wanted.output_draws == 1:
        return
    if wanted.posterior != "rejection":
        raise ValueError(
            f"output_draws = {wanted.output_draws} goes with posterior = 'rejection', got "
            f"{wanted.posterior!r}"
        )
    if wanted.n_samples % wanted.output_draws:
        raise ValueError(
            f"n_samples must be a multiple of output_draws = {wanted.output_draws}, got "
            f"{wanted.n_samples}"
        )


def _try(task: Task, wanted: SweepSettings) -> None:
    """Raise ``ValueError`` if a task cannot be trained, or has no posterior as it is wanted."""
    from priorvol.training.runs import trainer
    from priorvol.training_set import TrainingSet

    if wanted.n_runs:
        some = TrainingSet(tuple(range(wanted.train_size)), (0,) * wanted.train_size)
        trainer(task, some, (wanted.stop,), wanted.training)
    if wanted.posterior == "infinite":
        from priorvol.infinite.covariance import output_law

        output_law(task.wide())
    elif wanted.posterior == "rejection":
        from priorvol.posterior_sampling import is_drawn_by_rejection
        from priorvol.sampler import check_sampling

        if not is_drawn_by_rejection(task):
            raise ValueError(
                f"posterior = 'rejection' needs finite hidden widths, got {task}: its outputs are "
                "Gaussian, say posterior = 'infinite'"
            )
        check_sampling(task, wanted.output_draws)


def _measured(targets: tuple[Target, ...], task: Task, measure: str) -> tuple[Target, ...]:
    """Return the targets with their complexity by the sweep's measure."""
    texts = [target.function for target in targets]
    k = complexity.compute(texts, measure, inputs=task.inputs, progress=False)[measure]
    return tuple(replace(t, k=value) for t, value in zip(targets, k.tolist(), strict=True))


def _labels(tasks: tuple[Task, ...], labels: Any) -> tuple[str, ...]:
    if labels is None:
        return task_labels(tasks)
    if not isinstance(labels, Iterable):
        raise ValueError(f"labels must be one a task, all distinct: {len(tasks)}, got {labels!r}")
    names = (labels,) if isinstance(labels, str) else tuple(map(str, labels))
    if len(names) != len(tasks) or len(set(names)) != len(names):
        raise ValueError(f"labels must be one a task, all distinct: {len(tasks)}, got {names}")
    return names


def task_labels(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Return what tells tasks apart: of activation, sigma_w, sigma_b and widths what differs.

    Examples
    --------
    >>> from priorvol import Architecture, Prior
    >>> net = Architecture(3, (8,))
    >>> task_labels([Task(net, Prior(sigma_w=s)) for s in (1, 8)])
    ('sigma_w = 1', 'sigma_w = 8')
    """
    described = [
        {
            "activation": task.architecture.activation,
            "sigma_w": _shown(task.prior.sigma_w),
            "sigma_b": _shown(task.prior.sigma_b),
            "hidden": ", ".join(map(str, task.architecture.hidden)) or "none",
            "inputs": task.inputs.name,
        }
        for task in tasks
    ]
    differing = [n for n in described[0] if len({each[n] for each in described}) > 1]
    differing = differing or ["activation", "sigma_w"]
    found = [
        ", ".join(each[n] if n == "activation" else f"{n} = {each[n]}" for n in differing)
        for each in described
    ]
    if len(set(found)) < len(found):
        return tuple(f"task {i}: {task}" for i, task in enumerate(tasks, start=1))
    return tuple(found)


def _shown(values: Any) -> str:
    each = [f"{value:g}" for value in values]
    return each[0] if len(set(each)) == 1 else ", ".join(each)


def _each(
    keys: list[CellKey], settings: SweepSettings, n_jobs: int
) -> Generator[tuple[CellKey, SweepCell], None, None]:
    """Yield each cell as it is measured, in any order."""
    from priorvol.producer import each

    yield from each(lambda key: (key, measure_cell(key, settings)), keys, n_jobs)
