# Two commands for a newcomer: `make demo` and `make test`. Both make their environment in .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint docs bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/nxspectra demo

# in the order of the alphabet: by number of tests, the slow files, which have few, would come last
test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	$(BIN)/python -m pytest benchmarks -q --benchmark-columns=median,iqr,rounds

$(VENV)/bin/python:
	$(PYTHON) -m venv --upgrade-deps $(VENV)  # later versions of pip install in half the time

$(VENV)/demo.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing nxspectra and what it needs into $(VENV) (a few minutes the first time)"
	$(PIP) -e '.[train]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing nxspectra and what its tests need into $(VENV) (a few minutes the first time)"
	$(PIP) -e '.[train,portal,postgresql,exports,integrate,dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist build nxspectra-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
