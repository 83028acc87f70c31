#!/usr/bin/env bash
# Set up .venv and run the tests; arguments go to pytest (such as -m slow for the long checks).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/environment.sh" dev
cd "$root"
if [ "$#" -eq 0 ]; then
    set -- -m "not slow"
fi
exec .venv/bin/python -m pytest "$@"
