#!/usr/bin/env bash
# Make .venv with the package and one of its extras, once; quick when nothing has changed.
# Usage: bash scripts/environment.sh EXTRA        (plot or dev)
set -euo pipefail
extra=${1:?an extra is wanted: plot or dev}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "priorvol needs Python 3.11 or newer as $python (or set PYTHON)" >&2
    exit 1
fi
stamp=.venv/installed-$extra
state=$(cat setup.cfg pyproject.toml | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ]; then
    exit 0
fi
if [ ! -x .venv/bin/python ] && ! "$python" -m venv .venv; then
    echo "could not make .venv: on Debian and Ubuntu, install python3-venv first" >&2
    exit 1
fi
echo "installing priorvol[$extra] into .venv ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extra]"
echo "$state" >"$stamp"
