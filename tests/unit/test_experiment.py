"""The whole experiment: its parts are the direct calls, kept and gone on with; every refusal."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from priorvol import Architecture, Prior, Task, TrainingSet, bits, posterior, train_ensemble
from priorvol.comparison import compare, compare_settings, functions_to_estimate
from priorvol.experiments import experiment, running, save_figures, save_results, setting_grid
from priorvol.experiments.sampling import FEWEST_CHAINS, MOST_CHAINS, Proposals, chains
from priorvol.experiments.seeds import part_seed
from priorvol.experiments.settings import Setting, read_settings, setting_names
from priorvol.posterior_of_functions import posterior_estimates
from priorvol.rejection import acceptance
from priorvol.result import Estimate
from priorvol.store.experiments import read_estimates, write_estimates

TARGET = "0011001100110011"
TASK = Task(Architecture(4, (6,)), Prior(sigma_b=0.5))
S = TrainingSet.of_function(TARGET, [0, 3, 5, 6, 10, 12])
SETTINGS = setting_grid(batch_size=(2, None), learning_rate=0.2, stop=("zero_error", "epochs=0"))
NUMBERS = {"n_permutations": 19, "n_bootstrap": 0, "n_ceiling": 0, "seed": 5}
OPTIONS = {
    "target": TARGET,
    "settings": SETTINGS,
    "n_runs": 300,
    "n_posterior": 3000,
    "estimates": ("ep", "orthant"),
    "n_estimates": 30,
    "n_jobs": 1,
    "progress": False,
    **NUMBERS,
}


@pytest.fixture(scope="module")
def found():
    return experiment(TASK, S, **OPTIONS)


def same(a, b):
    """Whether two experiments hold the same draws, estimates and comparisons."""
    assert a.tables == b.tables and a.samples.tables == b.samples.tables
    assert a.to_json()["settings"] == b.to_json()["settings"]
    assert a.columns() == b.columns()
    for name in a.estimates:
        assert [each.log_p for each in a.estimates[name]] == [
            each.log_p for each in b.estimates[name]
        ]


def test_training_is_that_of_train_ensemble(found):
    assert list(found.tables) == [
        "sgd, batch 2: zero_error",
        "sgd, batch 2: epochs=0",
        "sgd, batch all: zero_error",
        "sgd, batch all: epochs=0",
    ]
    for setting, ensemble in zip(SETTINGS, found.ensembles.values(), strict=True):
        how = setting.configuration.to_json()
        seed = part_seed(5, f"training, {sorted(how.items())}")
        wanted = train_ensemble(
            TASK, S, n_runs=300, stop=setting.stop, seed=seed, n_jobs=1, progress=False, **how
        )
        assert ensemble.tables == wanted.tables and ensemble.tally == wanted.tally
    assert found.fitting("sgd, batch 2: zero_error").p == 1.0
    start = found.tables["sgd, batch 2: epochs=0"]
    share = start.counts[S.fits(start)].sum() / 300
    assert 0 < share < 1 and found.fitting("sgd, batch 2: epochs=0").p == pytest.approx(share)


def test_sampling_is_that_of_posterior(found):
    tables, evidence = found.samples.tables, found.samples.evidence
    assert list(tables) == ["rejection", "infinite width"] and not found.samples.omitted
    n = evidence.n_samples
    wanted = posterior(
        TASK, S, n_proposals=n, output_draws=1, seed=part_seed(5, "rejection"), n_jobs=1
    )
    assert tables["rejection"] == wanted and evidence == acceptance(wanted)
    assert 2500 < wanted.n_samples < 3500
    wide = posterior(TASK.wide(), S, n_samples=3000, seed=part_seed(5, "infinite width"), n_jobs=1)
    assert tables["infinite width"] == wide
    assert found.reference == "rejection"


def test_draws_in_groups_come_in_halves_that_are_held_against_each_other():
    arguments = {"n_posterior": 2000, "output_draws": 1000, "estimates": ()}
    found = experiment(TASK, S, **(OPTIONS | arguments | {"settings": SETTINGS[:1]}))
    first, second = found.samples.halves["rejection"]
    assert found.samples.tables["rejection"] == first + second
    assert first.provenance != second.provenance and first != second
    assert abs(first.provenance.spans[0].size - second.provenance.spans[0].size) <= 1
    assert found.settings.null is not None
    null = next(iter(found.comparisons.values())).null_a
    assert null is not None and null.equality.p_value > 1e-4
    few = experiment(
        TASK, S, **(OPTIONS | arguments | {"n_posterior": 20, "settings": SETTINGS[:1]})
    )
    assert not few.samples.halves


def test_estimates_are_those_of_posterior_estimates(found):
    every = {**found.samples.tables, **found.tables}
    words = [functions_to_estimate(t, max_functions=5, seed=5) for t in every.values()]
    chosen = {each.tobytes() for each in np.concatenate([*words, found.target[None]])}
    assert {each.tobytes() for each in found.functions} == chosen
    assert len(found.functions) == len(chosen)
    np.testing.assert_array_equal(found.functions[0], found.target)
    for method, estimates in found.estimates.items():
        how = {"relative_error": 0.02} if method == "orthant" else {}
        how |= {"method": method, "seed": part_seed(5, method), "n_jobs": 1}
        wanted = posterior_estimates(TASK.wide(), S, found.functions, **how)
        assert [each.log_p for each in estimates] == [each.log_p for each in wanted]
    unfit = ~S.fits(found.functions, m=16)
    assert unfit.any()
    for method in found.estimates:
        columns = found.columns()[f"log_p {method}"]
        assert [value is None for value in columns] == unfit.tolist()


def test_comparisons_are_those_of_compare(found):
    reference = found.samples.tables["rejection"]
    how = {"target": TARGET, "training_set": S} | NUMBERS
    wanted = compare_settings(reference, found.tables, name="rejection", **how)
    assert found.settings.to_json() == wanted.to_json()
    for name, comparison in found.comparisons.items():
        direct = compare(reference, found.tables[name], names=("rejection", "training"), **how)
        assert comparison.to_json() == direct.to_json()
        assert comparison.p_value == found.settings[name].agreement.equality.p_value
    wide = found.samples.tables["infinite width"]
    direct = compare(reference, wide, names=("rejection", "infinite width"), **how)
    assert found.widths.to_json() == direct.to_json()
    name = "sgd, batch all: zero_error"
    direct = compare(
        found.tables[name],
        found.estimates["ep"],
        functions=found.functions,
        names=("training", "ep"),
        **NUMBERS | {"n_permutations": 0},
    )
    assert found.against_estimates[name, "ep"].to_json() == direct.to_json()


def test_the_columns_are_the_tables(found):
    columns = found.columns()
    table = found.tables["sgd, batch 2: zero_error"]
    for i, word in enumerate(found.functions):
        text = bits.to_text(word[None], 16)[0]
        test = "".join(text[j] for j in S.held_out(16))
        assert columns["test_bits"][i] == test
        wanted = sum(text[j] != TARGET[j] for j in S.held_out(16))
        assert columns["wrong"][i] == wanted
        place = table.index(word)
        count = 0 if place is None else table.counts[place]
        assert columns["count sgd, batch 2: zero_error"][i] == count
    assert columns["wrong"][0] == 0


def test_one_setting_does_not_change_another(found):
    alone = experiment(TASK, S, **OPTIONS | {"settings": SETTINGS[1], "estimates": ()})
    assert list(alone.tables) == ["sgd: zero_error", "sgd: epochs=0"]
    assert list(alone.tables.values()) == list(found.tables.values())[2:]
    assert alone.samples.tables == found.samples.tables
    assert not alone.estimates and not alone.against_estimates
    other = experiment(TASK, S, **OPTIONS | {"settings": SETTINGS[1], "estimates": (), "seed": 6})
    assert other.tables != alone.tables and other.samples.tables != alone.samples.tables


def test_it_goes_on_after_every_interruption(found, tmp_path, monkeypatch):
    store = tmp_path / "a"

    def stop(*arguments, **options):
        raise KeyboardInterrupt

    done = []
    for name in ("sample_posterior", "_functions", "posterior_estimates"):
        where = running if name != "posterior_estimates" else None
        with monkeypatch.context() as patch:
            if where is None:
                patch.setattr("priorvol.posterior_of_functions.posterior_estimates", stop)
            else:
                patch.setattr(where, name, stop)
            with pytest.raises(KeyboardInterrupt):
                experiment(TASK, S, store=store, **OPTIONS)
        done.append(sorted(path.name for path in store.iterdir()))
    assert done == [
        ["experiment.json", "training"],
        ["experiment.json", "rejection", "training", "wide"],
        ["experiment.json", "rejection", "training", "wide"],
    ]
    same(experiment(TASK, S, store=store, **OPTIONS), found)
    with monkeypatch.context() as patch:  # nothing is estimated again
        patch.setattr("priorvol.posterior_of_functions.posterior_estimates", stop)
        same(experiment(TASK, S, store=store, **OPTIONS), found)
    next((store / "wide").glob("*.rows.npy")).unlink()
    with pytest.raises(ValueError, match="wide"):
        experiment(TASK, S, store=store, **OPTIONS)


def test_a_folder_takes_more_runs_and_settings_but_no_other_experiment(tmp_path):
    few = OPTIONS | {"settings": SETTINGS[:1], "estimates": (), "n_runs": 30, "n_posterior": 1000}
    store = tmp_path / "a"
    experiment(TASK, S, store=store, **few)
    more = experiment(TASK, S, store=store, **few | {"settings": SETTINGS, "n_runs": 50})
    assert [table.n_samples for table in more.tables.values()] == [50] * 4
    with pytest.raises(ValueError, match="more than n_runs = 40"):
        experiment(TASK, S, store=store, **few | {"n_runs": 40})
    other = TARGET[:-1] + "0"
    for change, field in (({"seed": 6}, "seed"), ({"target": other}, "target")):
        with pytest.raises(ValueError, match=f"another experiment: {field} = .*, not "):
            experiment(TASK, S, store=store, **few | change)
    with pytest.raises(ValueError, match="about = '', not 'other data'"):
        experiment(TASK, S, store=store, about="other data", **few)
    with pytest.raises(ValueError, match="another experiment: .* = .*, not "):
        experiment(Task(Architecture(4, (7,))), S, store=store, **few)
    record = store / "experiment.json"
    for text, message in (
        ("{", "is cut short or not JSON"),
        ("[]", "is not the record of an experiment"),
        ("{}", "is not the record of an experiment"),
        (record.read_text().replace('version": 1', 'version": 9'), "format_version must"),
    ):
        record.write_text(text)
        with pytest.raises(ValueError, match=message):
            experiment(TASK, S, store=store, **few)
    record.unlink()
    with pytest.raises(ValueError, match="holds no experiment and is not empty"):
        experiment(TASK, S, store=store, **few)


def test_rejection_is_left_out_where_too_few_fit():
    quick = OPTIONS | {"settings": SETTINGS[:1], "estimates": (), "n_runs": 30}
    found = experiment(TASK, S, **quick | {"n_proposals": 3000})
    assert found.samples.omitted["rejection"].startswith("only ")
    assert found.samples.omitted["rejection"].endswith(" of 3,000 functions of the prior fit")
    assert found.reference == "infinite width" and found.widths is None
    assert f"rejection is left out: {found.samples.omitted['rejection']}" in str(found)
    assert str(found).endswith("the width is part of the difference.")
    rng = np.random.default_rng(0)
    word = rng.integers(2, size=32).astype(bool)
    hard = TrainingSet.of_function(word, range(22))
    slow = quick | {"settings": {"max_epochs": 5}, "n_proposals": 3e6, "n_posterior": 100}
    found = experiment(Task(Architecture(5, (6,))), hard, **slow | {"target": word})
    assert "at infinite width by expectation propagation" in found.samples.omitted["rejection"]
    table = found.samples.tables["infinite width"]
    assert (table.n_samples, table.source.output_draws) == (100, 1)
    assert found.ensembles["sgd"].not_reached() > 0
    assert found.fitting("sgd: zero_error").p < 1


def test_where_there_is_no_limit_of_infinite_width():
    prior = Prior(distribution=("uniform", "gaussian"))
    task = Task(TASK.architecture, prior)
    found = experiment(task, S, **OPTIONS | {"settings": SETTINGS[:1], "n_runs": 30})
    assert found.reference == "rejection" and set(found.samples.omitted) == {"infinite width"}
    assert set(found.omitted) == {"ep", "orthant"} and not found.estimates
    assert "ep is left out:" in str(found)
    few = OPTIONS | {"settings": SETTINGS[:1], "n_runs": 30, "n_proposals": 1000}
    nothing = experiment(task, S, **few)
    assert nothing.reference is None and nothing.settings is None
    assert not nothing.comparisons and not nothing.told_apart()
    assert "nothing is said of the two as a whole" in str(nothing)


def test_perceptrons_are_drawn_directly():
    task = Task(Architecture(4))
    found = experiment(task, S, **OPTIONS | {"settings": SETTINGS[:1], "n_runs": 30})
    assert list(found.samples.tables) == ["posterior"] == [found.reference]
    assert found.samples.evidence is None and found.widths is None


def test_ways_of_drawing_from_the_prior():
    uniform = Task(Architecture(4, (6,)), Prior(distribution=("gaussian", "uniform")))
    asked = Proposals.asked(TASK, 100, None, None)
    assert asked.settled(TASK, lambda: True) == Proposals(100, 1, None)
    assert asked.settled(TASK, lambda: False) == Proposals(8192, 8192, 8)
    assert asked.settled(uniform, lambda: False) == Proposals(100, 50, None)
    fixed = Proposals.asked(TASK, 101, 4, None)
    assert fixed == Proposals(104, 4, None) == fixed.settled(TASK, lambda: True)
    assert Proposals.asked(TASK, 1, None, 4) == Proposals(4096, 4096, 4)
    with pytest.raises(ValueError, match="angles need Gaussian parameters"):
        Proposals.asked(uniform, 100, None, 8)


def with_p_values(found, values, difference=(math.nan, math.nan, math.nan)):
    rows = []
    for row, p in zip(found.settings, values, strict=True):
        equality = replace(row.agreement.equality, p_value=p)
        agreement = replace(row.agreement, equality=equality)
        rows.append(replace(row, agreement=agreement, difference=difference))
    return replace(found, settings=replace(found.settings, rows=tuple(rows)))


def test_the_smaller_of_two_p_values_counts_twice(found):
    half = 1.959963984540054
    difference = (2.0, 2.0 - half, 2.0 + half)  # two standard errors of 1
    p = with_p_values(found, (0.5, 0.001, math.nan, 0.9), difference).p_values()
    two = 0.04550026389635842
    assert list(p.values()) == pytest.approx([2 * two, 0.002, two, 2 * two], rel=1e-9)
    p = with_p_values(found, (0.5, 0.7, math.nan, 0.9)).p_values()
    assert list(p.values()) == pytest.approx([0.5, 0.7, math.nan, 0.9], nan_ok=True)
    row = found.settings.rows[0]
    assert found.p_values()[row.label] <= min(2 * row.agreement.equality.p_value, 1.0)


@pytest.mark.parametrize("steps", [32, 512, 4096, 1 << 13, 1 << 14, 1 << 16])
@pytest.mark.parametrize("wanted", [100, 100_000, 10_000_000])
def test_chains_are_enough(steps, wanted):
    number, length = chains(wanted, steps)
    assert number % length == 0
    if number - length >= wanted:  # no more than there must be
        assert number // length <= MOST_CHAINS
    assert number >= wanted and number // length >= FEWEST_CHAINS and 32 <= length <= steps


def test_holm_names_rows_at_one_level_together(found):
    def apart(*values):
        return list(with_p_values(found, values).told_apart().values())

    assert apart(0.012, 0.016, 0.024, 0.049) == [True, True, True, True]
    assert apart(0.049, 0.012, 0.02, 0.04) == [False, True, False, False]
    assert apart(0.013, 0.001, 0.2, 0.001) == [True, True, False, True]
    assert apart(math.nan, 0.016, math.nan, 0.03) == [True, True]
    assert apart(math.nan, 0.026, math.nan, 0.03) == [False, False]


def test_what_is_saved(found, tmp_path):
    first = next(iter(found.comparisons))
    small = replace(
        found,
        comparisons={first: found.comparisons[first]},
        estimates={"ep": found.estimates["ep"]},
        against_estimates={(first, "ep"): found.against_estimates[first, "ep"]},
    )
    one = replace(small, comparisons={}, settings=None, widths=None)
    files = save_results(small, tmp_path) + save_figures(one, tmp_path)
    names = [file.name for file in files]
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
    assert {"report.txt", "estimates.png", "estimates.pdf"} <= set(names)
    assert (tmp_path / "report.txt").read_text() == f"{small}\n"
    record = json.loads((tmp_path / "results.json").read_text())
    assert record == json.loads(json.dumps(small.to_json()))
    assert record["told_apart"] == found.told_apart()
    with (tmp_path / "functions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    columns = found.columns()
    assert [row["function"] for row in rows] == columns["function"]
    read = [float(row["log_p ep"]) if row["log_p ep"] else None for row in rows]
    assert read == columns["log_p ep"]
    with (tmp_path / "settings.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == list(found.tables)
    row = found.settings.rows[0]
    assert float(rows[0]["error"]) == row.error.mean and rows[0]["batch_size"] == "2"
    assert float(rows[0]["fit"]) == 1.0 and rows[0]["pearson_low"] == ""
    with pytest.raises(ValueError, match="an Experiment is wanted, got int"):
        save_results(3, tmp_path)
    with pytest.raises(ValueError, match="cannot write"):
        save_results(small, tmp_path / "missing")


def test_the_report_says_what_was_measured(found):
    text = str(found)
    tables, _, verdict = text.rpartition("\n\n")
    assert max(map(len, tables.splitlines())) <= 160 and "told apart" in verdict
    assert "6 training inputs, 3 of them labelled 1; 10 test inputs; target 0011" in text
    assert "P_B at infinite width against finite width" in text
    assert "of 4 cases (by all functions or by mean test errors; Holm's correction, 5%)" in text
    p = found.samples.tables["rejection"].probability(TARGET).p
    assert f"{p:.4g} [" in text
    assert "nearest neighbour" in text and "infinitely wide networks" not in text


def test_settings():
    grid = setting_grid(optimizer=("sgd", "adam"), loss=("mse", "cross_entropy"), momentum=0.0)
    assert setting_names(grid) == [
        "sgd, mse",
        "sgd, cross_entropy",
        "adam, mse",
        "adam, cross_entropy",
    ]
    assert len({setting.folder for setting in grid}) == 4
    for setting in grid:
        assert Setting.of(setting.to_json()) == setting
    rates = setting_grid(learning_rate=(0.1, 0.2), weight_decay=(0.0, 1e-3))
    assert setting_names(rates)[1] == "sgd, lr 0.1, weight decay 0.001"
    start = read_settings([{"initialization": Prior(sigma_b=0.0)}, {}])
    assert len(set(setting_names(start))) == 2
    assert read_settings({"optimizer": "adam"}) == (Setting.of({"optimizer": "adam"}),)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "at least one setting"),
        ("sgd", "settings must be a list of mappings"),
        (3, "settings must be a list of mappings"),
        (["sgd"], "a setting must be a mapping such as"),
        ([{"optimiser": "sgd"}], "did you mean 'optimizer'"),
        ([{"stop": "never"}], "a stopping point must be"),
        ([{"stop": "zero_error"}, {"stop": "epochs=3"}], "twice: give its stopping points in one"),
        ([{"batch_size": 7}], "batch_size must be at most the 6 training inputs"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        experiment(TASK, S, **OPTIONS | {"settings": settings})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "0011"}, "m = 16"),
        ({"target": "1" * 16}, "target does not have the labels of the training set"),
        ({"n_runs": 19}, "n_runs must be at least 20"),
        ({"n_posterior": 10}, "n_posterior must be at least 20"),
        ({"n_proposals": 0}, "n_proposals must be at least 1"),
        ({"output_draws": 0}, "output_draws must be"),
        ({"angles": 5}, "angles must be one of"),
        ({"estimates": ("ep", "exact")}, "estimates must be one of 'ep', 'orthant'"),
        ({"estimates": ("ep", "ep")}, "names a method twice"),
        ({"estimates": 3}, "estimates must be some of"),
        ({"n_estimates": 0}, "n_estimates must be at least 1"),
        ({"level": 1.0}, "level must be"),
        ({"seed": -1}, "seed must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"about": 3}, "about must be a text"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        experiment(TASK, S, **OPTIONS | change)


def test_bad_tasks():
    with pytest.raises(ValueError, match="trains networks of finite width"):
        experiment(TASK.wide(), S, **OPTIONS)
    with pytest.raises(ValueError, match="none is left to test on"):
        experiment(TASK, TrainingSet.of_function(TARGET, range(16)), **OPTIONS)
    with pytest.raises(ValueError, match="index 9, but there are m = 8"):
        experiment(Task(Architecture(3, (4,))), TrainingSet([9], [1]), **OPTIONS)


def test_estimates_are_kept_as_they_are(tmp_path):
    nothing = {"low": math.nan, "high": math.nan, "standard_error": math.nan}
    zero = {"low": -math.inf, "high": -math.inf, "standard_error": math.nan}
    common = {"level": 0.9, "method": "m", "quantity": "P(f)"}
    given = [
        Estimate(log_p=-1.5, **nothing, **common),
        Estimate(log_p=-math.inf, **zero, **common, diagnostics={"a": -math.inf, "b": "text"}),
        Estimate(log_p=-0.1 / 3, standard_error=1 / 7, low=-1.0, high=0.0, n_samples=3, **common),
    ]
    write_estimates(tmp_path / "a" / "e.json", {"seed": 1}, given)
    held = read_estimates(tmp_path / "a" / "e.json", {"seed": 1})
    assert repr(held) == repr(given)
    assert read_estimates(tmp_path / "a" / "e.json", {"seed": 2}) is None
    (tmp_path / "a" / "e.json").write_text('{"key": {"seed": 1}, "estimates": [{}]}')
    with pytest.raises(ValueError, match="e.json is damaged"):
        read_estimates(tmp_path / "a" / "e.json", {"seed": 1})
