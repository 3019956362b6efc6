#!/usr/bin/env bash
# Build the wheel, install it alone in a fresh environment, and run it from an empty folder.
set -euo pipefail
python=${1:-python3}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" wheel --quiet --no-deps --wheel-dir "$work/dist" "$root"
"${pip[@]}" install --quiet --constraint "$root/constraints.txt" "$work"/dist/*.whl
mkdir "$work/empty"
cd "$work/empty"
alvh="$work/venv/bin/alvh"
"$work/venv/bin/python" -m alvh_rules --version
"$alvh" new mine
"$alvh" check mine.alvh
"$alvh" test mine.alvh
"$alvh" simulate --sessions 300 --out market.csv
"$alvh" run mine.alvh --data market.csv --out decisions.parquet
test -s decisions.parquet
