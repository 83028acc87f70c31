"""Target sweeps: cells against the producers they are made of, resuming, averages, bad input."""

import itertools
import json
import math

import numpy as np
import pytest

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    TrainingSet,
    bits,
    complexity,
    posterior,
    target_sweep,
    train_ensemble,
)
from priorvol.comparison.baselines import baselines
from priorvol.store.sweeps import SweepFolder
from priorvol.sweep import (
    Learned,
    SweepCell,
    Target,
    TargetSweep,
    cells,
    sweeping,
    task_labels,
)
from priorvol.sweep.averages import mean_error, mean_interval
from priorvol.sweep.report import BASELINES, UNBIASED

TASK = Task(Architecture(3, (8,)))
OTHER = Task(Architecture(3, (8,)), Prior(sigma_w=3.0))
TARGETS = ("00001111", "00110011", "01101001")
HOW = {"train_size": 4, "n_sets": 3, "n_runs": 12, "n_samples": 60, "optimizer": "adam"}
HOW |= {"n_jobs": 1, "seed": 5}


def sweep(tasks=TASK, targets=TARGETS, **changes):
    return target_sweep(tasks, targets, **(HOW | changes))


@pytest.fixture(scope="module")
def found():
    return sweep([TASK, OTHER])


def same(a, b):
    return [cell.to_json() for cell in a.cells] == [cell.to_json() for cell in b.cells]


# Cells


def wrong_by_hand(table, target, chosen):
    """Mean share of wrong held-out inputs, and complexities drawn, input by input."""
    functions = bits.to_text(np.ascontiguousarray(table.functions), table.m)
    test = [i for i in range(table.m) if i not in chosen.indices]
    shares = [sum(f[i] != target[i] for i in test) / len(test) for f in functions]
    return np.average(shares, weights=table.counts), complexity.k_lz(functions)


def seeds_of(target, number):
    rng = cells._stream(target, number, sweeping_settings(), "seeds")
    return rng.integers(1 << 63, size=2).tolist()


def sweeping_settings():
    return sweep(n_sets=2, targets=TARGETS[:1], posterior="none", n_runs=1).settings


def test_a_cell_is_what_training_and_the_posterior_give(found):
    for i, task in enumerate((TASK, OTHER)):
        for j, number in ((0, 2), (2, 0)):
            target, cell = found.targets[j], found.cell(i, j, number)
            first, second = seeds_of(target, number)
            ensemble = train_ensemble(
                task, cell.training_set, n_runs=12, optimizer="adam", seed=first, n_jobs=1
            )
            drawn = posterior(task.wide(), cell.training_set, n_samples=60, seed=second, n_jobs=1)
            for table, learnt in ((ensemble.table, cell.trained), (drawn, cell.posterior)):
                error, k = wrong_by_hand(table, target.function, cell.training_set)
                assert learnt.error == pytest.approx(error, rel=1e-12)
                assert learnt.mean_k == pytest.approx(np.average(k, weights=table.counts))
                assert learnt.n_draws == table.n_samples == sum(learnt.counts)
            assert cell.trained.missed == ensemble.not_reached()


def test_settings_of_training():
    start = Prior(sigma_w=0.5)
    how = {"batch_size": 4, "initialization": start, "stop": "zero_error+2", "loss": "mse"}
    found = sweep(targets=TARGETS[0], n_sets=2, posterior="none", **how)
    for number in range(2):
        chosen = found.cell(0, 0, number).training_set
        seed = seeds_of(found.targets[0], number)[0]
        how |= {"n_runs": 12, "optimizer": "adam", "seed": seed, "n_jobs": 1}
        table = train_ensemble(TASK, chosen, **how).table
        error, _ = wrong_by_hand(table, TARGETS[0], chosen)
        assert found.errors("trained")[0, 0, number] == pytest.approx(error)


def test_training_sets(found):
    for i, j, number in itertools.product(range(2), range(3), range(3)):
        chosen = found.cell(i, j, number).training_set
        assert len(chosen) == 4 and chosen.fits([TARGETS[j]])[0]
        assert chosen == found.cell(0, j, number).training_set  # tasks share them
    sets = {found.cell(0, j, n).training_set.indices for j in range(3) for n in range(3)}
    assert len(sets) > 5


def test_the_unbiased_learner_has_a_half(found):
    """Uniform on all functions that fit S: every one of them, by enumeration."""
    every = bits.unpack(np.arange(256, dtype=np.uint64)[:, None], 8)
    for target, number in itertools.product(range(3), range(3)):
        chosen = found.cell(0, target, number).training_set
        labels = np.array(list(TARGETS[target])) == "1"
        fits = (every == labels)[:, list(chosen.indices)].all(axis=1)
        test = chosen.held_out(8)
        assert fits.sum() == 16
        assert (every[fits] != labels)[:, test].mean() == UNBIASED


def test_baselines(found):
    word = bits.as_word(TARGETS[1], 8)
    for number in range(3):
        chosen = found.cell(0, 1, number).training_set
        held = chosen.held_out(8)
        wanted = {b.name: b.error for b in baselines(word, chosen, held, m=8, inputs=TASK.inputs)}
        for name in BASELINES:
            assert (found.errors(name)[:, 1, number] == wanted[name]).all()


def test_standard_error_of_grouped_draws():
    S, target = TrainingSet([0], [0]), Target(name="t", function="0011", k=6.0)
    table = FunctionTable.from_counts(["0011", "0101"], [6, 2])
    learnt = cells.learned(table, target, S, "k_lz")
    errors = [0.0] * 6 + [2 / 3] * 2
    assert learnt.error == pytest.approx(np.mean(errors))
    assert learnt.standard_error == pytest.approx(np.std(errors, ddof=1) / math.sqrt(8))


def test_rejection():
    found = sweep(posterior="rejection", n_samples=4000, output_draws=4, n_runs=0, n_sets=2)
    assert found.learners == ("posterior",)
    assert all(cell.trained is None and cell.posterior.n_draws > 0 for cell in found.cells)


def test_infinite_width_has_a_posterior_only():
    wide = TASK.wide()
    found = sweep(wide, n_runs=0)
    assert found.learners == ("posterior",)
    np.testing.assert_array_equal(found.errors("posterior"), sweep().errors("posterior"))


def test_refused_posteriors_are_counted_and_left_out():
    blind = Task(Architecture(3, (8,)), Prior(sigma_b=0.0))  # f(0) = 0 always
    found = sweep(blind, "11111110", n_runs=0, train_size=7, n_sets=6)
    refused = found.refused()[0, 0]
    fits = [0 not in found.cell(0, 0, n).training_set.indices for n in range(6)]
    assert refused.tolist() == [not good for good in fits] and refused.any()
    held = found.errors("posterior")[0, 0][~refused]
    assert len(held) == 0 or found.by_target("posterior")[0][0, 0] == pytest.approx(held.mean())
    assert "could not be drawn from in" in str(found)
    json.dumps(found.to_json(), allow_nan=False)


# Determinism and resuming


def test_workers_and_company_change_nothing(found):
    assert same(found, sweep([TASK, OTHER], n_jobs=2))
    alone = sweep(OTHER, TARGETS[1], n_sets=2)
    assert [c.to_json() for c in alone.cells] == [
        found.cell(1, 1, number).to_json() for number in range(2)
    ]
    assert not same(found, sweep([TASK, OTHER], seed=6))


def test_resuming(found, tmp_path, monkeypatch):
    measured = []

    def counted(key, settings):
        measured.append(key.name)
        return cells.measure_cell(key, settings)

    monkeypatch.setattr(sweeping, "measure_cell", counted)
    sweep(OTHER, TARGETS[:2], n_sets=2, store=tmp_path / "s")
    assert len(measured) == 4
    again = sweep([TASK, OTHER], store=tmp_path / "s")
    assert len(measured) == 18 == len(set(measured)) and same(again, found)
    (tmp_path / "s" / "cells" / f"{measured[3]}.json").unlink()
    assert same(sweep([TASK, OTHER], store=tmp_path / "s"), found)
    assert measured[18:] == [measured[3]]
    for change in ({"n_runs": 13}, {"seed": 6}, {"learning_rate": 0.5}, {"posterior": "none"}):
        with pytest.raises(ValueError, match=f"a sweep of other settings: its {[*change][0]} is"):
            sweep(store=tmp_path / "s", **change)
    monkeypatch.setattr(sweeping, "STREAM_VERSION", 2)
    with pytest.raises(ValueError, match="other settings: its stream_version is 1, not 2"):
        sweep([TASK, OTHER], store=tmp_path / "s")
    monkeypatch.undo()


def test_a_folder_of_anything_else_is_left_as_it_is(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="not a sweep's folder and not empty: 'manifest.json'"):
        sweep(store=tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["manifest.json"]
    (tmp_path / "stray" / "cells").mkdir(parents=True)
    (tmp_path / "stray" / "cells" / "mine.json").write_text("{}")
    with pytest.raises(ValueError, match="not a sweep's folder and not empty: 'mine.json'"):
        sweep(store=tmp_path / "stray")
    for path in (tmp_path / "manifest.json", tmp_path / "manifest.json" / "in"):
        with pytest.raises(ValueError, match="cannot make the folder"):
            sweep(store=path)


def test_an_interrupted_sweep_goes_on(found, tmp_path, monkeypatch):
    left = iter(range(5))

    def stopping(key, settings):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return cells.measure_cell(key, settings)

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "measure_cell", stopping)
        with pytest.raises(KeyboardInterrupt):
            sweep([TASK, OTHER], store=tmp_path)
    assert len(list((tmp_path / "cells").iterdir())) == 5
    assert same(sweep([TASK, OTHER], store=tmp_path), found)


def test_damaged_folders(tmp_path):
    sweep(targets=TARGETS[0], n_sets=2, store=tmp_path / "s")
    file = sorted((tmp_path / "s" / "cells").iterdir())[0]
    good = file.read_text()
    record = json.loads(good)
    record["cell"]["training_set"] = TrainingSet([0], [1]).to_json()
    for text, message in (
        (good[:20], "cut short or not JSON"),
        ("{}", "not part of a sweep"),
        (good.replace('"format_version": 1', '"format_version": 9'), "format_version"),
        (good.replace('"cell": ', '"cells": '), "lacks its cell"),
        (good.replace('"trained"', '"taught"'), "is damaged"),
        (json.dumps(record), "another training set"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            sweep(targets=TARGETS[0], n_sets=2, store=tmp_path / "s")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty: 'notes.txt'"):
        sweep(store=tmp_path / "full")
    with pytest.raises(ValueError, match="cannot make the folder"):
        SweepFolder(tmp_path / "full" / "notes.txt", {})


def test_records_come_back(found):
    for cell in found.cells:
        assert SweepCell.from_json(json.loads(json.dumps(cell.to_json()))) == cell
    nothing = Learned(error=math.nan, standard_error=math.nan, n_draws=0, refused="too hard")
    again = Learned.from_json(nothing.to_json())
    assert math.isnan(again.error) and again.refused == "too hard"
    settings = found.settings
    assert type(settings).from_json(json.loads(json.dumps(settings.to_json()))) == settings


# Averages and what is printed


def test_means_and_intervals():
    from scipy import stats

    values = np.array([[0.1, 0.2, 0.4], [0.5, np.nan, 0.7]])
    mean, low, high = mean_interval(values, level=0.9)
    for row in range(2):
        held = values[row][np.isfinite(values[row])]
        wanted = stats.t.interval(0.9, len(held) - 1, held.mean(), stats.sem(held))
        assert mean[row] == pytest.approx(held.mean())
        clipped = np.clip(wanted, 0.0, 1.0)
        assert (low[row], high[row]) == pytest.approx(tuple(clipped))
    assert mean_error(values)[1][0] == pytest.approx(stats.sem(values[0]))
    assert np.isnan(mean_interval([0.3])[1])


def test_curves(found):
    curve = found.by_complexity("trained")
    errors, k = found.errors("trained"), found.k
    assert curve.k.tolist() == sorted(set(k.tolist())) and curve.n_targets.sum() == 3
    for j, value in enumerate(curve.k):
        inside = errors[:, k == value].mean(axis=2)
        np.testing.assert_allclose(curve.mean[:, j], inside.mean(axis=1))
        if inside.shape[1] == 1:
            low = mean_interval(errors[:, k == value][:, 0])[1]
        else:
            low = mean_interval(inside)[1]
        np.testing.assert_allclose(curve.low[:, j], low)


def test_trend():
    from scipy.stats import spearmanr

    def cell(error):
        learnt = Learned(error=error, standard_error=0.01, n_draws=1, k=(1.0,), counts=(1,))
        return SweepCell(training_set=TrainingSet([0], [0]), trained=learnt, posterior=None)

    base = sweep(targets=[f"0{i:07b}" for i in range(10)], n_sets=2, posterior="none", n_runs=1)
    errors = np.array([0.1, 0.3, 0.2, 0.4, 0.5, 0.45, 0.5, 0.2, 0.35, 0.3])
    made = TargetSweep(
        tasks=base.tasks,
        labels=base.labels,
        targets=base.targets,
        n_sets=2,
        settings=base.settings,
        cells=tuple(cell(e + d) for e in errors for d in (-0.01, 0.01)),
    )
    rho, low, high = made.trend("trained")
    assert rho[0] == pytest.approx(spearmanr(made.k, errors).statistic)
    assert low[0] < rho[0] < high[0]
    few = sweep(targets=TARGETS[:2], n_sets=2, posterior="none", n_runs=1)
    assert np.isnan(few.trend("trained")[0]).all()
    three = sweep(targets=TARGETS, n_sets=2, posterior="none", n_runs=1)
    rho, low, high = three.trend("trained")
    assert np.isfinite(rho).all() and np.isnan(low).all() and np.isnan(high).all()


def test_what_is_printed_and_recorded(found):
    text = str(found)
    assert "\nK: k_lz, bits; learnt K: its mean; T: ones of the targets; 95% intervals" in text
    assert max(map(len, text.splitlines())) <= 160
    assert "sigma_w = 1" in text and "sigma_w = 3" in text and "nearest neighbour" in text
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert len(record["cells"]) == 18 == len(found.rows())
    row = found.rows()[-1]
    assert (row["task"], row["target"], row["set"]) == ("sigma_w = 3", "0x69", 2)
    assert row["trained_error"] == found.errors("trained")[1, 2, 2]
    assert record["by_complexity"]["posterior"]["k"] == found.by_complexity("posterior").k.tolist()
    assert record["targets"][0]["function"] == "0x0f" and record["unbiased_error"] == 0.5


def test_labels():
    nets = [Task(Architecture(3, (8,), activation=a)) for a in ("relu", "tanh")]
    assert task_labels(nets) == ("relu", "tanh")
    assert task_labels(nets[:1]) == ("relu, sigma_w = 1",)
    uniform = Task(Architecture(3, (8,)), Prior(distribution="uniform"))
    assert task_labels([TASK, uniform])[1].startswith("task 2: ")


# Bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": "task"}, "task must be a Task"),
        ({"tasks": 3}, "tasks must be a Task or several"),
        ({"tasks": []}, "at least one Task"),
        ({"tasks": [TASK, OTHER, TASK]}, "tasks must be distinct"),
        ({"tasks": [TASK, Task(Architecture(2, (8,)))]}, "as many inputs"),
        ({"tasks": Task(Architecture(3, (math.inf,)))}, "needs finite hidden widths"),
        ({"targets": []}, "at least one function"),
        ({"targets": ["00001111", "0x0f"]}, "distinct functions"),
        ({"targets": "0011"}, "m"),
        ({"targets": [Target(name="a", function="0011", k=1.0)]}, "has 4 inputs"),
        ({"train_size": 0}, "train_size"),
        ({"train_size": 8}, "train_size must be at least 1 and at most 7"),
        ({"n_sets": 1}, "n_sets"),
        ({"n_runs": -1}, "n_runs"),
        ({"n_runs": 0, "posterior": "none"}, "leave no learner"),
        ({"posterior": "exact"}, "posterior must be one of"),
        ({"n_samples": 0}, "n_samples"),
        ({"output_draws": 2}, "goes with posterior = 'rejection'"),
        ({"posterior": "rejection", "output_draws": 7}, "multiple of output_draws"),
        ({"stop": ("zero_error", "epochs=3")}, "one stopping point"),
        ({"measure": "k_l"}, "measure must be one of"),
        ({"labels": ["a", "b"]}, "labels must be one a task"),
        ({"labels": 3}, "labels must be one a task"),
        ({"seed": -1}, "seed"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"batch_size": 5}, "batch_size must be at most the 4"),
        ({"momentums": 0.5}, "a setting of training must be one of"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(ValueError, match=message):
        sweep(**changes)


def test_what_a_sweep_does_not_hold(found):
    with pytest.raises(ValueError, match="learner must be one of"):
        found.errors("unbiased")
    with pytest.raises(ValueError, match="learner must be one of"):
        sweep(posterior="none", n_runs=1).refused()
    with pytest.raises(ValueError, match="level"):
        found.by_complexity("trained", level=1.0)
    sign = Task(Architecture(3, (8,), activation="sign"))
    with pytest.raises(ValueError, match="no derivative"):
        sweep(sign)
    perceptron = Task(Architecture(3))
    with pytest.raises(ValueError, match="say posterior = 'infinite'"):
        sweep(perceptron, posterior="rejection")
