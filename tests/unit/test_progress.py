"""The progress bar: shown where asked for or standard error is a terminal, and then only."""

import io
import sys

import pytest

from priorvol.progress import progress_bar


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "progress", "shown"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
    ],
)
def test_where_it_is_shown(monkeypatch, terminal, progress, shown):
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar(4000, "functions", initial=1000, progress=progress) as bar:
        bar.update(3000)
    assert bool(screen.getvalue()) == shown
    if shown:
        assert "4.00k/4.00k" in screen.getvalue() and "functions" in screen.getvalue()


def test_quick_work_shows_none(monkeypatch):
    screen = Screen(True)
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_bar(None, "functions", delay=1000.0) as bar:
        bar.update(3)
    assert screen.getvalue() == ""


def test_no_standard_error_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with progress_bar(2, "functions") as bar:
        bar.update(2)
