# SPDX-License-Identifier: Apache-2.0
# tests/unit/LIB/test_*.c and tests/bpf/test_*.c are cmocka programs; tests/e2e is pytest.

UNIT_SOURCES := $(foreach l,$(LIBS),$(wildcard tests/unit/$(l)/test_*.c))
UNIT_TESTS := $(UNIT_SOURCES:%.c=$(O)/%)
BPF_TEST_SOURCES := $(wildcard tests/bpf/test_*.c)
BPF_TESTS := $(BPF_TEST_SOURCES:%.c=$(O)/%)
BPF_TEST_HELPERS := $(filter-out $(BPF_TEST_SOURCES),$(wildcard tests/bpf/*.c))
# A folder of tests/lab that holds a main.c is a program of the lab.
LAB_TOOLS := $(patsubst tests/lab/%/main.c,$(O)/lab/%,$(wildcard tests/lab/*/main.c)) \
	$(O)/lab/wire.bpf.o
C_FILES = $(wildcard user/*/*.[ch] include/*/*.h bpf/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch] bench/*/*.[ch])

.PHONY: test unit-tests bpf-tests lab-tools lint format asan check-unit check-bpf check-e2e

unit-tests: $(UNIT_TESTS)
bpf-tests: $(BPF_TESTS)
lab-tools: $(LAB_TOOLS)

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call link,$<) -lcmocka
$(O)/tests/bpf/%: $(O)/obj/tests/bpf/%.o $(call objects,$(BPF_TEST_HELPERS)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call link,$(filter %.o,$^)) -lcmocka
$(O)/lab/wire.bpf.o: tests/lab/wire.bpf.c $(O)/gen/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -I$(O)/gen -c $< -o $@
.SECONDEXPANSION:
$(O)/lab/%: $$(call objects,$$(wildcard tests/lab/%/*.c))
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent

test: ## every suite: unit, BPF, end to end (root); ends with "N passed, N failed"
	scripts/deps --if-missing
	$(MAKE) all unit-tests bpf-tests lab-tools
	$(PYTHON) tests/run.py --build $(O) unit bpf e2e

check-unit: unit-tests ## the unit tests alone
	$(PYTHON) tests/run.py --build $(O) unit
check-bpf: bpf-tests ## the BPF tests alone (root)
	$(PYTHON) tests/run.py --build $(O) bpf
check-e2e: all lab-tools ## the end-to-end tests alone (root)
	$(PYTHON) tests/run.py --build $(O) e2e

asan: ## unit and BPF tests under ASan and UBSan
	$(MAKE) O=$(O)-asan SAN=1 CFLAGS='-O1 -g' unit-tests bpf-tests
	$(PYTHON) tests/run.py --build $(O)-asan unit bpf

lint: $(SKELETONS) ## clang-format and clang-tidy
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)
	$(CLANG_TIDY) --quiet $(filter user/%.c,$(C_FILES)) -- -std=c17 -D_GNU_SOURCE -Iuser -Iinclude -I$(O)/gen

format: ## let clang-format decide
	$(CLANG_FORMAT) -i $(C_FILES)

# Objects of tests and tools are kept: the next build compiles only what changed.
.SECONDARY:
