"""What holds for every test."""

import os
import signal
import sys

import pytest

pytest_plugins = ("command_line",)


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)  # tests interrupt programs
    config.pluginmanager.register(_Examples(), "examples")  # for the package's doctests too


class _Examples:
    """Closes the figures that an example leaves open: the twenty-first would be a warning."""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item):
        if isinstance(item, pytest.DoctestItem) and "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_the_disk():
    """Take `os.fsync` for done: a test that simulates a crash loses no power.

    Tests that count or break its calls put their own on top; programs that tests start and kill
    have the real one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # fails for what is no open file, as fsync does
        yield
