# `make demo` runs the flagship ruleset on a simulated market; `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test lint clean

$(VENV)/core: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "alvh-rules needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/dev: $(VENV)/core
	$(PIP) --editable '.[dev]'
	@touch $@

demo: $(VENV)/core
	@mkdir -p build
	$(BIN)/alvh simulate --sessions 4000 --seed 1 --out build/simulated.csv
	$(BIN)/alvh run rulesets/alvh_core.alvh --data build/simulated.csv --out decisions.csv

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/alvh check rulesets
	$(BIN)/alvh test rulesets
	bash tests/wheel/run_installed.sh $(PYTHON)
	$(BIN)/python -m pytest -n 2

clean:
	rm -rf $(VENV) build decisions.csv decisions.csv.kinds.json
