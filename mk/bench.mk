# SPDX-License-Identifier: Apache-2.0
# bench/NAME/ is a program $(O)/bench/NAME; its NAME.bpf.c files become skeletons beside it.

.PHONY: bench bench-build

bench-build: $(O)/bench/xdp

bench: all bench-build lab-tools ## nanoseconds a packet and requests a second, beside their floors (root)
	$(O)/bench/xdp
	$(PYTHON) bench/traffic.py --build $(O)

$(O)/bench/gen/%.bpf.o: bench/xdp/%.bpf.c $(O)/gen/vmlinux.h
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_CFLAGS) -I$(O)/gen -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(O)/gen/wrap.skel.h: $(O)/bench/gen/wrap.bpf.o
	@mkdir -p $(@D)
	@echo '#pragma GCC system_header' > $@.tmp
	$(Q)$(BPFTOOL) gen skeleton $< name wrap_bpf >> $@.tmp
	$(Q)mv $@.tmp $@

$(O)/obj/bench/xdp/main.o: | $(O)/gen/wrap.skel.h

$(O)/bench/xdp: $(O)/obj/bench/xdp/main.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call link,$<)
