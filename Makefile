# Everything a checkout needs: `make demo`, `make test`, `make check`, `make bench`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first interpreter of 3.11 or later that is found; `make PYTHON=/path/to/python demo` chooses another.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	if command -v $$name >/dev/null 2>&1 && \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then command -v $$name; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
PINS := constraints.txt
# Clients of other people's that the make-believe Telegram of the tests has to satisfy.
TELEGRAM := .venv-telegram
TELEGRAM_PINS := tests/platforms/telegram/clients.txt

.PHONY: help demo test check bench quality format locale clean

help:
	@echo "make demo    open the console on a sample community (plain text where there is no terminal)"
	@echo "make test    run the whole test suite"
	@echo "make check   formatting, lint, types, import contracts"
	@echo "make bench   benchmarks, as ratios to a baseline"
	@echo "make quality CORPORA=folder   what is found and what is flagged wrongly, on a folder of corpora"
	@echo "make clean   remove the environment and what the tools left"

demo: $(VENV)/run.stamp
	@$(BIN)/vigil demo $(ARGS)

test: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory $(TELEGRAM)/made.stamp || \
	echo "make: no clients of Telegram can be installed here; the test with them is skipped" >&2
	@$(BIN)/pytest $(if $(PYTEST_WORKERS),-n $(PYTEST_WORKERS),-n auto) $(ARGS)

check: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.bench $(ARGS)

# Needs a folder of corpora, files of one JSON object a line; none comes with Vigil.
quality: $(VENV)/dev.stamp
	@test -n "$(CORPORA)" || { echo "make: which corpora? make quality CORPORA=/path/to/folder" >&2; exit 1; }
	@PIP_CONSTRAINT=$(PINS) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[quality]'
	@$(BIN)/python -m tests.bench.quality "$(CORPORA)" $(ARGS)

format: $(VENV)/dev.stamp
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Brings the catalogues up to date with the words in the code, and compiles them.
locale: $(VENV)/dev.stamp
	@$(BIN)/pybabel -q extract -k say -k say_n:1,2 -k mark --no-location --sort-output -o $(VENV)/vigil.pot console widgets
	@$(BIN)/pybabel -q update -D vigil -i $(VENV)/vigil.pot -d console/locale --no-fuzzy-matching --ignore-obsolete -w 120
	@$(BIN)/pybabel -q compile -D vigil -d console/locale

# Two stamps: what runs Vigil, and what its tests and checks need besides.
$(VENV)/run.stamp: pyproject.toml $(PINS) | $(VENV)/made.stamp
	@echo "Installing Vigil into $(VENV) ..."
	@PIP_CONSTRAINT=$(PINS) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@echo "Compiling the rules' loops ..."
	@$(BIN)/python -m rules.compiling
	@touch $@

$(VENV)/dev.stamp: pyproject.toml $(PINS) | $(VENV)/made.stamp
	@echo "Installing Vigil with its tests and checks into $(VENV) ..."
	@PIP_CONSTRAINT=$(PINS) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,check]'
	@PIP_CONSTRAINT=$(PINS) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[matrix-test]' || \
	echo "make: no Matrix server can be installed here; the tests against one are skipped" >&2
	@PIP_CONSTRAINT=$(PINS) $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[onebot-test]' || \
	echo "make: the clients for OneBot cannot be installed here; the tests with them are skipped" >&2
	@echo "Compiling the rules' loops ..."
	@$(BIN)/python -m rules.compiling
	@touch $(VENV)/run.stamp $@

$(TELEGRAM)/made.stamp: $(TELEGRAM_PINS)
	@echo "Installing clients of Telegram into $(TELEGRAM) ..."
	@rm -rf $(TELEGRAM)
	@$(PYTHON) -m venv $(TELEGRAM)
	@$(TELEGRAM)/bin/python -m pip install --quiet --disable-pip-version-check -r $(TELEGRAM_PINS) || \
	{ rm -rf $(TELEGRAM); exit 1; }
	@touch $@

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later found; install one, or: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "make: $(PYTHON) cannot make environments; install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) $(TELEGRAM) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
