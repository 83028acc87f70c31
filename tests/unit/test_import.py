"""What importing the package loads, and what its names are."""

import importlib
import inspect
import subprocess
import sys
import types

import pytest

import priorvol

HEAVY = ("scipy.stats", "sklearn", "numba", "matplotlib", "pyarrow", "joblib", "tqdm")


def run(code):
    """Return what ``code`` prints in a fresh interpreter."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loaded_after(code):
    """Return the modules that a fresh interpreter holds after running ``code``."""
    return set(run(f"import sys\n{code}\nprint(*sys.modules)").split())


def test_the_import_is_light():
    loaded = loaded_after("import priorvol")
    assert "priorvol" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_describing_a_task_is_light():
    code = (
        "from priorvol import Architecture, Prior, Task, boolean_cube\n"
        "Task(Architecture(7, (40, 40), activation='gelu', shift='zero-mean')).content_hash"
    )
    assert loaded_after(code).isdisjoint(HEAVY)


def test_the_check_would_see_a_heavy_import():
    assert "numba" in loaded_after("import priorvol.sampler")


@pytest.mark.parametrize("name", priorvol.__all__)
def test_every_public_name_loads_and_is_documented(name):
    value = getattr(priorvol, name)
    assert name in dir(priorvol)
    if name == "__version__":
        assert value.count(".") >= 2
        return
    assert inspect.getdoc(value), f"{name} has no docstring"
    if isinstance(value, types.ModuleType):
        assert value.__name__ == f"priorvol.{name}"
    else:
        assert value.__name__ == name
        assert value.__module__.startswith("priorvol.")


def test_public_names_are_listed_once():
    assert len(set(priorvol.__all__)) == len(priorvol.__all__)


def test_names_are_the_same_whatever_was_imported_before():
    """A submodule, once imported, is an attribute of the package, and must hide no name of it."""
    everything = (
        "import importlib, pkgutil, priorvol\n"
        "for module in pkgutil.walk_packages(priorvol.__path__, 'priorvol.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
    )
    names = (
        "import priorvol\n"
        f"for name in {priorvol.__all__}:\n"
        "    print(name, repr(getattr(priorvol, name)).split(' at ')[0])\n"
    )
    assert run(everything + names) == run(names)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no attribute 'colect'"):
        _ = priorvol.colect
    with pytest.raises(ImportError, match="colect"):
        from priorvol import colect  # noqa: F401


def test_the_modules_are_documented():
    for name in ("sampler", "collector", "table", "task", "inputs", "architecture", "rng"):
        assert importlib.import_module(f"priorvol.{name}").__doc__
