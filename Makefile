# Everything runs in .venv, made by the first target that needs it; a second call installs nothing.
#   PYTHON=…   the interpreter that makes .venv
#   EXTRAS=gpu faiss for the GPU instead of the CPU
#   ARGS="…"   options of the command behind the target

PYTHON ?= python3.11
EXTRAS ?= cpu
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed-$(EXTRAS)
OTHER_FAISS := $(if $(filter gpu,$(EXTRAS)),faiss-cpu,faiss-gpu)
CODE := raysign jobs clusters benchmarks docs tests
SUITS := 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(READY) ## make .venv with the tested versions

.PHONY: sweep
sweep: $(READY) ## search for the best encoder: the main job (ARGS="--data STORE --trials 8")
	@$(BIN)/python jobs/sweep.py $(ARGS)

.PHONY: test
test: $(READY) ## every fast test (the long ones: make test-slow; ARGS="tests/pose -x")
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: test-slow
test-slow: $(READY) ## the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

.PHONY: check
check: check-format lint types contract test ## all that must hold before a change goes in

.PHONY: static
static: check-format lint types contract ## check without the tests

.PHONY: check-format
check-format: $(READY)
	$(BIN)/ruff format --check $(CODE)

.PHONY: format
format: $(READY) ## write the code as ruff formats it
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix-only $(CODE)

.PHONY: lint
lint: $(READY) ## ruff's rules
	$(BIN)/ruff check $(CODE)

.PHONY: types
types: $(READY) ## mypy, strict
	$(BIN)/mypy

.PHONY: contract
contract: $(READY) ## imports go down the floors
	$(BIN)/lint-imports --no-logo

.PHONY: ship
ship: $(READY) ## put a trained encoder into the package, as MODEL default (ARGS="BUNDLE --licence TEXT")
	@$(BIN)/python -m raysign.cli.ship $(ARGS)

.PHONY: screenshots
screenshots: $(READY) ## take pictures of the page in Chromium; needs RAYSIGN_DATA (ARGS=FOLDER)
	@$(BIN)/python docs/make_screenshots.py $(ARGS)

.PHONY: clean
clean: ## remove .venv and every cache; stores, runs and models stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp comes last, so that an install which was cut short is taken up again. Both faiss packages own
# the same folder, so one goes before the other comes. pip compiles on one core, compileall on all; files
# that are no Python 3 (templates) stay as they are, with pip too.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c $(SUITS) 2>/dev/null || { echo "error: $(PYTHON) is not Python 3.11 with venv, or is not there; say where it is: make PYTHON=/path/to/python3.11 …" >&2; exit 2; }
	@echo "installing into $(VENV), once, a few minutes …"
	@rm -f $(VENV)/.installed-*
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip uninstall -qq --yes $(OTHER_FAISS)
	@$(BIN)/pip install -qq --no-compile --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS),extract,cluster,dev]'
	@$(BIN)/python -W ignore -m compileall -qq -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $@
	@echo "installed"
