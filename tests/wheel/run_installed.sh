#!/usr/bin/env bash
# Installs a wheel into a fresh environment and uses it from an empty folder, as a stranger would.
# Usage: run_installed.sh PYTHON WHEEL
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: run_installed.sh PYTHON WHEEL" >&2
  exit 2
fi
python=$(command -v "$1")
wheel=$(realpath "$2")
constraints=$(realpath "$(dirname "$0")/../../constraints.txt")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/environment"
bin="$work/environment/bin"
"$bin/python" -m pip --disable-pip-version-check install --quiet --constraint "$constraints" "$wheel"

mkdir "$work/empty"
cd "$work/empty"
ruleset=$("$bin/python" -c \
  'from alvh_rules.core.resources import ruleset_path; print(ruleset_path("alvh_core"))')
case "$ruleset" in
  "$work"/environment/*) ;;
  *) echo "the shipped ruleset is not in the wheel: $ruleset" >&2; exit 1 ;;
esac

"$bin/alvh" check "$ruleset"
"$bin/alvh" simulate --seed 2 --out market.csv
"$bin/alvh" run "$ruleset" --data market.csv --out decisions.csv
rows=$(wc -l < decisions.csv)
if [ "$rows" -lt 2 ]; then
  echo "decisions.csv has no decisions" >&2
  exit 1
fi
case "$wheel" in
  *-none-any.whl) ;;
  *) "$bin/alvh" run "$ruleset" --data market.csv --engine native --out native.csv
     cmp decisions.csv native.csv ;;
esac
"$bin/python" -m alvh_rules --version
echo "the installed wheel works: $((rows - 1)) sessions decided"
