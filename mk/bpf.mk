# SPDX-License-Identifier: Apache-2.0
# bpf/NAME.bpf.c -> $(O)/bpf/NAME.bpf.o and its skeleton $(O)/gen/NAME.skel.h

VMLINUX_BTF ?= /sys/kernel/btf/vmlinux
BPF_SOURCES := $(wildcard bpf/*.bpf.c)
BPF_OBJECTS := $(BPF_SOURCES:bpf/%.bpf.c=$(O)/bpf/%.bpf.o)
SKELETONS := $(BPF_SOURCES:bpf/%.bpf.c=$(O)/gen/%.skel.h)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -std=gnu17 -Wall -Wextra -Wshadow -Werror \
	-Wno-unused-parameter -Wno-missing-declarations

.PHONY: bpf
bpf: $(BPF_OBJECTS) $(SKELETONS)

$(O)/gen/vmlinux.h:
	@mkdir -p $(@D)
	$(call say,BTF,$@)
	$(Q)$(BPFTOOL) btf dump file $(VMLINUX_BTF) format c > $@.tmp
	$(Q)mv $@.tmp $@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/gen/vmlinux.h $(wildcard bpf/*.h) $(wildcard include/vipcast/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Iinclude -Ibpf -I$(O)/gen -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# What bpftool writes is not ours to keep free of warnings.
$(O)/gen/%.skel.h: $(O)/bpf/%.bpf.o
	@mkdir -p $(@D)
	@printf '#pragma GCC system_header\n// NOLINTBEGIN\n' > $@.tmp
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >> $@.tmp
	@echo '// NOLINTEND' >> $@.tmp
	$(Q)mv $@.tmp $@
