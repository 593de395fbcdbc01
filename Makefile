# `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench bench-fleet lock

BIN := .venv/bin
# The tools are there when this file is newer than the list of them.
READY := .venv/.ready
PROJECT := {{cookiecutter.project_slug}}

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## bake the template into build/demo and run it, with Docker or without
	@$(BIN)/python demo.py

test: $(READY) ## all tests; those with containers where a Docker engine answers
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY) ## check style and types of the template's own code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY) ## format the template's own code
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

# Its own environment: stock aiogram and the project are measured with the project's versions.
bench: .venv-bench/.ready ## measure the project beside stock aiogram
	.venv-bench/bin/python -m benchmarks

bench-fleet: .venv-bench/.ready ## measure ten thousand bots on ten replicas
	.venv-bench/bin/python -m benchmarks.fleet

lock: $(READY) ## renew the requirements of the template and of the project
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	rm -rf build/lock && mkdir -p build/lock
	sed 's/^name = .*/name = "lock"/' '$(PROJECT)/pyproject.toml' > build/lock/pyproject.toml
	cd build/lock && ../../$(BIN)/uv pip compile --quiet pyproject.toml -o requirements.txt
	cd build/lock && ../../$(BIN)/uv pip compile --quiet pyproject.toml --group dev \
		--constraints requirements.txt -o requirements-dev.txt
	cp build/lock/requirements.txt build/lock/requirements-dev.txt '$(PROJECT)/'
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev \
		--constraints build/lock/requirements-dev.txt -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --group bench \
		--constraints build/lock/requirements.txt -o requirements-bench.txt

# $(call venv,FOLDER,OPTIONS OF PIP INSTALL). PYTHON=... chooses the Python.
define venv
	@for python in $(PYTHON) python3.13 python3 python python3.14 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Installing the tools into $(1), once ($$($$python --version))."; \
			$$python -m venv --clear $(1) || exit 1; \
			$(1)/bin/python -m pip install --quiet --disable-pip-version-check \
				--require-hashes $(2) || exit 1; \
			touch $(1)/.ready; exit; \
		fi; \
	done; \
	echo "No Python 3.11 or newer here. Install one, or: make PYTHON=/path/to/python3.13" >&2; exit 1
endef

$(READY): requirements-dev.txt
	$(call venv,.venv,--requirement requirements-dev.txt)

.venv-bench/.ready: requirements-bench.txt $(PROJECT)/requirements.txt
	$(call venv,.venv-bench,--requirement '$(PROJECT)/requirements.txt' --requirement requirements-bench.txt)
