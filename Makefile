# sdesp. SPDX-License-Identifier: MIT
#
#   make deps demo            set up and run the main job
#   make test-deps check      set up and pass the tests
#   make all lint layers bench size soak fuzz install clean
#
# Variables: CC, CFLAGS, LDFLAGS, BUILD, PREFIX, DESTDIR, BEARSSL_DIR (a tree
# with inc/ and build/libbearssl.a, instead of the system's library), SAN=1
# (address and undefined-behaviour sanitizers).

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

VERSION := $(shell sed -n 's/.define SDESP_VERSION "\(.*\)"/\1/p' core/include/sdesp.h)
SOVERSION := 0

CC := gcc
AR := ar
CFLAGS := -O2 -g
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
ifdef SAN
BUILD := build-san
CFLAGS := -O1 -g $(SAN_FLAGS)
LDFLAGS := $(SAN_FLAGS)
else
BUILD := build
endif
JOBS := $(shell getconf _NPROCESSORS_ONLN)
PREFIX := /usr/local
LIBDIR := $(PREFIX)/lib
DATADIR := $(PREFIX)/share/sdesp

ifdef BEARSSL_DIR
BEARSSL_CFLAGS := -isystem $(BEARSSL_DIR)/inc
BEARSSL_LIBS := $(BEARSSL_DIR)/build/libbearssl.a
else
BEARSSL_LIBS := -lbearssl
endif

# lwIP's headers: a tree with lwip/, arch/ and lwipopts.h. Debian's want POSIX.
LWIP_CFLAGS := -isystem /usr/include/lwip -D_POSIX_C_SOURCE=200809L
LWIP_LIBS := -llwip

# libre and lwIP both have functions of these names: where a program has both,
# libre is linked into it with its own renamed.
RE_ARCHIVE = $(shell $(CC) -print-file-name=libre.a)
RE_RENAMED := tcp_accept tcp_connect udp_connect udp_send
RE_STATIC_LIBS = $(BUILD)/libre-renamed.a -lssl -lcrypto -l:libz.so.1 \
	-lresolv -ldl -lpthread

DEPS := gcc libc6-dev make libbearssl-dev liblwip-dev libre-dev libssl-dev
TEST_DEPS := $(DEPS) baresip-core binutils busybox-static clang clang-format \
	cppcheck curl dpkg-dev gcc-arm-none-eabi gcc-powerpc-linux-gnu \
	iproute2 kamailio rtpengine-daemon sip-tester \
	libc6-dev-powerpc-cross libclang-rt-14-dev libcmocka-dev \
	libnewlib-arm-none-eabi llvm openssl python3 python3-cryptography \
	python3-scapy qemu-system-arm qemu-system-x86 qemu-user shellcheck \
	tshark user-mode-linux valgrind

INCLUDES := -Icore/include -Icore -Ibackends/udp -Ibackends/tun \
	-Ibackends/xfrm -Ibackends/pfkey -Iports/posix -Iports/libre \
	-Iports/lwip -I. $(BEARSSL_CFLAGS)
BASE_FLAGS := -std=c99 $(WARN) $(INCLUDES)

# What the library is made of, and the program on top of it. XFRM and TUN are
# Linux's; PF_KEY is the BSDs', and Linux has one too.
OS := $(shell uname -s)
BACKENDS := $(if $(filter Linux,$(OS)),tun xfrm) pfkey udp
CORE_SRC := $(sort $(wildcard core/*/*.c))
BACKEND_SRC := $(sort $(wildcard $(BACKENDS:%=backends/%/*.c)))
PORT_LIB_SRC := $(sort $(wildcard ports/posix/lib/*.c))
LIB_SRC := $(CORE_SRC) $(BACKEND_SRC) $(PORT_LIB_SRC)
LWIP_SRC := $(sort $(wildcard ports/lwip/*.c))
CMD_SRC := $(sort $(wildcard ports/posix/*.c))
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c tests/property/test_*.c))
FUZZ_SRC := $(sort $(wildcard fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
PUBLIC_H := $(sort $(wildcard core/include/*.h ports/posix/sdesp_*.h \
	$(BACKENDS:%=backends/%/sdesp_*.h)))

# The adapter to libre's SIP: an archive of its own, which needs -lre.
LIBRE_SRC := $(sort $(wildcard ports/libre/*.c))
LIBRE_H := $(sort $(wildcard ports/libre/sdesp_*.h))
LIBRE_UNIT_SRC := $(filter tests/unit/test_libre_%,$(UNIT_SRC))
LIBRE_SUPPORT_SRC := $(sort $(wildcard tests/support/libre/*.c))

# Programs that call over and over: not in check, but for soak and bench.
CALLS_SRC := $(sort $(wildcard tests/calls/*.c))

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
pic = $(patsubst %.c,$(BUILD)/pic/%.o,$(1))

LIB := $(BUILD)/libsdesp.a
LWIP_LIB := $(BUILD)/libsdesp-lwip.a
LIBRE_LIB := $(BUILD)/libsdesp-libre.a
LIBRE_LIBS := -lre -lssl -lcrypto
SHARED := $(BUILD)/libsdesp.so.$(SOVERSION)
PROGRAM := $(BUILD)/sdesp
UNIT := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
REPLAY := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
CASES := $(BUILD)/tests/cases/run_cases
README_EXAMPLE := $(BUILD)/tests/readme/example
BENCH := $(BUILD)/bench

.PHONY: all sources deps test-deps demo check check-guest check-netns interop \
	soak soak-own soak-sipp lint layers symbols bench size cross fuzz \
	fuzz-smoke install install-baresip clean format

all: $(LIB) $(SHARED) $(LIBRE_LIB) $(LWIP_LIB) $(PROGRAM) \
	$(BUILD)/sdesp.pc $(BUILD)/sdesp-lwip.pc

# What the library is made of here, or with OS=NetBSD there.
sources:
	@printf '%s\n' $(LIB_SRC)

# --- what is needed -------------------------------------------------------

deps:
	@sh tests/support/packages.sh $(DEPS)

test-deps:
	@sh tests/support/packages.sh $(TEST_DEPS)
	@sh tests/support/debian-source.sh bearssl .deps/bearssl
	@sh tests/support/debian-source.sh lwip .deps/lwip
	@sh tests/kernel/fetch.sh .deps/guest

# Says what is missing before the compiler does.
$(BUILD)/.have-bearssl:
	@mkdir -p $(@D)
	@echo '#include <bearssl.h>' | $(CC) $(BEARSSL_CFLAGS) -E - >/dev/null 2>&1 || \
		{ echo 'bearssl.h is missing: run "make deps" as root, or set BEARSSL_DIR' >&2; exit 1; }
	@touch $@

$(BUILD)/.have-libre:
	@mkdir -p $(@D)
	@printf '%s\n' '#include <openssl/ssl.h>' '#include "ports/libre/sdesp_re.h"' | \
		$(CC) -I. -E - >/dev/null 2>&1 || \
		{ echo 're/re.h or openssl/ssl.h is missing: run "make deps" as root' >&2; exit 1; }
	@touch $@

$(call obj,$(LIBRE_SRC) $(LIBRE_UNIT_SRC) $(LIBRE_SUPPORT_SRC) $(CALLS_SRC)): \
	$(BUILD)/.have-libre

# --- library and program --------------------------------------------------

$(BUILD)/%.o: %.c $(BUILD)/.have-bearssl
	@mkdir -p $(@D)
	@echo '  CC  $<'
	@$(CC) $(BASE_FLAGS) -DSDESP_DATADIR='"$(DATADIR)"' $(CFLAGS) -MMD -MP \
		-c -o $@ $<

$(BUILD)/pic/%.o: %.c $(BUILD)/.have-bearssl
	@mkdir -p $(@D)
	@echo '  CC  $< (PIC)'
	@$(CC) $(BASE_FLAGS) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

# Only what is named here knows lwIP; libsdesp does not.
LWIP_TEST_SRC := $(sort $(wildcard tests/lwip/*.c))
LWIP_OBJ := $(call obj,$(LWIP_SRC) $(LWIP_TEST_SRC) ports/posix/ua_lane.c)

$(BUILD)/.have-lwip:
	@mkdir -p $(@D)
	@echo '#include <lwip/tcp.h>' | $(CC) $(LWIP_CFLAGS) -E - >/dev/null 2>&1 || \
		{ echo 'lwip/tcp.h is missing: run "make deps" as root, or set LWIP_CFLAGS' >&2; exit 1; }
	@touch $@

$(LWIP_OBJ): $(BUILD)/.have-lwip
$(LWIP_OBJ): BASE_FLAGS += $(LWIP_CFLAGS)

$(LWIP_LIB): $(call obj,$(LWIP_SRC))
	@rm -f $@
	@echo '  AR  $@'
	@$(AR) rcs $@ $^

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	@echo '  AR  $@'
	@$(AR) rcs $@ $^

$(LIBRE_LIB): $(call obj,$(LIBRE_SRC))
	@rm -f $@
	@echo '  AR  $@'
	@$(AR) rcs $@ $^

# Exported is what a public header declares, nothing else.
$(BUILD)/sdesp.map: $(PUBLIC_H)
	@mkdir -p $(@D)
	@{ echo '{ global:'; \
	grep -oh 'sdesp_[a-z0-9_]*(' $(PUBLIC_H) | sort -u | sed 's/($$/;/'; \
	sed -n 's/^extern const .* \**\(sdesp_[a-z0-9_]*\);/\1;/p' $(PUBLIC_H); \
	echo 'local: *; };'; } > $@

$(SHARED): $(call pic,$(LIB_SRC)) $(BUILD)/sdesp.map
	@echo '  LD  $@'
	@$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script,$(BUILD)/sdesp.map \
		$(LDFLAGS) -o $@ $(filter %.o,$^) $(BEARSSL_LIBS)

$(BUILD)/libre-renamed.a:
	@mkdir -p $(@D)
	@test -e $(RE_ARCHIVE) || \
		{ echo 'libre.a is missing: run "make deps" as root' >&2; exit 1; }
	@objcopy $(foreach s,$(RE_RENAMED),--redefine-sym $(s)=re_$(s)) \
		$(RE_ARCHIVE) $@

$(PROGRAM): $(call obj,$(CMD_SRC)) $(LIBRE_LIB) $(LWIP_LIB) $(LIB) \
		$(BUILD)/libre-renamed.a
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $(filter-out %-renamed.a,$^) $(BEARSSL_LIBS) \
		$(LWIP_LIBS) $(RE_STATIC_LIBS)

$(BUILD)/sdesp.pc: Makefile core/include/sdesp.h
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' \
		'includedir=$${prefix}/include/sdesp' '' 'Name: sdesp' \
		'Description: IPsec ESP keyed by the SDP offer/answer' \
		'Version: $(VERSION)' 'Cflags: -I$${includedir}' \
		'Libs: -L$${libdir} -lsdesp' 'Libs.private: -lbearssl' > $@

# The module of baresip, where libre's headers are; undefined in it is what
# baresip and libre have.
LIBRE_CFLAGS := -isystem /usr/include/re
BARESIP_SRC := $(sort $(wildcard ports/baresip/*.c))
BARESIP := $(BUILD)/baresip/sdesp.so
BARESIP_DIR := $(PREFIX)/lib/baresip/modules
ifneq ($(if $(SAN),,$(wildcard /usr/include/re/re.h)),)
all: $(BARESIP)
install: install-baresip
endif

$(call pic,$(BARESIP_SRC)): CFLAGS += $(LIBRE_CFLAGS)

$(BARESIP): $(call pic,$(BARESIP_SRC) $(CORE_SRC) $(PORT_LIB_SRC) \
		$(sort $(wildcard backends/udp/*.c)))
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@echo '{ global: exports; local: *; };' > $(@D)/sdesp.map
	@$(CC) -shared -Wl,--version-script,$(@D)/sdesp.map $(LDFLAGS) \
		-o $@ $^ $(BEARSSL_LIBS)

install-baresip: $(BARESIP)
	install -d $(DESTDIR)$(BARESIP_DIR)
	install -m 644 $(BARESIP) $(DESTDIR)$(BARESIP_DIR)/

$(BUILD)/sdesp-lwip.pc: Makefile core/include/sdesp.h
	@mkdir -p $(@D)
	@printf '%s\n' 'Name: sdesp-lwip' \
		'Description: lwIP above sessions of sdesp' \
		'Version: $(VERSION)' 'Requires: sdesp lwip' \
		'Cflags: -D_POSIX_C_SOURCE=200809L' 'Libs: -lsdesp-lwip' > $@

# Built in parallel, unless make was told how many jobs to run.
demo:
	@$(MAKE) --no-print-directory \
		$(if $(findstring -j,$(MAKEFLAGS))$(filter --jobserver%,$(MAKEFLAGS)),,-j$(JOBS)) \
		$(PROGRAM)
	@$(PROGRAM) demo

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/sdesp \
		$(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(DATADIR) \
		$(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/sdesp
	install -m 644 $(PUBLIC_H) $(LIBRE_H) \
		$(sort $(wildcard ports/lwip/sdesp_*.h)) \
		$(DESTDIR)$(PREFIX)/include/sdesp/
	install -m 644 $(LIB) $(LIBRE_LIB) $(LWIP_LIB) $(SHARED) \
		$(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/libsdesp.so
	install -m 644 $(BUILD)/sdesp.pc $(BUILD)/sdesp-lwip.pc \
		$(DESTDIR)$(LIBDIR)/pkgconfig/
	install -m 644 docs/sdesp.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 docs/protocol.png $(DESTDIR)$(DATADIR)/

clean:
	rm -rf build build-san

# --- tests ----------------------------------------------------------------

TEST_LIBS := -lcmocka -lcrypto

# Pieces of the command that are functions alone.
$(BUILD)/tests/unit/test_ua_peers: $(call obj,ports/posix/ua_peers.c)
$(BUILD)/tests/unit/test_ua_auth: $(call obj,ports/posix/ua_auth.c \
	ports/posix/words.c ports/posix/file.c)
$(BUILD)/tests/unit/test_demo_ladder: $(call obj,ports/posix/demo_ladder.c)
UA_UNIT := $(BUILD)/tests/unit/test_ua_peers $(BUILD)/tests/unit/test_ua_auth
$(UA_UNIT): $(call obj,ports/posix/report.c)
$(UA_UNIT): TEST_LIBS += $(LIBRE_LIBS)
$(BUILD)/tests/unit/test_guard: $(call obj,ports/posix/guard_traffic.c)
$(BUILD)/tests/unit/test_status: $(call obj,ports/posix/status.c \
	ports/posix/sa_text.c)
$(BUILD)/tests/unit/test_control_wire: $(call obj,ports/posix/control_wire.c)
$(BUILD)/tests/unit/test_state_backend: $(call obj,ports/posix/state_backend.c \
	ports/posix/state_claim.c)

$(UNIT): $(BUILD)/%: $(BUILD)/%.o $(call obj,$(SUPPORT_SRC)) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $(filter-out $(LIB),$^) $(LIB) $(TEST_LIBS) \
		$(BEARSSL_LIBS)

# Those that call over libre's SIP.
LIBRE_UNIT := $(patsubst %.c,$(BUILD)/%,$(LIBRE_UNIT_SRC))
$(LIBRE_UNIT): $(call obj,$(LIBRE_SUPPORT_SRC)) $(LIBRE_LIB)
$(LIBRE_UNIT): TEST_LIBS := -lcmocka $(LIBRE_LIBS)

CALLS := $(patsubst %.c,$(BUILD)/%,$(CALLS_SRC))

$(CALLS): $(BUILD)/%: $(BUILD)/%.o \
		$(call obj,$(LIBRE_SUPPORT_SRC) $(SUPPORT_SRC)) $(LIBRE_LIB) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBRE_LIBS) $(BEARSSL_LIBS)

$(CASES): $(call obj,$(sort $(wildcard tests/cases/*.c)) $(SUPPORT_SRC)) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(BEARSSL_LIBS)

# What a harness needs beyond the library.
FUZZ_MORE := ports/libre/mime.c ports/posix/control_wire.c

# Each harness with a plain main that replays files.
$(REPLAY): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/fuzz/main.o \
		$(call obj,$(SUPPORT_SRC) $(FUZZ_MORE)) $(LIB)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ -lcrypto $(BEARSSL_LIBS)

# The README's C example is a tested file.
$(BUILD)/tests/readme/example.c: README.md
	@mkdir -p $(@D)
	@sed -n '/^```c$$/,/^```$$/p' $< | sed '/^```/d' > $@

$(README_EXAMPLE): $(BUILD)/tests/readme/example.c tests/readme/peer.c $(LIB)
	@echo '  LD  $@'
	@$(CC) $(BASE_FLAGS) -Werror $(CFLAGS) $(LDFLAGS) -o $@ \
		$^ $(BEARSSL_LIBS)

# What calls over and over, too slow for check. (2000 calls; with SAN=1 200.)
soak: soak-own soak-sipp

soak-own: $(BUILD)/tests/calls/soak
	@sh tests/support/run.sh $(RESULTS) $<

soak-sipp: $(PROGRAM)
	@SDESP=$(abspath $<) BUILD=$(BUILD) \
		sh tests/support/run.sh $(RESULTS) tests/interop/soak.sh

# What runs in a guest, whose kernel has ESP: all programs of one folder.
KERNEL_TESTS := $(sort $(wildcard tests/kernel/test_*.sh))
KERNEL_MAIN := $(patsubst tests/kernel/test_%.sh,tests/kernel/%.c,$(KERNEL_TESTS))
KERNEL_SRC := $(sort $(wildcard tests/kernel/*.c))
KERNEL := $(patsubst tests/kernel/%.c,$(BUILD)/kernel/%,$(KERNEL_MAIN))

$(KERNEL): $(BUILD)/kernel/%: $(BUILD)/tests/kernel/%.o \
		$(call obj,$(filter-out $(KERNEL_MAIN),$(KERNEL_SRC))) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ $(BEARSSL_LIBS)

# What runs in network namespaces of this machine.
NETNS_TESTS := $(sort $(wildcard tests/netns/test_*.sh))
NETNS_SRC := $(sort $(wildcard tests/netns/*.c))
NETNS := $(patsubst %.c,$(BUILD)/%,$(NETNS_SRC))

$(NETNS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ $(BEARSSL_LIBS)

# lwIP above sessions: tests in one process, and a pair of relays.
LWIP_RELAY := $(BUILD)/tests/lwip/relay_pair
LWIP_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/lwip/test_*.c))

$(LWIP_TESTS): $(call obj,$(addprefix tests/lwip/,heap.c net.c \
	served.c stream.c))
$(LWIP_TESTS) $(LWIP_RELAY): $(BUILD)/%: $(BUILD)/%.o \
		$(BUILD)/tests/lwip/keys.o $(call obj,$(SUPPORT_SRC)) \
		$(LWIP_LIB) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LWIP_LIB) $(LIB) \
		$(TEST_LIBS) $(LWIP_LIBS) $(BEARSSL_LIBS)

SCRIPT_TESTS := $(sort $(wildcard tests/cli/test_*.sh tests/interop/test_*.sh \
	tests/lwip/test_*.sh \
	tests/vectors/test_*.sh tests/cases/test_*.sh tests/build/test_*.sh))
ifdef SAN
# Stock baresip cannot load a module that wants the sanitizers' run-time.
SCRIPT_TESTS := $(filter-out tests/interop/test_baresip.sh,$(SCRIPT_TESTS))
endif
RESULTS ?= $(BUILD)/results

check: all $(UNIT) $(CASES) $(REPLAY) $(README_EXAMPLE) $(NETNS) $(KERNEL) \
		$(LWIP_TESTS) $(LWIP_RELAY)
	@SDESP=$(abspath $(PROGRAM)) BUILD=$(BUILD) LDFLAGS='$(LDFLAGS)' \
		sh tests/support/run.sh $(RESULTS) $(UNIT) $(LWIP_TESTS) $(CASES) \
		$(README_EXAMPLE) \
		tests/support/replay.sh $(SCRIPT_TESTS) $(NETNS_TESTS) \
		$(if $(SAN),,$(KERNEL_TESTS))

# (No sanitizer runs under user-mode-linux.) The same under QEMU, with the
# kernel of .deps/guest.
check-guest: $(KERNEL)
	@SDESP_GUEST=qemu BUILD=$(BUILD) \
		sh tests/support/run.sh $(RESULTS) $(KERNEL_TESTS)

# What of check runs in network namespaces, alone.
check-netns: $(NETNS)
	@BUILD=$(BUILD) sh tests/support/run.sh $(RESULTS) $(NETNS_TESTS)

# What works with what, kept.
interop: $(KERNEL)
	@BUILD=$(BUILD) sh tests/kernel/interop.sh > $(BUILD)/interop.md
	@cp $(BUILD)/interop.md docs/interop.md
	@echo 'docs/interop.md'

# --- what the code looks like ---------------------------------------------

LINT_SRC := $(LIB_SRC) $(LIBRE_SRC) $(LIBRE_SUPPORT_SRC) $(CMD_SRC) \
	$(CALLS_SRC) $(SUPPORT_SRC) $(UNIT_SRC) $(FUZZ_SRC) \
	fuzz/main.c $(BENCH_SRC) $(KERNEL_SRC) $(NETNS_SRC) $(LWIP_SRC) \
	$(LWIP_TEST_SRC) \
	$(sort $(wildcard tests/cases/*.c tests/readme/*.c))
FORMAT_SRC = $(sort $(shell git ls-files -co --exclude-standard '*.c' '*.h'))

lint: layers symbols
	@sh tests/lint/warnings.sh "$(BASE_FLAGS) $(LWIP_CFLAGS)" $(LINT_SRC)
	@sh tests/lint/warnings.sh "$(BASE_FLAGS) $(LIBRE_CFLAGS)" $(BARESIP_SRC)
	@clang-format --dry-run -Werror $(FORMAT_SRC)
	@echo 'clang-format: all as .clang-format says'
	@cppcheck --quiet --std=c99 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem \
		-USDESP_CONFIG_FILE $(INCLUDES) \
		$(LIB_SRC) $(LIBRE_SRC) $(CMD_SRC) $(LWIP_SRC) \
		$(BARESIP_SRC) $(FUZZ_SRC)
	@echo 'cppcheck: nothing found'
	@shellcheck -S warning $(shell git ls-files -co --exclude-standard '*.sh') .ci/run
	@echo 'shellcheck: nothing found'

format:
	clang-format -i $(FORMAT_SRC)

layers:
	@sh tests/lint/layers.sh

# The core as a freestanding program's linker sees it.
FREE := -std=c99 -Os -ffreestanding -fno-pic -fno-stack-protector \
	-U_FORTIFY_SOURCE $(WARN) -Werror $(INCLUDES)
NEGOTIATE_SRC := $(filter-out core/crypto/% core/esp/%,$(CORE_SRC))

symbols: $(patsubst %.c,$(BUILD)/free/%.o,$(CORE_SRC))
	@sh tests/lint/symbols.sh nm negotiate \
		$(patsubst %.c,$(BUILD)/free/%.o,$(NEGOTIATE_SRC))
	@sh tests/lint/symbols.sh nm esp $^

$(BUILD)/free/%.o: %.c $(BUILD)/.have-bearssl
	@mkdir -p $(@D)
	@$(CC) $(FREE) -MMD -MP -nostdlib -c -o $@ $<

# --- measured -------------------------------------------------------------

$(BENCH): $(call obj,$(BENCH_SRC) $(SUPPORT_SRC)) $(LIB)
	@echo '  LD  $@'
	@$(CC) $(LDFLAGS) -o $@ $^ -lcrypto $(BEARSSL_LIBS)

bench: $(BENCH) $(BUILD)/tests/calls/setup
	@$(BENCH)
	@$(BUILD)/tests/calls/setup
	@sh tests/bench/instructions.sh $(BENCH)

size: $(LIB)
	@sh tests/bench/size.sh $(BUILD)/size

cross:
	@BUILD=$(BUILD) sh tests/support/run.sh $(RESULTS) tests/cross/run.sh

# --- fuzzing --------------------------------------------------------------

FUZZERS := $(patsubst fuzz/%.c,build/libfuzzer/%,$(FUZZ_SRC))
FUZZ_SECONDS := 30

$(FUZZERS): build/libfuzzer/%: fuzz/%.c $(LIB_SRC) $(FUZZ_MORE) $(SUPPORT_SRC) $(PUBLIC_H)
	@mkdir -p $(@D)
	@echo '  FUZZ $@'
	@clang $(BASE_FLAGS) -O1 -g -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(LIB_SRC) $(FUZZ_MORE) $(SUPPORT_SRC) \
		-lcrypto $(BEARSSL_LIBS)

fuzz: $(FUZZERS)

fuzz-smoke: $(FUZZERS)
	@SDESP_FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/support/run.sh $(RESULTS) \
		tests/support/fuzz-smoke.sh

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
