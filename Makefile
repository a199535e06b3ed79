# make demo: everything set up, the main job done, no account.  make test: everything set up, the tests pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: wheels image demo test check golden golden-update bench soak docs clean

demo: $(READY)
	$(BIN)/orderbell demo --once

test: $(READY)
	$(BIN)/pytest $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: $(READY)
	$(BIN)/python -m tests.golden add

golden-update: $(READY)
	$(BIN)/python -m tests.golden update

docs: $(READY)
	$(BIN)/python -m tests.docs write

bench: $(READY)
	$(BIN)/python -m benchmarks

soak: $(READY)
	$(BIN)/pytest -m soak --timeout 1500

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Orderbell needs Python 3.11 or newer; try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo]' --group dev
	touch $(READY)

# Wheels of everything, for a build without a network.
wheels: $(READY)
	rm -rf wheels
	$(BIN)/pip wheel --quiet --constraint constraints.txt --wheel-dir wheels '.[all]'

# The image itself: built with buildah on a base made of Debian's packages, and run.
image: $(READY) wheels
	$(BIN)/pytest -m image --timeout 900 tests/image

clean:
	rm -rf $(VENV) dist build wheels .mypy_cache .ruff_cache .pytest_cache
