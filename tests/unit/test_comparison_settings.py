"""`compare_settings`: rows, order, groups, printing and bad input."""

import json
import math

import numpy as np
import pytest
from drawn import table_of, task_on

from priorvol.comparison import compare, compare_settings, settings_of
from priorvol.comparison.log_ratio import log_ratio
from priorvol.sources import PosteriorSampling, TrainingRuns
from priorvol.table import FunctionTable
from priorvol.training.configuration import TrainingConfiguration
from priorvol.training_set import TrainingSet

S = TrainingSet([0], [0])
NAMES = ["0000", "0001", "0010", "0100", "0111"]
QUICK = {"n_permutations": 19, "n_bootstrap": 20, "n_ceiling": 10}
TARGET = "0001"


def runs(counts, stop="zero_error", **settings):
    record = TrainingConfiguration(**settings).to_json()
    return FunctionTable(
        NAMES, counts, task=task_on(4), source=TrainingRuns(S, record, stop, "x" * 8)
    )


REFERENCE = FunctionTable(
    NAMES, [400, 300, 200, 100, 50], task=task_on(4), source=PosteriorSampling(S, "rejection")
)
TABLES = {
    "sgd, 8": runs([410, 290, 200, 90, 60], batch_size=8),
    "sgd, 1": runs([300, 500, 150, 70, 30], batch_size=1, stop="zero_error+64"),
    "adam": runs([200, 500, 200, 80, 20], optimizer="adam"),
}


@pytest.fixture(scope="module")
def found():
    return compare_settings(REFERENCE, TABLES, target=TARGET, name="Bayes", **QUICK)


def test_a_row_is_what_compare_says(found):
    for label, table in TABLES.items():
        alone = compare(REFERENCE, table, target=TARGET, **QUICK)
        assert found[label].agreement == alone.agreement
        assert found[label].error.mean == alone.errors.b.mean
        ends = alone.errors.difference, alone.errors.difference_low, alone.errors.difference_high
        assert found[label].difference == ends
        assert found[label].target == table.probability(TARGET)
    assert found.null == alone.null_a
    assert found.reference_error.mean == alone.errors.a.mean
    assert found.reference_target == REFERENCE.probability(TARGET)
    assert found.n_test == 3


def test_settings_come_from_the_sources(found):
    assert found["sgd, 8"].settings["batch_size"] == 8
    assert found["adam"].settings["batch_size"] == "all"
    assert found["adam"].settings["stop"] == "zero_error"
    assert found["adam"].settings["network"] == "1-1 perceptron"
    varying = {"optimizer", "learning_rate", "batch_size", "stop", "beta1", "beta2", "epsilon"}
    assert set(found.varying) == varying
    assert settings_of(REFERENCE)["method"] == "rejection"


def test_rows_are_sorted_and_grouped(found):
    assert [row.label for row in found.sorted_by("target")] == ["sgd, 8", "sgd, 1", "adam"]
    by_size = found.sorted_by("batch_size", descending=True)
    assert [row.label for row in by_size] == ["adam", "sgd, 8", "sgd, 1"]
    by_two = found.sorted_by("optimizer", "batch_size")
    assert [row.label for row in by_two] == ["adam", "sgd, 1", "sgd, 8"]
    last = found.sorted_by("beta1", descending=True)
    assert last.rows[0].label == "adam"
    groups = found.grouped_by("optimizer")
    assert {key: len(each) for key, each in groups.items()} == {"sgd": 2, "adam": 1}
    for column in ("label", "draws", "pearson", "slope", "spread", "ratio", "total_variation"):
        assert len(found.sorted_by(column)) == 3
    for column in ("jensen_shannon", "p_value", "error"):
        assert len(found.sorted_by(column)) == 3


def test_it_prints_and_is_json(found):
    text = str(found)
    for part in ("Bayes: 1,050 draws", "halves of Bayes", "ln ratio: spread", "batch size", "stop"):
        assert part in text
    assert "all: network 1-1 perceptron, prior sigma_w=1, sigma_b=1, loss cross_entropy\n" in text
    assert "error on 3 test inputs" in text
    assert "beta1" not in text  # it goes with the optimiser
    assert max(map(len, text.splitlines()[2:])) < 125
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [row["label"] for row in record["rows"]] == list(TABLES)
    assert record["rows"][0]["settings"]["batch_size"] == 8
    assert record["rows"][1]["target"]["log_p"] == pytest.approx(math.log(500 / 1050))
    assert record["reference"]["null"]["draws"][0] < 1050
    assert record["target"] == TARGET


def test_without_a_target_there_are_no_errors():
    found = compare_settings(REFERENCE, TABLES, n_permutations=0, n_bootstrap=0, n_ceiling=0)
    assert found.n_test is None
    assert all(row.error is None and math.isnan(row.difference[0]) for row in found)
    assert "test inputs" not in str(found)
    assert math.isfinite(found["adam"].agreement.concordance.log_ratio.sd)
    json.dumps(found.to_json(), allow_nan=False)


def test_shared_draws_are_named():
    rng = np.random.default_rng(0)
    drawn = [[format(i, "03b")] for i in rng.integers(0, 8, 90)]
    a, b = table_of(drawn[:60], 3), table_of(drawn[30:], 3, start=30)
    found = compare_settings(a, {"b": b, "c": table_of(drawn, 3, seed=1)}, **QUICK)
    assert [row.n_shared for row in found] == [30, 0]
    assert "Not independent of reference (the same random numbers): b." in str(found)


def test_the_log_ratio_of_what_is_known_exactly():
    d = np.array([0.1, -0.3, 0.2, 0.7])
    found = log_ratio(d, np.zeros(4), 0.95)
    assert (found.mean, found.mean_low, found.mean_high) == pytest.approx((d.mean(),) * 3)
    assert (found.sd, found.sd_low, found.sd_high) == pytest.approx((d.std(ddof=1),) * 3)
    noise_only = log_ratio(d, np.full(4, 1e3), 0.95)
    assert (noise_only.sd, noise_only.sd_low) == (0.0, 0.0)
    assert "-" in str(log_ratio(d[:2], np.zeros(2), 0.95))


@pytest.mark.parametrize(
    "reference, tables, options, message",
    [
        ("x", TABLES, {}, "reference must be a FunctionTable, got str"),
        (REFERENCE, {}, {}, "tables must be a mapping"),
        (REFERENCE, [REFERENCE], {}, "tables must be a mapping"),
        (REFERENCE, {1: REFERENCE}, {}, "names of tables must be texts, got 1"),
        (REFERENCE, {"x": 3}, {}, "x must be a FunctionTable, got int"),
        (REFERENCE, {"x": (REFERENCE,) * 2}, {}, "x must be a FunctionTable, got tuple"),
        (REFERENCE, {"x": FunctionTable.from_counts(["00"], [50])}, {}, "m = 4 and m = 2"),
        (REFERENCE, {"x": FunctionTable.from_counts(["0000"], [9])}, {}, "x needs at least 20"),
        (REFERENCE, TABLES, {"name": ""}, "name must be a text"),
        (REFERENCE, TABLES, {"level": 0}, "level must be"),
        (REFERENCE, TABLES, {"n_ceiling": -1}, "n_ceiling must be"),
        (REFERENCE, TABLES, {"target": "1000"}, "labels of the"),
        (REFERENCE, TABLES, {"training_set": TrainingSet([1], [0])}, "is not the one"),
    ],
)
def test_bad_input(reference, tables, options, message):
    with pytest.raises(ValueError, match=message):
        compare_settings(reference, tables, **(QUICK | options))


def test_unknown_columns_and_labels(found):
    for wrong in (lambda: found.sorted_by("colour"), lambda: found["x"], lambda: found.sorted_by()):
        with pytest.raises(ValueError, match="must be|wanted"):
            wrong()
    with pytest.raises(ValueError, match="setting must be"):
        found.grouped_by("draws")
    with pytest.raises(ValueError, match="must be a FunctionTable"):
        settings_of(3)
