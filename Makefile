# Two commands do all the set-up: `make run` and `make test`. See README.md.
PYTHON ?= python3
PORT ?= 8000
DEMO ?= 1
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench soak lock format check clean audit pictures phrases

run: $(VENV)/.runtime
	@$(BIN)/python tools/system_needs.py pdf
	@$(BIN)/python tools/phrases.py compile
	@LOGICRM_DEMO=$(DEMO) $(BIN)/python tools/run.py --port $(PORT)

test: $(VENV)/.tests
	@$(BIN)/python tools/system_needs.py pdf browser
	@$(BIN)/python tools/phrases.py compile
	@$(BIN)/python tools/check.py

# Only the fast static checks.
check: $(VENV)/.tests
	@$(BIN)/python tools/check.py --static

# Long tests: workers killed at 50 random moments each (docs/run.md). Prints the figures and the seed of the dice.
soak: $(VENV)/.tests
	$(BIN)/pytest -m slow -rP --show-capture=stdout

bench: $(VENV)/.tests
	$(BIN)/python -m bench $(BENCH)

format: $(VENV)/.tests
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# Gather what the program says into the catalogues of every language (docs/languages.md).
phrases: $(VENV)/.runtime
	@$(BIN)/python tools/phrases.py gather

# Pictures of the running program for README and docs.
pictures: $(VENV)/.tests
	$(BIN)/python tools/pictures.py

audit: $(VENV)/.tests
	$(BIN)/bandit -q -r logicrm -c pyproject.toml
	@echo "Known vulnerabilities of dependencies: not checked here; run pip-audit where its advisory data can be reached."

# Pin every dependency with its hashes.
lock:
	$(BIN)/pip install -q uv
	cd requirements && for pair in "runtime.in ../requirements.txt" "tests.in tests.txt"; do set -- $$pair; \
	  ../$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 \
	  -q --no-header --no-annotate $$1 -o $$2; done
	cd requirements && ../$(BIN)/uv pip compile --generate-hashes --no-deps --no-emit-index-url --no-emit-find-links \
	  -q --no-header --no-annotate frontend.in -o frontend.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "LogiCRM needs Python 3.11 or newer; run: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make virtual environments here. On Debian or Ubuntu: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: $(VENV)/bin/python requirements.txt requirements/frontend.txt
	@echo "Installing what the program needs …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/frontend.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.runtime requirements/tests.txt
	@echo "Installing what the tests need …"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/tests.txt
	@touch $@
