# Everything that is needed to run and to test the publication. `make` alone lists the targets.
# Needs Python 3.11 or newer with its venv module, and make; all else goes to .venv.

HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
DB ?= sqlite postgresql
JOBS ?= 2

export PYTHON
# Tests start many processes, which would compile all modules anew where an environment (as of
# many containers) forbids to keep what was compiled. An empty value allows it.
export PYTHONDONTWRITEBYTECODE =

python = .venv/bin/python
pip = $(python) -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help serve test soak lint
.SUFFIXES:

help:  ## list these targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "PYTHON=/path/to/python3.12 chooses the interpreter for .venv."

serve: .venv/for-serve  ## run the publication [HOST=127.0.0.1 PORT=8000]
	@exec $(python) manage.py serve --prepare --host "$(HOST)" --port "$(PORT)"

test: .venv/for-test  ## run all tests on both databases [ARGS="tests/articles -x" DB=sqlite]
	@$(call on_each_database,$(ARGS))

soak: .venv/for-test  ## run what takes long [SOAK_EXAMPLES=2000 SOAK_HISTORIES=5000 ARGS=… DB=…]
	@export SOAK=1; $(call on_each_database,-m "soak or hypothesis" $(ARGS))

lint: .venv/for-test  ## look for mistakes and for layout that ruff would change
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

# Tests that concern one database only are left out of the other run; when nothing else was
# asked for, pytest calls that "no tests collected" (5), which isn't a failure of the second run.
define on_each_database
status=0; \
for database in $(DB); do \
  TEST_DATABASE=$$database $(python) -m pytest -n $(JOBS) --dist worksteal $(1); result=$$?; \
  if [ $$result -eq 5 ] && [ "$$database" != "$(firstword $(DB))" ]; then result=0; fi; \
  if [ $$result -ge 2 ]; then exit $$result; fi; \
  if [ $$result -ne 0 ]; then status=$$result; fi; \
done; exit $$status
endef

# The virtual environment: made anew when the requirements or the interpreter change.

ifneq ($(wildcard .venv),)
ifneq ($(shell $(python) -c "print('runs')" 2>/dev/null),runs)
.venv/for-serve .venv/for-test: broken-venv
.PHONY: broken-venv
broken-venv: ;
endif
endif

.venv/for-serve: requirements.txt
	@$(new_venv)
	@echo "Installing the requirements (about half a minute) ..."
	@$(pip) -r requirements.txt || $(not_installed)
	@touch $@

.venv/for-test: .venv/for-serve requirements-dev.txt
	@if [ -e $@ ]; then $(new_venv); fi
	@echo "Installing the test tools (about a minute) ..."
	@$(pip) -r requirements-dev.txt || $(not_installed)
	@touch .venv/for-serve $@

not_installed = { echo "The requirements could not be installed; pip says why above." >&2; exit 1; }

# The first interpreter that is new enough and can make virtual environments.
define new_venv
usable=; old=; bare=; \
for candidate in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do \
  version=$$("$$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
  if ! "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
    old=$${old:-"$$candidate is Python $$version"}; continue; fi; \
  if ! "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then \
    bare=$${bare:-$$candidate}; continue; fi; \
  usable=$$candidate; break; \
done; \
if [ -z "$$usable" ] && [ -n "$$bare" ]; then \
  echo "$$bare lacks the venv module; on Debian and Ubuntu: apt install python3-venv." >&2; exit 1; fi; \
if [ -z "$$usable" ]; then \
  echo "Python 3.11 or newer is needed, but $${old:-no Python was found$${PYTHON:+ at $$PYTHON}};" \
    "install it, or choose one by PYTHON=/path/to/python3.12." >&2; exit 1; fi; \
if ! { mkdir -p .venv && touch .venv/writable && rm .venv/writable; } 2>/dev/null; then \
  echo "$(CURDIR) is read-only for you: copy the project to a folder that you can write to." >&2; exit 1; fi; \
echo "Making the virtual environment with $$usable ($$version) ..."; \
"$$usable" -m venv --clear .venv || exit 1
endef
