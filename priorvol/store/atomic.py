"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: str | Path, write: Callable[[Path], object]) -> None:
    """Call ``write(temporary)`` and rename the file it wrote to ``path``.

    A file that was there is replaced only if all went well. The temporary file lies in the same
    folder and its name ends like ``path``, since writers choose the format by it.

    Parameters
    ----------
    path : str or Path
    write : callable
        Takes the temporary path, where an empty file lies, and writes to it.

    Raises
    ------
    ValueError
        If the folder does not exist or cannot be written, or ``path`` is there and not a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.txt"
    ...     write_atomically(file, lambda temporary: temporary.write_text("0110 3"))
    ...     file.read_text()
    '0110 3'
    """
    target = Path(os.path.realpath(path))  # a link stays; what it points to is replaced
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        if target.exists() and not target.is_file():
            raise ValueError(f"cannot write {path}: it is there and not a file")
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror}") from None
    replace_file(target, temporary, write)
    flush(target.parent)


def replace_file(target: Path, temporary: Path, write: Callable[[Path], object]) -> None:
    """Write ``temporary``, flush it to disk and rename it; on any error remove it.

    The caller flushes the folder (see `flush`), once for several files.
    """
    try:
        write(temporary)
        flush(temporary)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flush(path: Path) -> None:
    """Flush a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
