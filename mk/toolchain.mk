# SPDX-License-Identifier: Apache-2.0
# Compilers and flags. SAN=1 builds with ASan and UBSan (use another O for it); V=1 shows commands.

ifneq ($(V),1)
Q := @
endif
say = @printf '  %-5s %s\n' $(1) $(2)

CC = gcc
# The newest clang on the machine of those that the BPF target wants.
find_llvm = $(firstword $(foreach v,-19 -18 -17 -16,$(shell command -v $(1)$(v) 2>/dev/null)) $(1))
CLANG ?= $(call find_llvm,clang)
LLVM_STRIP ?= $(call find_llvm,llvm-strip)
CLANG_FORMAT ?= $(call find_llvm,clang-format)
CLANG_TIDY ?= $(call find_llvm,clang-tidy)
# Ubuntu's /usr/sbin/bpftool wants the tools of the very kernel that runs: take the tool itself.
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool) \
	$(shell command -v bpftool 2>/dev/null) $(wildcard /usr/sbin/bpftool) bpftool)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	-Wformat=2 -Wpointer-arith -Wwrite-strings -Wundef -Wimplicit-fallthrough -Werror

CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARNINGS) -fPIE -fstack-protector-strong -fno-common \
	-ffunction-sections -fdata-sections $(HARDEN) -Iuser -Iinclude -I$(O)/gen $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections $(LDFLAGS)

ifeq ($(SAN),1)
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=address,undefined
else
HARDEN := -D_FORTIFY_SOURCE=2
endif
