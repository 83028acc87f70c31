"""Figures of tables: Axes in, Axes out; nothing is saved.

Each function draws into the Axes it is given (`panel_plot`: into a Figure), in whatever style is
current, or makes a figure in the house style. `style` applies that style to a block, which should
hold the saving as well:

    with priorvol.plotting.style():
        ax = priorvol.plotting.rank_plot(table)
        ax.figure.savefig("rank.pdf")

matplotlib is loaded when the first figure is drawn (``pip install "priorvol[plot]"``).
"""

from priorvol.plotting.appearance import style
from priorvol.plotting.comparison import comparison_plot
from priorvol.plotting.comparison_figure import comparison_figure
from priorvol.plotting.comparison_ranks import comparison_rank_plot
from priorvol.plotting.complexity import complexity_plot
from priorvol.plotting.convergence import convergence_plot
from priorvol.plotting.correlation_map import correlation_map_plot
from priorvol.plotting.correlations import correlation_plot, correlation_size
from priorvol.plotting.distribution import distribution_plot
from priorvol.plotting.error_complexity import error_complexity_plot
from priorvol.plotting.error_laws import error_laws_plot
from priorvol.plotting.histogram import histogram_plot
from priorvol.plotting.method_errors import method_errors_plot
from priorvol.plotting.pac_bayes import pac_bayes_plot
from priorvol.plotting.panel import panel_plot
from priorvol.plotting.rank import rank_plot
from priorvol.plotting.rare import rare_plot
from priorvol.plotting.settings import settings_panel_plot, settings_plot
from priorvol.plotting.target_sweep import posterior_complexity_plot, target_sweep_plot
from priorvol.plotting.training_band import band_distance_plot, training_band_plot

__all__ = [
    "band_distance_plot",
    "comparison_figure",
    "comparison_plot",
    "comparison_rank_plot",
    "complexity_plot",
    "convergence_plot",
    "correlation_map_plot",
    "correlation_plot",
    "correlation_size",
    "distribution_plot",
    "error_complexity_plot",
    "error_laws_plot",
    "histogram_plot",
    "method_errors_plot",
    "pac_bayes_plot",
    "panel_plot",
    "posterior_complexity_plot",
    "rank_plot",
    "rare_plot",
    "settings_panel_plot",
    "settings_plot",
    "style",
    "target_sweep_plot",
    "training_band_plot",
]
