#!/usr/bin/env bash
# Set up .venv and run the main job: 10^7 random 7-40-40-1 ReLU networks, tables and figures.
# Usage: bash scripts/quickstart.sh [FOLDER]      (default: quickstart)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-quickstart}
"$root/scripts/environment.sh" plot
export PATH="$root/.venv/bin:$PATH"

run=$out/run
priorvol collect --n-inputs 7 --hidden 40,40 --activation relu --distribution gaussian \
    --sigma-w 1 --sigma-b 1 --encoding 01 --samples 1e7 --seed 0 --out "$run"
echo
priorvol show "$run" --top 10
echo
priorvol plot rank "$run" --out "$out/rank.png" --out "$out/rank.pdf"
priorvol plot complexity "$run" --measure k_lz --out "$out/k_lz.png" --out "$out/k_lz.pdf"
priorvol plot histogram "$run" --out "$out/t.png" --out "$out/t.pdf"
