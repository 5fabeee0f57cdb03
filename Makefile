# Everything needs Python 3.11 and make, and nothing else. Each target sets up what it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .build/uv/bin/uv
BIN := .venv/bin
COMPILE := pip compile pyproject.toml --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command 'make lock'

.PHONY: help setup demo test check audit faults scale overload kills fuzz bench lock clean

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: .venv/complete ## make .venv with everything, from the lock

demo: setup ## the whole product on this machine: real résumés of every job type, live progress, results
	$(BIN)/enrich demo

test: setup ## every test, on the real embedded stack and in a real browser
	@bash tests/browser/chromium.sh
	$(BIN)/pytest

check: setup ## style, types, layers and unit tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit
	@$(MAKE) --no-print-directory .build/audited

audit: setup ## known vulnerabilities of what is locked, and its list of parts (.build/sbom.json)
	@rm -f .build/audited
	@$(MAKE) --no-print-directory .build/audited

faults: setup ## load and faults for MINUTES from each of SEEDS seeds from SEED on, then every invariant
	$(BIN)/python -m tests.faults --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) --minutes $(or $(MINUTES),3) \
		--out .build/faults

scale: setup ## bulks at their real size: 100,000 candidates, a cancel, kills, single jobs beside; SCENARIO=large for one
	$(if $(SCENARIO),$(BIN)/python -m tests.scale $(SCENARIO),for s in fair cancel kills large; do $(BIN)/python -m tests.scale $$s || exit 1; done)

overload: setup ## twice what the machine serves for SECONDS: refusals say when, nothing accepted is lost, then all is as before
	$(BIN)/python -m tests.overload --seconds $(or $(SECONDS),60)

kills: setup ## kill -9 of the worker KILLS times beside a paid answer: nothing is paid again
	ENRICHMENT_KILLS=$(or $(KILLS),50) $(BIN)/pytest -o faulthandler_timeout=0 tests/integration/test_models_kills.py

fuzz: setup ## CASES requests from the API's own document, and CASES that nobody would make: no 500, no row changed by a refusal
	ENRICHMENT_FUZZ_CASES=$(or $(CASES),20000) $(BIN)/pytest -o faulthandler_timeout=0 tests/integration/test_api_fuzz.py

bench: setup ## measurements beside BullMQ, taskiq and bare Temporal, in ten minutes; ARGS=--quick for two, ARGS='--only NAME'
	$(BIN)/python -m benchmarks $(or $(ARGS),--keep docs/benchmarks.md)

lock: $(UV) ## write the locks anew from pyproject.toml: versions and hashes; that of the image has fewer packages
	$(UV) $(COMPILE) --all-extras --output-file requirements.lock
	$(UV) $(COMPILE) --extra llm --constraints requirements.lock --output-file deploy/requirements.lock

clean: ## remove what the targets above have made
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# `check` asks once for each lock, `audit` whenever it is told to.
.build/audited: requirements.lock deploy/audit.sh | .venv/complete
	@$(BIN)/cyclonedx-py requirements requirements.lock --output-file .build/sbom.json
	@bash deploy/audit.sh $(BIN) requirements.lock .build/audit.json
	@touch $@

# The last step leaves the mark, so that an interrupted set-up is done again.
.venv/complete: requirements.lock pyproject.toml $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Into a folder of its own: this needs neither a virtual environment nor a Python that one may install into.
$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .build/uv 'uv>=0.5'
