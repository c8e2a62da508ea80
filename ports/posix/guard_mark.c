/*
 * A mark on all that comes from a device: a filter of tc-bpf(8) at its
 * ingress, which ends with the device. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ports/posix/guard.h"
#include "ports/posix/guard_talk.h"

/* skb->mark = GUARD_CAME; go on. */
static int load_program(void)
{
	static const struct bpf_insn program[] = {
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0,
			(int32_t)GUARD_CAME},
		{BPF_STX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_2,
			offsetof(struct __sk_buff, mark), 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, TC_ACT_UNSPEC},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = sizeof program / sizeof program[0];
	attr.license = (uint64_t)(uintptr_t) "MIT";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

static void begin(struct guard_request *r, unsigned type, unsigned device,
	uint32_t parent, const char *kind)
{
	struct tcmsg body;

	memset(&body, 0, sizeof body);
	body.tcm_ifindex = (int)device;
	body.tcm_parent = parent;
	if (type == RTM_NEWQDISC)
		body.tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0);
	else
		body.tcm_info = TC_H_MAKE(1 << 16, htons(ETH_P_ALL));
	guard_begin(r, type, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
	guard_put(r, TCA_KIND, kind, strlen(kind) + 1);
}

int guard_mark(struct guard *g, unsigned device)
{
	struct {
		struct rtattr fd_head;
		uint32_t fd;
		struct rtattr flags_head;
		uint32_t flags;
	} options = {{RTA_LENGTH(4), TCA_BPF_FD}, 0,
		{RTA_LENGTH(4), TCA_BPF_FLAGS}, TCA_BPF_FLAG_ACT_DIRECT};
	struct guard_request r;
	int fd = load_program(), done;

	if (fd < 0)
		return -1;
	options.fd = (uint32_t)fd;
	begin(&r, RTM_NEWQDISC, device, TC_H_INGRESS, "ingress");
	done = guard_talk(g, &r);
	if (done == 0) {
		begin(&r, RTM_NEWTFILTER, device, TC_H_MAKE(TC_H_INGRESS, 0),
			"bpf");
		guard_put(&r, TCA_OPTIONS, &options, sizeof options);
		done = guard_talk(g, &r);
	}
	close(fd);
	return done;
}
