#!/usr/bin/env bash
# Set up .venv and run the tests, on up to four cores; arguments go to pytest (such as -m slow for the
# long checks, on one).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/environment.sh" dev
cd "$root"
if [ "$#" -eq 0 ]; then
    set -- -m "not slow" --numprocesses auto --maxprocesses 4 --dist worksteal
fi
exec .venv/bin/python -m pytest "$@"
