"""Critical sample ratio: all pairs, known functions, and tables on real inputs."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from priorvol import bits, complexity
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.complexity import chunks, critical, registry
from priorvol.inputs import Inputs, array_inputs, boolean_cube, digits_inputs
from priorvol.task import Task


def random_functions(k, m, seed):
    rng = np.random.default_rng(seed)
    return rng.random((k, m)) < rng.random((k, 1)) ** 3


def by_all_pairs(functions, distances, radius):
    """Ask of each input whether any within the radius is classified otherwise."""
    near = distances <= radius
    return [np.mean((near & (f[:, None] != f[None, :])).any(axis=1)) for f in functions]


def hamming(n):
    points = boolean_cube(n).values
    return np.abs(points[:, None] - points[None, :]).sum(axis=2)


def euclidean(values):
    return np.sqrt(((values[:, None] - values[None, :]) ** 2).sum(axis=2))


# On the Boolean cube


@pytest.mark.parametrize("n", range(1, 10))
def test_every_radius_on_the_cube(n):
    m = 1 << n
    all_of_them = (np.arange(1 << min(m, 8))[:, None] >> np.arange(m)) & 1 == 1
    functions = all_of_them if n <= 3 else random_functions(12, m, seed=n)
    distances = hamming(n)
    for radius in [0.5, *range(1, n + 1), 1.5, n + 3.0]:
        expected = by_all_pairs(functions, distances, radius)
        assert complexity.critical_sample_ratio(functions, radius=radius).tolist() == expected
    default = complexity.critical_sample_ratio(functions).tolist()
    assert default == by_all_pairs(functions, distances, 1)


@pytest.mark.parametrize("n", [1, 2, 6, 7, 10, 16])
def test_textbook_functions(n):
    ones = boolean_cube(n).values.sum(axis=1)
    functions = np.array([ones % 2 == 1, ones == n, ones < 0, ones >= 0])
    found = complexity.critical_sample_ratio(functions)
    assert found.tolist() == [1.0, (n + 1) / 2**n, 0.0, 0.0]


def test_conjunction_at_every_radius():
    """Inputs within r of all-ones, for n = 9."""
    ones = boolean_cube(9).values.sum(axis=1)
    for radius in range(1, 10):
        found = complexity.critical_sample_ratio(ones == 9, radius=radius)
        assert found.tolist() == [np.mean(ones >= 9 - radius)]


def test_both_encodings_count_coordinates():
    functions = random_functions(10, 32, seed=1)
    expected = complexity.critical_sample_ratio(functions, radius=2)
    for encoding in ("01", "pm1"):
        found = complexity.critical_sample_ratio(
            functions, inputs=boolean_cube(5, encoding), radius=2
        )
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [3, 6, 8])
def test_symmetries(n):
    functions = random_functions(20, 1 << n, seed=2)
    assert complexity.measure("critical_sample_ratio").symmetries == registry.SYMMETRIES
    cube = functions.reshape(-1, *[2] * n)
    order = np.random.default_rng(4).permutation(n)
    images = [
        ~functions,
        cube.transpose(0, *(1 + order)).reshape(len(functions), -1),
        np.flip(cube, axis=[1, n]).reshape(len(functions), -1),
        functions[:, ::-1],
    ]
    for radius in (1, 2):
        expected = complexity.critical_sample_ratio(functions, radius=radius)
        for image in images:
            found = complexity.critical_sample_ratio(image, radius=radius)
            np.testing.assert_array_equal(found, expected)


# On other points


@pytest.mark.parametrize(("m", "n"), [(1, 2), (2, 1), (63, 2), (64, 3), (150, 5), (200, 1)])
def test_points_against_all_pairs(m, n):
    rng = np.random.default_rng(m)
    values = rng.normal(size=(m, n))
    values[: m // 4] = values[m // 4 : 2 * (m // 4)]  # duplicates
    functions = random_functions(70, m, seed=m)
    distances = euclidean(values)
    for radius in (1e-9, 0.1, 0.7, 2.0, 1e3, 1e308):
        found = complexity.critical_sample_ratio(
            functions, inputs=array_inputs(values), radius=radius
        )
        assert found.tolist() == by_all_pairs(functions, distances, radius)


def test_a_grid_keeps_the_pairs_at_exactly_the_radius():
    """Distances on a grid are whole numbers and square roots, so many pairs lie on the edge."""
    values = np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3)
    functions = random_functions(30, len(values), seed=3)
    distances = euclidean(values)
    for radius in (1.0, np.sqrt(2), np.sqrt(3), 2.0, np.nextafter(2.0, 0), np.sqrt(5)):
        found = complexity.critical_sample_ratio(
            functions, inputs=array_inputs(values), radius=radius
        )
        assert found.tolist() == by_all_pairs(functions, distances, radius)


def test_a_cube_in_another_order_is_as_the_cube():
    order = np.random.default_rng(5).permutation(64)
    functions = random_functions(40, 64, seed=6)
    points = boolean_cube(6).subset(order)
    assert points.encoding is None
    for radius in (1, 2, 3):
        found = complexity.critical_sample_ratio(
            functions[:, order], inputs=points, radius=radius**0.5
        )
        np.testing.assert_array_equal(
            found, complexity.critical_sample_ratio(functions, radius=radius)
        )


def test_digits_against_the_neighbour_graph_of_scikit_learn():
    digits = digits_inputs(np.arange(600))
    functions = random_functions(200, 600, seed=7)
    searcher = NearestNeighbors(radius=1.03, algorithm="brute").fit(digits.values)
    graph = searcher.radius_neighbors_graph(digits.values).tocoo()
    critical_points = np.zeros((200, 600), dtype=bool)
    for x, y in zip(graph.row, graph.col, strict=True):
        critical_points[:, x] |= functions[:, x] != functions[:, y]
    found = complexity.critical_sample_ratio(functions, inputs=digits, radius=1.03)
    assert found.tolist() == critical_points.mean(axis=1).tolist()
    assert 0 < found.mean() < 1


def test_memory_and_chunks_change_nothing(monkeypatch):
    values = np.random.default_rng(8).random((300, 2))
    points = array_inputs(values)
    words = bits.pack(random_functions(130, 300, seed=8))
    expected = by_all_pairs(bits.unpack(words, 300), euclidean(values), 0.15)
    for kept in (critical._PAIRS_KEPT, 10):
        monkeypatch.setattr(critical, "_PAIRS_KEPT", kept)
        for at_once in (1, 700):
            monkeypatch.setattr(critical, "_PAIRS_AT_ONCE", at_once)
            monkeypatch.setattr(chunks, "CHUNK_WORDS", 35)
            critical._neighbours.cache_clear()
            found = complexity.critical_sample_ratio(words, m=300, inputs=points, radius=0.15)
            assert found.tolist() == expected
            column = complexity.compute(
                words, "critical_sample_ratio", m=300, inputs=points, radius=0.15, n_jobs=2
            )
            assert column["critical_sample_ratio"].tolist() == expected
    critical._neighbours.cache_clear()


def test_neighbours_come_some_at_a_time(monkeypatch):
    """A block holds at most so many pairs, and no fewer than would fit; a point is never split."""
    points = array_inputs(np.random.default_rng(9).random((200, 2)))
    near = (euclidean(points.values) <= 0.2).sum(axis=1)
    for at_once in (1, 90, 10**6):
        monkeypatch.setattr(critical, "_PAIRS_AT_ONCE", at_once)
        done = 0
        for first, starts, neighbours in critical._Neighbours(points, 0.2):
            assert first == done
            done += len(starts) - 1
            assert np.diff(starts).tolist() == near[first:done].tolist()
            assert len(neighbours) <= at_once or done == first + 1
            assert near[first : done + 1].sum() > at_once or done == 200
        assert done == 200


def test_a_part_of_a_table_searches_no_neighbours_again(monkeypatch):
    points = array_inputs(np.random.default_rng(9).random((100, 2)))
    built = []
    start = critical._Neighbours.__init__

    def counted(self, *arguments):
        built.append(arguments)
        start(self, *arguments)

    monkeypatch.setattr(critical._Neighbours, "__init__", counted)
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 20)
    words = bits.pack(random_functions(130, 100, seed=8))
    complexity.critical_sample_ratio(words, m=100, inputs=points, radius=0.1)
    assert len(built) == 1


@pytest.mark.parametrize("kind", ["array", "digits"])
def test_a_sampled_table_knows_its_points(kind):
    if kind == "digits":
        inputs = digits_inputs(np.arange(120))
    else:
        inputs = array_inputs(np.random.default_rng(10).normal(size=(30, 3)))
    task = Task(Architecture(inputs.n, (16,)), Prior(sigma_b=0.3), inputs)
    table = collect(task, n_samples=2000, seed=0, n_jobs=1, progress=False)
    radius = float(np.quantile(complexity.nearest_distances(inputs), 0.75))
    found = complexity.compute(table, ["critical_sample_ratio"], radius=radius)
    functions = bits.unpack(table.functions, inputs.m)
    expected = by_all_pairs(functions, euclidean(inputs.values), radius)
    np.testing.assert_allclose(found["critical_sample_ratio"], expected, rtol=1e-14)
    with pytest.raises(ValueError, match="critical_sample_ratio needs radius"):
        complexity.compute(table, ["critical_sample_ratio"])


def test_a_table_on_the_cube_needs_no_radius():
    task = Task(Architecture(5, (16,)))
    table = collect(task, n_samples=500, seed=0, n_jobs=1, progress=False)
    functions = bits.unpack(table.functions, 32)
    found = complexity.compute(table, "critical_sample_ratio")["critical_sample_ratio"]
    assert found.tolist() == by_all_pairs(functions, hamming(5), 1)


# Distances to choose a radius by


def test_nearest_distances_against_all_pairs():
    values = np.random.default_rng(11).normal(size=(300, 7))
    values[7] = values[200]
    distances = euclidean(values)
    np.fill_diagonal(distances, np.inf)
    found = complexity.nearest_distances(array_inputs(values))
    np.testing.assert_allclose(found, distances.min(axis=1), rtol=1e-14)
    assert found[7] == found[200] == 0
    assert (np.delete(found, [7, 200]) > 0).all()


def test_a_nearest_distance_is_a_radius_that_reaches():
    """The radius is the distance itself, to the last bit: the point has a neighbour there."""
    points = array_inputs(np.random.default_rng(12).normal(size=(200, 5)) * 1e-3 + 7.0)
    distances = complexity.nearest_distances(points)
    for x in range(0, 200, 17):
        alone = np.arange(200) == x
        found = complexity.critical_sample_ratio(alone, inputs=points, radius=distances[x])
        assert found[0] * 200 >= 2
        below = np.nextafter(distances[x], 0)
        assert complexity.critical_sample_ratio(alone, inputs=points, radius=below) == 0


def test_all_neighbours_of_the_cube_are_at_distance_one():
    assert complexity.nearest_distances(boolean_cube(4)).tolist() == [1.0] * 16
    assert complexity.nearest_distances(boolean_cube(4, "pm1")).tolist() == [2.0] * 16


# Bad input


@pytest.mark.parametrize("inputs", [np.zeros((3, 2)), None, "digits"])
def test_nearest_distances_want_inputs(inputs):
    with pytest.raises(ValueError, match="inputs must be Inputs"):
        complexity.nearest_distances(inputs)


def test_nearest_distances_want_two_points():
    with pytest.raises(ValueError, match="at least two points, got 1"):
        complexity.nearest_distances(array_inputs([[1.0]]))


@pytest.mark.parametrize("radius", [0, -1.0, np.nan, np.inf, "1", True])
def test_a_bad_radius(radius):
    with pytest.raises(ValueError, match="radius must be"):
        complexity.critical_sample_ratio("0110", radius=radius)


def test_points_that_do_not_fit():
    line = array_inputs([[0.0], [1.0], [2.0]])
    ratio = complexity.critical_sample_ratio
    with pytest.raises(ValueError, match="needs radius, the size of a neighbourhood, on 3 points"):
        ratio("011", inputs=line)
    with pytest.raises(ValueError, match="inputs has 3 points, but the functions have m = 4"):
        ratio("0110", inputs=line, radius=1)
    with pytest.raises(ValueError, match="without inputs needs functions on a whole Boolean cube"):
        ratio("011", radius=1)
    with pytest.raises(ValueError, match="inputs must be Inputs or None, got ndarray"):
        ratio("011", inputs=line.values, radius=1)
    table = SimpleNamespace(
        functions=bits.pack([[0, 1, 1]]), m=3, task=SimpleNamespace(inputs=line)
    )
    with pytest.raises(ValueError, match="but those of the table are"):
        ratio(table, inputs=Inputs([[0.0], [1.0], [5.0]]), radius=1)


def test_no_functions():
    line = array_inputs([[0.0], [1.0], [2.0]])
    empty = np.empty((0, 1), dtype=np.uint64)
    assert complexity.critical_sample_ratio(empty, m=3, inputs=line, radius=1).shape == (0,)
    assert complexity.critical_sample_ratio(empty, m=8).shape == (0,)
