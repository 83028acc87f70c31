"""How a comparison of settings prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from priorvol.comparison.report import Agreement, interval_text, p_text
from priorvol.comparison.report_text import no_halves
from priorvol.result import Estimate
from priorvol.text import align, shorten

if TYPE_CHECKING:
    from priorvol.comparison.settings_report import SettingsComparison


def lines(found: SettingsComparison) -> list[str]:
    """Return the lines of the whole table, for people."""
    shown = [f"{found.name}: {found.description}"]
    if common := _common(found):
        shown.append(f"all: {', '.join(common)}")
    shown += ["", *_made(found), "", *_sizes(found), "", *_coefficients(found)]
    if found.n_test is not None:
        shown += ["", *_errors(found)]
    return [*shown, "", *_remarks(found)]


def _common(found: SettingsComparison) -> list[str]:
    """Return the settings in which all rows are alike, where they are not the default."""
    varying, plain = found.varying, _defaults(found.rows[0].settings.get("optimizer"))
    alike = {key: found.rows[0].settings[key] for key in found.settings if key not in varying}
    return [
        f"{key.replace('_', ' ')} {setting_text(value)}"
        for key, value in alike.items()
        if key != "source" and plain.get(key) != value
    ]


def _shown(found: SettingsComparison) -> list[str]:
    """Return the varying settings but for what goes with the optimiser."""
    varying = found.varying
    if "optimizer" not in varying:
        return list(varying)
    groups = found.grouped_by("optimizer").values()
    return [
        key
        for key in varying
        if key not in ("beta1", "beta2", "epsilon") or any(key in g.varying for g in groups)
    ]


def _agreements(found: SettingsComparison) -> list[tuple[str, Agreement]]:
    null = [] if found.null is None else [(f"halves of {found.name}", found.null)]
    return null + [(row.label, row.agreement) for row in found.rows]


def _made(found: SettingsComparison) -> list[str]:
    """Return the lines on how the rows were made and on what is compared."""
    varying = _shown(found)
    names = [key.replace("_", " ") for key in varying]
    cells = [["", *names, "draws", "functions", "share", "not drawn"]]
    shown = dict(zip((row.label for row in found.rows), found.rows, strict=True))
    for label, each in _agreements(found):
        row, c = shown.get(label), each.concordance
        settings = [setting_text(row.settings.get(key)) if row else "" for key in varying]
        share = "-" if math.isnan(c.mass[1]) else f"{c.mass[1]:.3f}"
        draws = f"{each.draws[1]:,}" if each.draws[1] else "-"
        numbers = [draws, f"{c.n_functions:,}", share, f"{c.n_unseen[1]:,}"]
        cells.append([label, *settings, *numbers])
    return align(cells, left=range(1 + len(varying)))


def _sizes(found: SettingsComparison) -> list[str]:
    """Return the lines on how large the differences are."""
    cells = [["", "ln ratio: spread", "mean", "total variation", "Jensen-Shannon", "p"]]
    for label, each in _agreements(found):
        ratio = each.concordance.log_ratio
        cells.append(
            [label, ratio.sd_text(), ratio.mean_text()]
            + [str(each.total_variation or "-"), str(each.jensen_shannon or "-")]
            + [p_text(each.equality.p_value)]
        )
    return align(cells, left=range(6))


def _coefficients(found: SettingsComparison) -> list[str]:
    known = any(found.equal_errors is not None for _, found in _agreements(found))
    cells = [["", "Pearson of log P", "perfect samplers", "noise taken off", "slope"]]
    cells[0] += ["at equal test error"] * known
    for label, each in _agreements(found):
        c = each.concordance
        ceiling = interval_text(c.ceiling.get("pearson"), "+.3f")
        cells.append([label, str(c.pearson), ceiling, str(c.pearson_corrected), str(c.slope)])
        if known:
            equal = each.equal_errors
            cells[-1].append("-" if equal is None else str(equal.within))
    return align(cells, left=range(5 + known))


def _errors(found: SettingsComparison) -> list[str]:
    cells = [["", f"error on {found.n_test:,} test inputs", "less reference", "P(target)"]]
    cells.append([found.name, str(found.reference_error), "", _probability(found.reference_target)])
    for row in found.rows:
        difference = interval_text(row.difference, "+.4f")
        cells.append([row.label, str(row.error or "-"), difference, _probability(row.target)])
    cells += [[each.name, f"{each.error:.4f}", "", ""] for each in found.baselines]
    return align(cells, left=range(4))


def _remarks(found: SettingsComparison) -> list[str]:
    lines = [
        f"ln ratio: P of the row over P of {found.name}, nats, without counting noise, of "
        f"functions chosen by other draws, with {found.min_count} expected.",
        "share: of the row's draws on them; not drawn: those that the row never drew, which "
        "count as half a draw.",
        f"Intervals are {100 * found.level:g}%; p is of equality and of each row alone; all "
        "rows share the reference.",
    ]
    if found.null is None:
        lines.append(no_halves(found.name))
    shared = [row.label for row in found.rows if row.n_shared]
    if shared:
        names = shorten(", ".join(shared), 100)
        lines.append(f"Not independent of {found.name} (the same random numbers): {names}.")
    return lines


def _defaults(optimizer: str | None) -> dict[str, Any]:
    if optimizer is None:
        return {}
    from priorvol.training.configuration import TrainingConfiguration

    record = TrainingConfiguration(optimizer=optimizer).to_json()
    return {key: value for key, value in record.items() if key not in ("learning_rate", "loss")}


def _probability(found: Estimate | None) -> str:
    if found is None:
        return "-"
    if not found.has_error:
        return f"{found.p:.3g}"
    low, high = found.interval
    return f"{found.p:.3g} [{low:.3g}, {high:.3g}]"


def setting_text(value: Any) -> str:
    """Return the value of a setting as text."""
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
