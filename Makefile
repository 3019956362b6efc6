# make demo   run the flagship ruleset on a simulated market
# make test   everything that must pass: style, types, tests, and the installed wheel
# make bench  how fast rulesets are read, checked and run, beside peers measured in the same run
# make clean  remove what the above have made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILT := build
SIMULATED := $(BUILT)/demo/simulated.csv
# The steps of a target run one after the other; pytest alone uses several processes.
WORKERS ?= 2

.NOTPARALLEL:
.PHONY: demo test bench lint types unit wheel clean

demo: $(VENV)/.installed $(SIMULATED)
	$(BIN)/alvh run rulesets/alvh_core.alvh --data $(SIMULATED) --out decisions.csv

test: lint types unit wheel

# One process: what runs beside a measurement disturbs it.
bench: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m pytest tests/benchmarks/bench_*.py --benchmark-columns=median,min,max,rounds
	$(BIN)/python -m tests.benchmarks.performance
	$(BIN)/python -m tests.benchmarks.live
	$(BIN)/python -m tests.benchmarks.backtest
	$(BIN)/python -m tests.benchmarks.ledger

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check alvh_rules tests
	$(BIN)/ruff format --check alvh_rules tests

types: $(VENV)/.installed-dev
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS)

wheel: $(VENV)/.installed-dev
	rm -rf $(BUILT)/wheel
	$(BIN)/python -m build --outdir $(BUILT)/wheel .
	bash tests/wheel/run_installed.sh $(BIN)/python $(BUILT)/wheel/*.whl

$(SIMULATED): $(VENV)/.installed
	mkdir -p $(@D)
	$(BIN)/alvh simulate --seed 1 --out $@

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "alvh-rules needs Python 3.11 or later; '$(PYTHON)' was not found."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "alvh-rules needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version)."; \
	  echo "Name another with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "The environment could not be made: is Python's venv module installed?"; exit 1; }
	@touch $@

# What the installed package is made from; the rest of it is read where it stands.
MADE_FROM := pyproject.toml constraints.txt hatch_build.py alvh_rules/native/source.py \
  $(wildcard alvh_rules/native/*.[ch])

$(VENV)/.installed: $(VENV)/.created $(MADE_FROM)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.created $(MADE_FROM)
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(BUILT) dist decisions.csv decisions.csv.kinds.json
