# make demo: everything set up, the main job done, no account.  make test: everything set up, the tests pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The suite runs in so many processes, each with servers of its own; 0: in this one, as a debugger wants it.
WORKERS ?= auto
PARALLEL := --numprocesses $(WORKERS) --dist worksteal

.PHONY: dist wheels shipping pictures demo test check golden golden-update bench soak endurance docs fuzz audit clean

demo: $(READY)
	$(BIN)/orderbell demo --once

test: $(READY)
	$(BIN)/pytest $(PARALLEL) $(ARGS)

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
	$(BIN)/python -m tests.manual write
	$(BIN)/python -m tests.catalogue write

# The pictures of the README, in Chromium (apt-get install chromium fonts-noto-cjk).
FOLDER ?= docs/pictures
pictures: $(READY)
	$(BIN)/python -m tests.pictures $(FOLDER)

bench: $(READY)
	$(BIN)/python -m benchmarks

# Minutes of faults, told per file.
soak: $(READY)
	$(BIN)/pytest -m soak --timeout 1800 $(PARALLEL) $(ARGS)

# An hour and more, and not in CI: whoever changes a room runs the rows of the fault matrix that try it
# (make endurance ROWS="18 26"), which also counts them anew in docs/faults.md.
endurance: $(READY)
	$(BIN)/python -m tests.faults.report --endurance $(ROWS)

# Wounded mails for so many minutes; what breaks the reader is kept in tests/fixtures/broken.
MINUTES ?= 5
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# Known holes in what we lean on (says so where it cannot ask), and the bill of materials in dist/.
audit: $(READY)
	$(BIN)/python -m tests.audit

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Orderbell needs Python 3.11 or newer; try: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV) with what Orderbell and its tests need: once, a minute or two, nothing outside this folder."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --constraint constraints.txt --editable '.[all]' --group dev
	touch $(READY)

# The package: wheel and source, checked.
dist: $(READY)
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/twine check --strict dist/*

# Wheels of everything the image is made of and made with, for a build without a network.
wheels: $(READY)
	rm -rf wheels
	$(BIN)/pip wheel --quiet --constraint constraints.txt --wheel-dir wheels '.[all]' cyclonedx-bom

# The package in an empty environment, and the image on a base of Debian's packages: built and run.
shipping: dist wheels
	$(BIN)/pytest -m shipping --timeout 1800 tests/shipping

clean:
	rm -rf $(VENV) dist build wheels .mypy_cache .ruff_cache .pytest_cache
