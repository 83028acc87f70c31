"""Run folders: tables on disk, safe from crashes. The only place that writes results.

A run folder holds ``manifest.json`` and, for each segment, ``<name>.rows.npy`` (a table's rows) and
``<name>.t.npy`` (the counts of T = t and, if kept, their group pairs). A file is written beside its
place, flushed to disk and renamed into it, the manifest last, so that at any moment the folder
holds what the manifest says; what a crash left over is ignored, and removed when the folder is next
opened for writing. Once finished, names and contents follow from the draws alone.
"""

from __future__ import annotations

from priorvol.store.atomic import write_atomically
from priorvol.store.runs import RunWriter, load_parts, load_run, save_table

__all__ = ["RunWriter", "load_parts", "load_run", "save_table", "write_atomically"]
