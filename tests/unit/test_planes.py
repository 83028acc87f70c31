"""Output draws in planes: the draws that replay, groups, determinism, runs, what is refused."""

import math

import numpy as np
import pytest

from priorvol import activation, bits, draw_parameters, evaluate, load_run, posterior, save_table
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.planes import ANGLES, directions
from priorvol.provenance import Provenance, Span
from priorvol.rejection import acceptance, count_in_planes
from priorvol.rng import BLOCK, generator
from priorvol.sources import PosteriorSampling, source_from_json, source_to_json
from priorvol.task import Task
from priorvol.training_set import TrainingSet

BATCH = 1_024 * 4
TASK = Task(Architecture(3, (8, 8)))
S = TrainingSet([0, 3, 5], [1, 0, 1])
POINTS = array_inputs(generator(0, "points").standard_normal((90, 5)))
EASY = TrainingSet([1, 70, 120], [1, 0, 0])
CASES = {
    "two layers": (Task(Architecture(7, (10, 9))), EASY, BATCH),
    "two batches": (TASK, S, 2 * BATCH),
    "one layer": (Task(Architecture(7, (12,))), EASY, BATCH),
    "three layers, signed": (
        Task(Architecture(7, (9, 10, 11)), inputs=boolean_cube(7, "pm1")),
        EASY,
        BATCH,
    ),
    "no bias": (
        Task(Architecture(3, (6, 5)), Prior(sigma_b=0.0)),
        TrainingSet([0, 3], [0, 1]),
        BATCH,
    ),
    "every input": (TASK, TrainingSet(range(8), [0, 0, 0, 0, 1, 1, 1, 1]), BATCH),
    "tanh": (Task(Architecture(7, (12, 12), activation="tanh")), EASY, BATCH),
    "shifted": (Task(Architecture(7, (12, 12), shift=-0.5)), EASY, BATCH),
    "uniform below": (
        Task(Architecture(3, (6, 5)), Prior(distribution=("uniform", "uniform", "gaussian"))),
        S,
        BATCH,
    ),
    "many labels": (
        Task(Architecture(5, (12,)), inputs=POINTS),
        TrainingSet(range(0, 90, 2), [1] * 45),
        BATCH,
    ),
}


def replayed(task, training_set, draws, index):
    """Return the functions that fit of every output draw of a hidden draw, in float64."""
    where = {"seed": 4, "block": 1, "index": index, "output_draws": draws, "angles": 4}
    hidden = draw_parameters(task, **where)[:-1]
    h, how = task.inputs.values, task.architecture
    for W, b in hidden:
        h = activation.apply(h @ W.T + b, how.activation, shift=how.shift, slope=how.slope)
    last = [draw_parameters(task, output_draw=draw, **where)[-1] for draw in range(draws)]
    outputs = h @ np.concatenate([W for W, _ in last]).T + np.concatenate([b for _, b in last])
    words = bits.pack((outputs > 0).T)
    return list(map(tuple, words[training_set.fits(words, m=task.m)].tolist()))


def drawn(task, training_set, draws, index):
    """Return the functions of a hidden draw that fit, each as often as it is counted."""
    span = Span(4, draws, BLOCK + index, BLOCK + index + 1)
    rows, _ = count_in_planes(task, training_set, 4, span)
    words = bits.n_words(task.m)
    return [tuple(row[:words].tolist()) for row in rows for _ in range(int(row[words]))]


FAST = ("two layers", "no bias", "many labels")


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_the_draws_are_those_that_replay(name):
    """Every one of a hidden draw is computed on all inputs, from its parameters."""
    task, training_set, draws = CASES[name]
    index = next(i for i in range(50) if drawn(task, training_set, draws, i))
    found = replayed(task, training_set, draws, index)
    assert 0 < len(found)
    assert sorted(found) == sorted(drawn(task, training_set, draws, index))


@pytest.mark.slow
def test_nothing_is_found_where_nothing_fits():
    """Of the hidden draws before the first with a function that fits."""
    hard = TrainingSet(range(8), [0, 1, 1, 0, 1, 0, 0, 1])
    none = next(i for i in range(50) if not drawn(TASK, hard, BATCH, i))
    assert replayed(TASK, hard, BATCH, none) == []


@pytest.mark.parametrize("angles", ANGLES)
def test_angles_are_equally_spaced(angles):
    cosines, sines = directions(angles)
    wanted = (np.arange(angles) + 0.5) * 2 * math.pi / angles
    np.testing.assert_allclose(cosines, np.cos(wanted), rtol=0, atol=1e-7)
    np.testing.assert_allclose(sines, np.sin(wanted), rtol=0, atol=1e-7)
    assert (sines[: angles // 2] > 0).all()
    assert (sines[angles // 2 :] < 0).all()


def test_output_layers_have_the_prior_s_variance():
    """Of the turned layers of 200 hidden draws, one of each at every angle of a plane."""
    task = Task(Architecture(3, (50,)), Prior(sigma_w=2.0, sigma_b=0.5))
    found = [
        draw_parameters(task, seed=1, index=i, angles=4, output_draw=4 * 77 + i % 4)[-1]
        for i in range(200)
    ]
    weights = np.concatenate([W[0] for W, _ in found])
    biases = np.concatenate([b for _, b in found])
    for values, variance in ((weights, 4.0 / 50), (biases, 0.25)):
        error = variance * math.sqrt(2 / values.size)
        assert abs(values.var() - variance) < 5 * error
        assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)


def test_groups_are_hidden_draws():
    table = posterior(TASK, S, n_proposals=50 * 8192, angles=8, seed=2, n_jobs=1)
    span = Span(2, 8192, 0, 50)
    assert table.source == PosteriorSampling(S, "rejection", 8192, TASK.content_hash, 8)
    assert table.provenance == Provenance((span,))
    sizes = []
    for i in range(50):
        rows, _ = count_in_planes(TASK, S, 8, Span(2, 8192, i, i + 1))
        sizes.append(int(rows[:, 1].sum()))
    assert table.n_samples == sum(sizes)
    assert table.group_size * table.n_samples == pytest.approx(sum(n**2 for n in sizes), rel=1e-12)
    found = acceptance(table)
    assert found.n_samples == 50 * 8192
    a = np.array(sizes)
    error = a.std(ddof=1) / math.sqrt(50) / a.mean()
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert S.fits(table).all()
    assert len(table.restrict(S.held_out(8))) == len(table)


def test_proposals_are_rounded_up_to_hidden_draws():
    table = posterior(TASK, S, n_proposals=1e4, angles=8.0, n_jobs=1)
    assert acceptance(table).n_samples == 2 * 8192


def test_draws_are_not_those_of_other_streams():
    options = {"n_proposals": 10 * 4096, "output_draws": 4096, "n_jobs": 1}
    other = posterior(TASK, S, **options)
    table = posterior(TASK, S, angles=4, **options)
    assert table.n_samples != other.n_samples
    with pytest.raises(ValueError, match="source"):
        table + other


def test_workers_do_not_matter():
    hard = TrainingSet(range(0, 128, 9), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    network = Task(Architecture(7, (40, 40)))
    one = posterior(network, hard, n_proposals=3e6, angles=4, n_jobs=1)
    assert one.n_samples > 50
    assert posterior(network, hard, n_proposals=3e6, angles=4, n_jobs=3) == one


def test_runs_are_continued(tmp_path):
    first = posterior(TASK, S, n_proposals=1e5, angles=4, store=tmp_path / "run")
    table = posterior(TASK, S, n_proposals=3e5, angles=4, store=tmp_path / "run")
    assert first.n_samples < table.n_samples
    assert table == posterior(TASK, S, n_proposals=3e5, angles=4, n_jobs=1)
    assert load_run(tmp_path / "run") == table
    save_table(table, tmp_path / "again")
    assert load_run(tmp_path / "again") == table
    with pytest.raises(ValueError, match="it holds another source"):
        posterior(TASK, S, n_proposals=3e5, angles=8, store=tmp_path / "run")


def test_sources():
    source = PosteriorSampling(S, "rejection", 8192, "", 8)
    assert "8192 output draws a hidden draw of the prior at 8 angles of planes" in str(source)
    assert source_from_json(source_to_json(source)) == source
    plain = PosteriorSampling(S, "rejection", 8192)
    assert "angles" not in source_to_json(plain)  # as runs of earlier versions have it
    assert source != plain
    with pytest.raises(ValueError, match="angles = 8 go with rejection, not chains"):
        PosteriorSampling(S, "chains", 16, angles=8)


def test_hopeless_training_sets_are_refused_at_once():
    no_bias = Task(Architecture(3, (8,)), Prior(sigma_b=0.0))
    impossible = TrainingSet([0], [1])
    with pytest.raises(ValueError, match=r"P\(S\) is 0, and .* that fit: draw at infinite width"):
        posterior(no_bias, impossible, n_proposals=10**9, angles=4)
    with pytest.raises(ValueError, match=r"that fit: make output draws in planes \(angles = 8\)"):
        posterior(no_bias, impossible, n_proposals=10**9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"angles": 6}, "angles must be one of 4, 8, 16, 32, 64, got 6"),
        ({"angles": "8"}, "angles must be an integer"),
        ({"output_draws": 100}, r"a multiple of 1,024 planes x 8 angles = 8192, got 100 .try 8192"),
        ({"output_draws": 2**17}, "output_draws must be at least 1 and at most 65,536"),
        ({"n_proposals": 0}, "n_proposals must be at least 1"),
        (
            {"task": Task(Architecture(3), Prior(distribution="uniform"))},
            "angles need a hidden layer below the output",
        ),
        (
            {"task": Task(Architecture(3, (8,)), Prior(distribution="uniform"))},
            "angles need Gaussian parameters in the output layer, .* got uniform ones",
        ),
        (
            {"task": TASK.wide(), "n_proposals": None, "n_samples": 10},
            "angles = 8 has no meaning at infinite width",
        ),
    ],
)
def test_bad_arguments_are_named(changes, message):
    options = {"task": TASK, "n_proposals": 10, "angles": 8, **changes}
    with pytest.raises(ValueError, match=message):
        posterior(options.pop("task"), S, **options)


def test_bad_replays_are_named():
    with pytest.raises(ValueError, match="output_draw must be at least 0 and at most 4,095"):
        draw_parameters(TASK, seed=0, angles=4, output_draw=4096)
    with pytest.raises(ValueError, match="angles must be one of"):
        draw_parameters(TASK, seed=0, angles=5)


def test_collecting_draws_as_before():
    """Replaying without angles is what it was."""
    table = collect(TASK, n_samples=20, seed=3, n_jobs=1)
    for index in range(20):
        h = evaluate(TASK, draw_parameters(TASK, seed=3, index=index)) > 0
        assert table.index(bits.pack(h[None])[0]) is not None
