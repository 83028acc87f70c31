"""Functions of Gaussian laws: factors, tables, their sources, and what is refused."""

import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.special import ndtr

from priorvol import load_run
from priorvol.architecture import Architecture, Prior
from priorvol.collector import check_span, collect, forecast, iter_collect
from priorvol.gaussian import GaussianLaw
from priorvol.gaussian_functions import factorise, law_table, task_factor
from priorvol.infinite.covariance import output_law
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK, generator
from priorvol.sampler import sample_span
from priorvol.sources import GaussianProcess, PriorSampling
from priorvol.table import add_all
from priorvol.task import Task

INF = math.inf
TASKS = {
    "relu": Task(Architecture(4, (INF, INF)), Prior(sigma_b=0.2)),
    "no bias": Task(Architecture(3, (INF,)), Prior(sigma_b=0.0)),
    "odd": Task(
        Architecture(3, (INF,), activation="tanh"), Prior(sigma_b=0.0), boolean_cube(3, "pm1")
    ),
    "points": Task(
        Architecture(2, (INF,)), inputs=array_inputs([[0, 0], [1, 2], [1, 2.5], [0.5, 1]])
    ),
}
TASK = TASKS["relu"]
SOURCE = GaussianProcess({"name": "test"})


def law_of(m, seed=0, mean=True):
    dice = generator(seed, "law")
    rows = dice.standard_normal((m, m))
    return GaussianLaw(rows @ rows.T, dice.standard_normal(m) if mean else np.zeros(m))


def assert_same(a, b):
    assert a == b
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.t_counts, b.t_counts)


def recovered(factor):
    """Covariance of the outputs in units of their deviations, by input; 0 where fixed."""
    rows = np.vstack([factor.factor, np.zeros(factor.rank)])  # place -1: the row of zeros
    h = rows[factor.place] * factor.sign[:, None]
    return h @ h.T


@pytest.mark.parametrize("name", TASKS)
def test_factors_give_back_the_law(name):
    law = output_law(TASKS[name])
    roots = np.sqrt(np.diag(law.covariance))
    scale = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
    expected = law.covariance * np.outer(scale, scale)
    np.testing.assert_allclose(recovered(factorise(law)), expected, atol=1e-13)


def test_ranks():
    cube = {n: boolean_cube(n, "pm1") for n in (3, 7)}
    perceptron = Task(Architecture(7), Prior(sigma_b=0.0), cube[7])
    assert factorise(output_law(perceptron)).rank == 7
    assert factorise(output_law(Task(Architecture(7), inputs=cube[7]))).rank == 8
    assert task_factor(TASKS["no bias"]).rank == 7  # the zero input is fixed
    assert task_factor(TASKS["odd"]).rank == 4  # h(-x) = -h(x)
    assert factorise(GaussianLaw(np.zeros((3, 3)), [0.0, 1.0, -1.0])).rank == 0


def test_near_copies_are_kept_apart():
    """Two outputs whose correlation misses 1 by 1e-9 differ once in 70,000 draws, not never."""
    law = GaussianLaw([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
    assert factorise(law).rank == 2
    table = law_table(law, n_samples=4_000_000, task=Task(Architecture(1)), source=SOURCE)
    p = 2 * math.asin(math.sqrt(1e-9 / 2)) / math.pi  # exact: arccos(rho) / pi
    seen = sum(table.probability(text).p for text in ("01", "10"))
    assert_within(seen, p, math.sqrt(p / table.n_samples))


@pytest.mark.parametrize("m", [1, 7, 64, 130])
def test_means_and_variances(m):
    law = law_of(m)
    task = Task(Architecture(1), inputs=array_inputs(np.arange(m)[:, None] / m))
    table = law_table(law, n_samples=20_000, task=task, source=SOURCE, seed=3)
    p = ndtr(law.mean / np.sqrt(np.diag(law.covariance)))
    for i in range(m):
        one = table.restrict([i]).probability("1").p
        assert_within(one, p[i], math.sqrt(p[i] * (1 - p[i]) / table.n_samples))


def test_fixed_outputs():
    law = GaussianLaw(np.diag([0.0, 0.0, 4.0, 0.0]), [0.0, 2.0, 0.0, -1e-300])
    table = law_table(law, n_samples=1000, task=Task(Architecture(2)), source=SOURCE)
    assert set(table.ranks().texts()) == {"0100", "0110"}
    law = GaussianLaw(np.zeros((2, 2)), [0.0, 1.0])
    table = law_table(law, n_samples=10, task=Task(Architecture(1)), source=SOURCE)
    assert table.probability("01").p == 1


def test_copies_and_opposites():
    rows = np.array([[1.0], [2.0], [-0.5], [3.0]])
    law = GaussianLaw(rows @ rows.T)
    table = law_table(law, n_samples=1000, task=Task(Architecture(2)), source=SOURCE)
    assert set(table.ranks().texts()) == {"1101", "0010"}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_collecting_is_the_law_of_the_task(name, n_jobs):
    task = TASKS[name]
    table = collect(task, n_samples=100_000, seed=5, n_jobs=n_jobs)
    assert table.source == PriorSampling()
    assert table.provenance == Provenance((Span(5, 1, 0, 100_000),))
    assert_same(table, sample_span(task, Span(5, 1, 0, 100_000)))
    law = output_law(task)
    options = {"n_samples": 100_000, "task": task, "seed": 5, "n_jobs": n_jobs}
    assert_same(table, law_table(law, source=PriorSampling(), **options))
    other = law_table(law, source=SOURCE, **options)  # has a stream of its own
    assert not np.array_equal(other.rows, table.rows)
    assert not np.array_equal(collect(task, n_samples=100_000, seed=6).rows, table.rows)


def test_spans_cut_anywhere_add_up_to_the_same():
    start, stop = BLOCK - 300, BLOCK + 500
    cuts = [start, start + 1, BLOCK - 64, BLOCK - 1, BLOCK, BLOCK + 129, stop]
    spans = [Span(2, 1, a, b) for a, b in zip(cuts, cuts[1:], strict=False)]
    tables = list(iter_collect(TASK, spans[::-1], n_jobs=2))
    assert_same(add_all(tables), sample_span(TASK, Span(2, 1, start, stop)))


def test_runs_are_continued(tmp_path):
    collect(TASK, n_samples=5_000, seed=1, store=tmp_path / "a")
    table = collect(TASK, n_samples=90_000, seed=1, store=tmp_path / "a")
    assert_same(table, collect(TASK, n_samples=90_000, seed=1))
    assert_same(load_run(tmp_path / "a"), table)
    law, source = law_of(16), GaussianProcess({"name": "law", "time": 1.5})
    options = {"task": TASK, "source": source, "store": tmp_path / "b"}
    law_table(law, n_samples=1_000, **options)
    table = law_table(law, n_samples=70_000, **options)
    assert_same(load_run(tmp_path / "b"), table)
    assert load_run(tmp_path / "b").source.description == {"name": "law", "time": 1.5}
    with pytest.raises(ValueError, match="it holds another source"):
        law_table(law, n_samples=80_000, **options | {"source": SOURCE})


def test_tables_of_different_laws_do_not_add_up():
    tables = [
        law_table(law_of(16), n_samples=10, task=TASK, source=GaussianProcess(law), seed=seed)
        for seed, law in enumerate(({"name": "a"}, {"name": "a"}, {"name": "a", "time": 2}))
    ]
    assert (tables[0] + tables[1]).n_samples == 20
    with pytest.raises(ValueError, match="sources differ"):
        tables[0] + tables[2]


def test_forecasts():
    found = forecast(TASK, n_samples=10**7)
    assert found.seconds > 0
    assert found.n_functions <= 2**16
    assert check_span(TASK, 1e6, 3, 1) == Span(3, 1, 0, 10**6)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        ([1], "law must be a JSON object with a name"),
        ({"time": 1}, "law must be a JSON object with a name"),
        ({"name": "a", "time": INF}, "law must be JSON"),
        ({"name": "a", "kernel": np.eye(2)}, "law must be JSON"),
    ],
)
def test_bad_descriptions(law, message):
    with pytest.raises(ValueError, match=message):
        GaussianProcess(law)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"law": np.eye(16)}, "law must be a GaussianLaw, got ndarray"),
        ({"law": law_of(4)}, "the law has 4 outputs, but the task has m = 16 inputs"),
        ({"task": "relu"}, "task must be a Task, got str"),
        ({"source": "law"}, "source must be a GaussianProcess or PriorSampling"),
        ({"source": PriorSampling(2)}, "source must be a GaussianProcess or PriorSampling"),
        ({"n_samples": 0}, "n_samples must be at least 1"),
        ({"n_samples": 2.5}, "n_samples must be an integer, got 2.5"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    options = {"law": law_of(16), "n_samples": 10, "task": TASK, "source": SOURCE, **changes}
    with pytest.raises(ValueError, match=message):
        law_table(options.pop("law"), **options)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (Prior(distribution="uniform"), "uniform"),
        (Prior(weight_scaling="none"), "weight_scaling"),
    ],
)
def test_networks_without_a_gaussian_limit_are_refused(prior, message):
    task = Task(Architecture(3, (INF, INF)), prior)
    for call in (
        lambda: collect(task, n_samples=10),
        lambda: sample_span(task, Span(0, 1, 0, 10)),
        lambda: forecast(task, n_samples=10),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_output_draws_are_refused():
    for call in (
        lambda: collect(TASK, n_samples=10, output_draws=2),
        lambda: sample_span(TASK, Span(0, 2, 0, 10)),
        lambda: forecast(TASK, n_samples=10, output_draws=5),
    ):
        with pytest.raises(ValueError, match=r"output_draws = \d has no meaning at infinite width"):
            call()
