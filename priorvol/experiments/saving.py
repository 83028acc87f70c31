"""The files of an experiment: numbers, tables, the report and figures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from priorvol import checks
from priorvol.experiments.result import Experiment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf")


def save_results(found: Experiment, folder: str | Path) -> list[Path]:
    """Write results.json, report.txt, settings.csv and functions.csv into a folder.

    Raises
    ------
    ValueError
        If the folder is not there or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from priorvol import Architecture, Task, TrainingSet, experiment
    >>> found = experiment(Task(Architecture(2, (4,))), TrainingSet([0, 3], [0, 1]), target="0011",
    ...     n_runs=50, n_posterior=100, estimates=(), n_permutations=9, n_jobs=1, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in save_results(found, folder)]
    ['results.json', 'report.txt', 'functions.csv', 'settings.csv']
    """
    from priorvol.store.records import write_csv, write_json, write_text

    _check(found)
    path = checks.path("folder", folder)
    write_json(path / "results.json", found.to_json())
    write_text(path / "report.txt", f"{found}\n")
    columns = found.columns()
    write_csv(path / "functions.csv", [list(columns), *zip(*columns.values(), strict=True)])
    files = [path / name for name in ("results.json", "report.txt", "functions.csv")]
    if found.settings is not None:
        write_csv(path / "settings.csv", _settings_rows(found))
        files.append(path / "settings.csv")
    return files


def save_figures(found: Experiment, folder: str | Path) -> list[Path]:
    """Draw P_SGD against P_B for every table and every estimate, and the settings; PNG and PDF.

    Raises
    ------
    ValueError
        If the folder is not there or cannot be written.
    ImportError
        If matplotlib is not installed.
    """
    from priorvol import plotting
    from priorvol.store import write_atomically

    _check(found)
    path, files = checks.path("folder", folder), []
    with plotting.style():
        from matplotlib.figure import Figure

        drawn: dict[str, Figure] = {}

        def empty(name: str) -> Figure:
            drawn[name] = Figure()
            return drawn[name]

        for title, comparison in found.comparisons.items():
            plotting.comparison_figure(comparison, empty(f"p_sgd_{file_name(title)}"))
        if found.widths is not None:
            plotting.comparison_figure(found.widths, empty("p_b_widths"))
        if found.settings is not None and len(found.settings) > 1:
            plotting.settings_panel_plot(found.settings, figure=empty("settings"))
        if found.against_estimates:
            _draw_estimates(found, empty("estimates"))
        for name, figure in drawn.items():
            for kind in FORMATS:
                files.append(path / f"{name}.{kind}")
                write_atomically(files[-1], figure.savefig)
                figure.set_layout_engine("none")  # it is laid out
    return files


def file_name(text: str) -> str:
    """Return a text as part of a file's name.

    Examples
    --------
    >>> file_name("sgd, batch 1, lr 0.01: zero_error+64")
    'sgd_batch_1_lr_0.01_zero_error+64'
    """
    return re.sub(r"[^\w.+-]+", "_", text.replace("<", " below "))


def _draw_estimates(found: Experiment, figure: Figure) -> None:
    """Draw the last table of P_B above the first of P_SGD, a column a method."""
    from priorvol import plotting

    names = [name for name, _ in found.against_estimates]
    sampled = [name for name in names if name in found.samples.tables]
    trained = [name for name in names if name in found.tables]
    rows = [*sampled[-1:], *trained[:1]]
    figure.set_size_inches(3.1 * len(found.estimates), 0.4 + 2.9 * len(rows))
    axes = figure.subplots(len(rows), len(found.estimates), squeeze=False)
    entries: dict[str, Any] = {}
    for row, name in zip(axes, rows, strict=True):
        for ax, method in zip(row, found.estimates, strict=True):
            plotting.comparison_plot(found.against_estimates[name, method], ax)
            handles, labels = ax.get_legend_handles_labels()
            for label, handle in zip(labels, handles, strict=True):
                alone = label.startswith("only ")
                entries.setdefault(f"not there: {label.split(': ')[1]}" if alone else label, handle)
            ax.get_legend().remove()
    figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=3)
    if trained:
        figure.suptitle(f"{found.task}; {trained[0]}", fontsize="medium")


def _settings_rows(found: Experiment) -> list[list[Any]]:
    """Return the table of settings as rows, the heading first."""
    table = found.settings
    assert table is not None
    p, apart = found.p_values(), found.told_apart()
    heading = ["name", *table.settings, "draws", "functions_compared", "p_equality", "p_value"]
    heading.append("told_apart")
    for name in ("pearson", "pearson_corrected", "spearman", "slope"):
        heading += [name, f"{name}_low", f"{name}_high"]
    heading += ["pearson_ceiling", "pearson_ceiling_low", "pearson_ceiling_high"]
    for name in ("ln_ratio_sd", "ln_ratio_mean"):
        heading += [name, f"{name}_low", f"{name}_high"]
    heading += ["tv_low", "tv_high", "js_low", "js_high"]
    heading += ["error", "error_low", "error_high", "difference", "difference_low"]
    heading += ["difference_high", "p_target", "p_target_low", "p_target_high", "fit"]
    rows: list[list[Any]] = [heading]
    for row in table:
        a, c = row.agreement, row.agreement.concordance
        cells: list[Any] = [row.label, *(row.settings.get(key) for key in table.settings)]
        cells += [a.draws[1], c.n_functions, a.equality.p_value]
        cells += [p[row.label], apart.get(row.label)]
        for coefficient in (c.pearson, c.pearson_corrected, c.spearman, c.slope):
            cells += [coefficient.value, coefficient.low, coefficient.high]
        cells += list(c.ceiling.get("pearson", (None, None, None)))
        ratio = c.log_ratio
        cells += [ratio.sd, ratio.sd_low, ratio.sd_high]
        cells += [ratio.mean, ratio.mean_low, ratio.mean_high]
        for bounds in (a.total_variation, a.jensen_shannon):
            cells += [None, None] if bounds is None else [bounds.low, bounds.high]
        law = row.error
        cells += [None] * 3 if law is None else [law.mean, law.low, law.high]
        cells += list(row.difference)
        cells += [None] * 3 if row.target is None else [row.target.p, *row.target.interval]
        cells.append(found.fitting(row.label).p)
        rows.append([None if cell != cell else cell for cell in cells])  # nan: an empty cell
    return rows


def _check(found: Any) -> None:
    if not isinstance(found, Experiment):
        raise ValueError(f"an Experiment is wanted, got {type(found).__name__}")
