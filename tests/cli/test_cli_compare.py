"""The verb compare."""

import json

import pytest

from priorvol import TrainingSet, compare, compare_settings, load_run, plotting, posterior_estimates
from priorvol.cli import main
from priorvol.comparison import functions_to_estimate

QUICK = ["--bootstrap", "20", "--permutations", "19"]
SAME = {"n_bootstrap": 20, "n_permutations": 19, "names": ("a", "b")}


def test_it_prints_the_comparison(cli, on_desk):
    found = cli("compare", "a", "b", *QUICK)
    assert found.out == f"{compare(load_run('a'), load_run('b'), **SAME)}\n"
    assert found.err == ""


def test_as_json_with_every_option(cli, on_desk):
    asked = ["--min-count", "3", "--max-functions", "50", "--level", "0.9", "--seed", "4"]
    found = cli("compare", "a", "b", *QUICK, *asked, "--json").json
    options = {"min_count": 3, "max_functions": 50, "level": 0.9, "seed": 4}
    assert found == compare(load_run("a"), load_run("b"), **SAME, **options).to_json()


def test_grouped_runs(cli, on_desk):
    assert "Draws come in groups" in cli("compare", "a", "grouped", *QUICK).out


def test_errors_and_labels(cli, own_desk):
    target = "00110011"
    training_set = TrainingSet.of_function(target, [0, 1, 2])
    (own_desk / "s.json").write_text(json.dumps(training_set.to_json()))
    asked = ["compare", "a", "b", *QUICK, "--target", target]
    labels = ["--label", "one", "--label", "two"]
    found = cli(*asked, *labels, "--train", "0-2").out
    assert "Mean error on 5 test inputs" in found
    assert "one: " in found
    assert "halves of two" in found
    assert cli(*asked, *labels, "--training-set", "s.json").out == found
    assert "Mean error on 8 test inputs" in cli(*asked).out


def test_figures(cli, own_desk):
    asked = ["--figure", "ranks", "--out", "plain.png", "--out", "plain.pdf"]
    found = cli("compare", "a", "b", *QUICK, *asked)
    assert found.lines[-2:] == ["plain.png", "plain.pdf"]
    for name in ("plain.png", "plain.pdf"):
        assert (own_desk / name).stat().st_size > 5000


def test_runs_of_one_name_are_told_apart(cli, own_desk):
    (own_desk / "other" / "a").symlink_to(own_desk / "b")
    found = cli("compare", "a", "other/a", *QUICK).out
    assert "a and other/a" in found
    (own_desk / "other" / "deep").mkdir()
    (own_desk / "other" / "deep" / "a").symlink_to(own_desk / "a")
    found = cli("compare", "other/a", "other/deep/a", *QUICK).out
    assert "a and deep/a" in found and "other/" not in found


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["a"], "RUN_B"),
        (["a", "none"], "none"),
        (["a", "b", "--train", "0-2"], "need a --target"),
        (["a", "b", "--training-set", "x.json"], "need a --target"),
        (["a", "b", "--target", "0011"], "m = 8"),
        (["a", "b", "--target", "00110011", "--train", "9"], "9"),
        (
            ["a", "b", "--target", "00110011", "--train", "1", "--training-set", "x.json"],
            "takes the place of --train",
        ),
        (["a", "b", "--target", "00110011", "--training-set", "x.json"], "cannot read a training"),
        (["a", "b", "--label", "x"], "once a run, 2 times"),
        (["a", "b", "--out", "x.txt"], "file type must be"),
        (["a", "b", "--out", "nowhere/x.png"], "is not a folder"),
        (["a", "b", "--level", "2"], "level must be"),
        (["a", "b", "--seed", "-1"], "seed must be"),
        (["a", "b", "--max-functions", "2"], "max_functions must be"),
        (["a", "b", "--permutations", "-1"], "n_permutations must be"),
        (["a", "b", "--bootstrap", "x"], "a whole number is wanted"),
        (["a", "b", "--min-count", "0"], "min_count must be"),
        (
            ["a", "--estimates", "ep", "--target", "00110011", "--train", "0-2"],
            "--estimates are of P(f|S), but a holds draws of the prior",
        ),
    ],
)
def test_bad_input(refused, on_desk, arguments, message):
    assert message in refused("compare", *arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with a posterior, two of its parts, and a training ensemble."""
    folder = tmp_path_factory.mktemp("trained")
    task = "--n-inputs 3 --hidden 4 --train 0-2 --target 00110011 --jobs 1 --no-progress".split()
    for name, seed in (("bayes", "1"), ("more", "2")):
        drawn = ["--proposals", "2e4", "--output-draws", "4", "--seed", seed]
        assert main(["posterior", *task, *drawn, "--out", str(folder / name)]) == 0
    how = ["--stop", "zero_error,epochs=20", "--runs", "300", "--out", str(folder / "nets")]
    assert main(["train", *task, *how]) == 0
    return folder


@pytest.fixture
def on_trained(trained, monkeypatch):
    monkeypatch.chdir(trained)
    return trained


TARGET = ["--target", "00110011"]
QUICK_SETTINGS = {"n_bootstrap": 20, "n_permutations": 19}


def test_several_runs_are_rows(cli, on_trained):
    found = cli("compare", "bayes", "nets", *TARGET, *QUICK, "--add-a", "more").out
    tables = {f"nets/{n}": load_run(f"nets/{n}") for n in ("epochs=20", "zero_error")}
    names = [name for name in tables if f"\n{name.split('/')[1]} " in found]
    assert len(names) == 2
    reference = [load_run("bayes"), load_run("more")]
    wanted = compare_settings(
        reference,
        {"epochs=20": tables["nets/epochs=20"], "zero_error": tables["nets/zero_error"]},
        target=TARGET[1],
        name="bayes",
        **QUICK_SETTINGS,
    )
    assert found == f"{wanted}\n"
    assert "halves of bayes" in found
    record = cli("compare", "bayes", "nets", *TARGET, *QUICK, "--sort", "stop", "--json").json
    assert [row["label"] for row in record["rows"]] == ["epochs=20", "zero_error"]
    other = [*QUICK, "--sort", "draws,stop", "--descending", "--json"]
    record = cli("compare", "bayes", "nets", *other, "--label", "P", "--label", "x", "--label", "y")
    assert [row["label"] for row in record.json["rows"]] == ["y", "x"]
    assert record.json["reference"]["name"] == "P"


def test_an_ensemble_is_no_run_to_compare_with(refused, on_trained):
    message = "nets is a training ensemble: name one of its stopping points, such as nets/epochs=20"
    assert message in refused("compare", "nets", "bayes", *QUICK)
    assert message in refused("compare", "nets", "--estimates", "ep", *QUICK)


def test_parts_give_draws_in_groups_their_null(cli, on_trained):
    asked = ["compare", "bayes", "nets/zero_error", *QUICK]
    assert "No halves of bayes are shown" in cli(*asked).out
    assert "halves of bayes" in cli(*asked, "--add-a", "more").out
    turned = ["compare", "nets/zero_error", "bayes", "--add-b", "more", *QUICK]
    assert "halves of bayes" in cli(*turned).out


def test_estimates_of_one_method_and_of_several(cli, on_trained):
    asked = ["compare", "nets/zero_error", "--jobs", "1", *QUICK, *TARGET, "--min-count", "3"]
    found = cli(*asked, "--estimates", "ep").out
    assert "zero_error and ep" in found
    assert "estimates by expectation_propagation" in found or "estimates by ep" in found
    assert "have no error of their own" in found
    several = cli(*asked, "--estimates", "ep,orthant", "--sort", "label").out
    assert "\northant " in several
    assert "error on 5 test inputs" in several
    table = load_run("nets/zero_error")
    functions = functions_to_estimate(table, min_count=3)
    wanted = posterior_estimates(
        table.task.wide(), table.source.training_set, functions, method="ep", n_jobs=1
    )
    alone = compare(
        table,
        wanted,
        functions=functions,
        target=TARGET[1],
        names=("zero_error", "ep"),
        min_count=3,
        **QUICK_SETTINGS,
    )
    assert found == f"{alone}\n"


def test_every_figure_is_drawn_by_its_function(cli, own_trained, monkeypatch):
    drawn = []
    for name in plotting.__all__:
        if name != "style":

            def record(*given, name=name, **options):
                drawn.append((name, type(given[0]).__name__, options))

            monkeypatch.setattr(plotting, name, record)
    pair = ["compare", "bayes", "nets/zero_error", *QUICK, *TARGET]
    methods = ["compare", "nets/zero_error", "--estimates", "ep,laplace", "--jobs", "1", *QUICK]
    measure = ["--figure", "complexity", "--measure", "entropy"]
    for arguments, wanted in (
        (pair, [("comparison_figure", "Comparison", {})]),
        ([*pair, "--figure", "scatter"], [("comparison_plot", "Comparison", {})]),
        ([*pair, "--figure", "ranks"], [("comparison_rank_plot", "Comparison", {})]),
        ([*pair, "--figure", "errors"], [("error_laws_plot", "Comparison", {})]),
        ([*pair, *measure], [("error_complexity_plot", "Comparison", {"measure": "entropy"})]),
        (
            ["compare", "bayes", "nets", *QUICK],
            [("settings_panel_plot", "SettingsComparison", {})],
        ),
        (
            [*methods, "--min-count", "3"],
            [("comparison_plot", "Comparison", {"colorbar": each}) for each in (False, True)],
        ),
    ):
        drawn.clear()
        assert cli(*arguments, "--out", "x.svg").lines[-1] == "x.svg"
        assert drawn == wanted


def test_a_figure_of_settings(cli, own_trained):
    cli("compare", "bayes", "nets", *QUICK, *TARGET, "--out", "settings.svg")
    assert "mean test error" in (own_trained / "settings.svg").read_text()


@pytest.fixture
def own_trained(trained, tmp_path, monkeypatch):
    for each in trained.iterdir():
        (tmp_path / each.name).symlink_to(each)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["bayes", "nets", "--add-b", "more"], "--add-b goes with one RUN_B"),
        (["bayes", "nets/zero_error", "--sort", "stop"], "--sort goes with several"),
        (["bayes", "nets", "--sort", "colour"], "column must be"),
        (["bayes", "nets", "--sort", ","], "names of columns"),
        (["bayes", "nets", "--descending"], "--descending goes with --sort"),
        (["bayes", "nets", "--label", "x"], "once a run, 3 times"),
        (["bayes", "nets", "--label", "x", "--label", "x", "--label", "y"], "names of their own"),
        (["bayes", "nets", "--figure", "scatter"], "need --out"),
        (["bayes", "nets", "--figure", "scatter", "--out", "x.png"], "is of one RUN_B"),
        (["bayes", "more", "--figure", "settings", "--out", "x.png"], "several runs"),
        (["bayes", "more", "--figure", "shape", "--out", "x.png"], "figure must be"),
        (["bayes", "more", "--figure", "errors", "--out", "x.png"], "needs a --target"),
        (["bayes", "more", "--measure", "k_lz", "--out", "x.png"], "goes with --figure complexity"),
        (["bayes", "more", "--add-a", "more"], None),
        (["bayes", "more", "--add-a", "bayes"], "cannot be added up: both tables hold"),
        (["bayes", "more", "--add-a", "nets/zero_error"], "cannot be added up: "),
        (["bayes", "more", "--jobs", "1"], "--jobs goes with --estimates"),
        (["bayes", "more", "--estimates", "ep"], "take the place of RUN_B"),
        (["bayes", "--estimates", "magic"], "estimates must be"),
        (["bayes", "--estimates", "ep,ep"], "named twice"),
        (["bayes", "--estimates", "ep", "--add-b", "more"], "--add-b goes with RUN_B"),
        (["bayes", "--estimates", "ep", "--min-count", "1e9"], "--min-count draws"),
        (["bayes", "--estimates", "ep", "--train", "0", *TARGET], "not the one"),
    ],
)
def test_bad_input_of_several_and_of_estimates(refused, cli, on_trained, arguments, message):
    if message is None:  # the same draws on both sides are told, not refused
        cli("compare", *arguments, *QUICK)
    else:
        assert message in refused("compare", *arguments)


def test_estimates_need_a_task_and_a_training_set(refused, on_desk):
    assert "need a training set" in refused("compare", "a", "--estimates", "ep")


def test_legends_are_inside_the_figure(cli, own_trained, monkeypatch):
    from matplotlib.figure import Figure

    boxes = []

    def measure(figure, *_, **options):
        figure.draw_without_rendering()
        (legend,) = figure.legends
        box = legend.get_window_extent()
        boxes.append((box.x0, figure.bbox.x1 - box.x1, figure.axes[0].bbox.y0 - box.y1))

    pair = ["compare", "bayes", "nets/zero_error", *QUICK, *TARGET]
    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", measure)
        patch.setattr("priorvol.store.write_atomically", lambda path, write: write(path))
        for kind in ("scatter", "errors"):
            cli(*pair, "--figure", kind, "--out", "x.png")
    assert len(boxes) == 2 and min(map(min, boxes)) >= 0
