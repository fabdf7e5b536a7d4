# SPDX-License-Identifier: Apache-2.0
# Each folder of user/ is a static library; those that hold a main.c are programs as well.

LIBS ?= util api store plan bgp bgpio maps net speaker dataplane control controller cli vipcastd

PROGRAMS := $(O)/vipcastd $(O)/vipcast-controller $(O)/vipcastctl

PKGS := libbpf libxdp libmnl libevent jansson yaml-0.1 smartcols libcurl
PKG_LIBS := -lxdp -lbpf -lmnl -levent -ljansson -lyaml -lsmartcols -lcurl -lelf -lz

lib_sources = $(filter-out %/main.c,$(wildcard user/$(1)/*.c))
objects = $(patsubst %.c,$(O)/obj/%.o,$(1))

ARCHIVES := $(foreach l,$(LIBS),$(O)/lib/lib$(l).a)

.PHONY: programs libs
programs: $(PROGRAMS)
libs: $(ARCHIVES)

define library
$(O)/lib/lib$(1).a: $(call objects,$(call lib_sources,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call library,$(l))))

# Only the folders that use a skeleton wait for the BPF objects.
$(call objects,$(wildcard user/dataplane/*.c user/maps/*.c tests/bpf/*.c bench/*/*.c)): | $(SKELETONS)

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -c $< -o $@

link = $(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(1) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(PKG_LIBS)

$(O)/vipcastd: $(call objects,user/vipcastd/main.c) $(ARCHIVES)
	$(call link,$(filter %.o,$^))
$(O)/vipcast-controller: $(call objects,user/controller/main.c) $(ARCHIVES)
	$(call link,$(filter %.o,$^))
$(O)/vipcastctl: $(call objects,$(wildcard user/vipcastctl/*.c)) $(ARCHIVES)
	$(call link,$(filter %.o,$^))

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
