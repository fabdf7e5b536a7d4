# SPDX-License-Identifier: Apache-2.0
# `make help` lists what there is to make.

O ?= build
PREFIX ?= /usr/local
DESTDIR ?=
PYTHON ?= /usr/bin/python3

include mk/toolchain.mk
include mk/bpf.mk
include mk/user.mk
include mk/tests.mk
include mk/bench.mk

.DEFAULT_GOAL := all
.PHONY: all clean install uninstall deps demo demo-down help

all: programs bpf ## build every program and BPF object

deps: ## install the Debian 12 / Ubuntu 24.04 packages that building and testing need
	scripts/deps

demo: ## the main job on one machine: lab, sessions, routes, traffic, a lost node (root)
	scripts/deps --if-missing
	$(MAKE) all lab-tools
	$(PYTHON) tests/lab/demo.py up --build $(O)

demo-down: ## remove what the demo left up
	$(PYTHON) tests/lab/demo.py down

install: all ## install into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(O)/vipcastd $(O)/vipcast-controller $(DESTDIR)$(PREFIX)/sbin
	install -m 0755 $(O)/vipcastctl $(DESTDIR)$(PREFIX)/bin

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/sbin/,vipcastd vipcast-controller)
	rm -f $(DESTDIR)$(PREFIX)/bin/vipcastctl

clean: ## remove what was built
	rm -rf $(O)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | \
		awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'
