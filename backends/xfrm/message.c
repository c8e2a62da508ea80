/* Requests about SAs and policies. SPDX-License-Identifier: MIT */
#include "message.h"

#include <linux/netlink.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#include "base/ct.h"
#include "sdesp_xfrm.h"
#include "selector.h"
#include "suite.h"

/* Before those of keying daemons, which allow what nobody has negotiated. */
#define PRIORITY 1000

#define WINDOW_OUT 32 /* of no use there, but ESN demands one */
#define MAP_WORDS (4096 / 32)

/* struct xfrm_replay_state_esn with room for its bitmap. */
struct replay {
	uint32_t bmp_len, oseq, seq, oseq_hi, seq_hi, window;
	uint32_t bmp[MAP_WORDS];
};

#define REPLAY_FIXED ((size_t)24)

void sdesp_xfrm_ident(struct sdesp_xfrm_ident *id,
	const struct sdesp_flow *flow, uint32_t spi, uint32_t reqid,
	int inbound)
{
	memset(id, 0, sizeof *id);
	id->src = inbound ? flow->remote : flow->local;
	id->dst = inbound ? flow->local : flow->remote;
	id->spi = spi;
	id->reqid = reqid;
	id->mode = flow->mode;
	id->udp = flow->udp;
}

static uint8_t kernel_mode(unsigned mode)
{
	return mode == SDESP_TUNNEL ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
}

/* The part of struct xfrm_usersa_info that names and places an SA. A tunnel
 * may carry either family. */
static void fill_info(struct xfrm_usersa_info *info,
	const struct sdesp_xfrm_ident *id, const struct xfrm_selector *sel)
{
	sdesp_xfrm_address(&info->id.daddr, &id->dst);
	sdesp_xfrm_address(&info->saddr, &id->src);
	info->id.spi = sdesp_xfrm_be32(id->spi);
	info->id.proto = IPPROTO_ESP;
	info->family = (uint16_t)sdesp_xfrm_family(id->dst.family);
	info->reqid = id->reqid;
	info->mode = kernel_mode(id->mode);
	memset(&info->sel, 0, sizeof info->sel);
	if (id->mode == SDESP_TUNNEL)
		info->flags |= XFRM_STATE_AF_UNSPEC;
	else if (sel != NULL)
		info->sel = *sel;
	else
		info->sel.family = info->family;
}

static uint64_t limit(uint64_t n)
{
	return n == 0 ? XFRM_INF : n;
}

static void fill_lifetimes(
	struct xfrm_lifetime_cfg *lft, const struct sdesp_sa *sa)
{
	lft->soft_byte_limit = limit(sa->soft.bytes);
	lft->hard_byte_limit = limit(sa->hard.bytes);
	lft->soft_packet_limit = limit(sa->soft.packets);
	lft->hard_packet_limit = limit(sa->hard.packets);
	lft->soft_add_expires_seconds = sa->soft.seconds;
	lft->hard_add_expires_seconds = sa->hard.seconds;
}

static void put_encap(struct sdesp_nl *m, const struct sdesp_xfrm_ident *id)
{
	struct xfrm_encap_tmpl encap;

	if (!id->udp)
		return;
	memset(&encap, 0, sizeof encap);
	encap.encap_type = UDP_ENCAP_ESPINUDP;
	encap.encap_sport = sdesp_xfrm_be16(id->src.port);
	encap.encap_dport = sdesp_xfrm_be16(id->dst.port);
	sdesp_nl_attr(m, XFRMA_ENCAP, &encap, sizeof encap);
}

static void put_window(struct sdesp_nl *m, unsigned window)
{
	struct replay replay;

	memset(&replay, 0, sizeof replay);
	replay.window = window;
	replay.bmp_len = (window + 31) / 32;
	sdesp_nl_attr(m, XFRMA_REPLAY_ESN_VAL, &replay,
		REPLAY_FIXED + replay.bmp_len * 4U);
}

void sdesp_xfrm_put_allocspi(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	const struct sdesp_xfrm_ident *id)
{
	struct xfrm_userspi_info want;

	memset(&want, 0, sizeof want);
	fill_info(&want.info, id, NULL);
	want.min = id->spi;
	want.max = id->spi;
	sdesp_nl_begin(m, buf, cap, XFRM_MSG_ALLOCSPI, NLM_F_ACK);
	sdesp_nl_put(m, &want, sizeof want);
}

static void begin_sa(
	struct sdesp_nl *m, uint8_t *buf, size_t cap, unsigned type)
{
	unsigned how = type == XFRM_MSG_NEWSA ? NLM_F_CREATE | NLM_F_EXCL
					      : NLM_F_REPLACE;

	sdesp_nl_begin(m, buf, cap, type, NLM_F_ACK | how);
}

int sdesp_xfrm_put_sa(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id,
	const struct sdesp_sa *sa, const struct xfrm_selector *sel, int inbound)
{
	struct xfrm_usersa_info info;

	memset(&info, 0, sizeof info);
	fill_info(&info, id, sel);
	fill_lifetimes(&info.lft, sa);
	if (sa->esn)
		info.flags |= XFRM_STATE_ESN;
	if (inbound)
		info.flags |= XFRM_STATE_ICMP;
	begin_sa(m, buf, cap, type);
	sdesp_nl_put(m, &info, sizeof info);
	put_window(m, inbound ? sa->window : WINDOW_OUT);
	put_encap(m, id);
	return sdesp_xfrm_put_suite(m, sa);
}

void sdesp_xfrm_put_name(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id)
{
	struct xfrm_usersa_id name;

	memset(&name, 0, sizeof name);
	sdesp_xfrm_address(&name.daddr, &id->dst);
	name.spi = sdesp_xfrm_be32(id->spi);
	name.family = (uint16_t)sdesp_xfrm_family(id->dst.family);
	name.proto = IPPROTO_ESP;
	sdesp_nl_begin(m, buf, cap, type, NLM_F_ACK);
	sdesp_nl_put(m, &name, sizeof name);
}

void sdesp_xfrm_put_dump(
	struct sdesp_nl *m, uint8_t *buf, size_t cap, unsigned type)
{
	sdesp_nl_begin(m, buf, cap, type, NLM_F_DUMP);
}

/* What has no template is marked by its index in the kernel: our prefix, what
 * is ours of the reqid, which of two, and the direction, as there. */
#define INDEX 0x5d000000u

static uint32_t make_index(
	uint32_t reqid, const struct xfrm_selector *sel, unsigned dir)
{
	uint32_t which = sel->sport == sdesp_xfrm_be16(136);

	return INDEX | (reqid - SDESP_XFRM_REQID) << 4 | which << 3 | dir;
}

static uint32_t index_reqid(uint32_t index)
{
	if ((index & 0xff000000u) != INDEX)
		return 0;
	return SDESP_XFRM_REQID + (index >> 4 & 0xffff);
}

/*
 * A blocking policy has the template too: its reqid says whose it is. Inbound
 * the reqid is all that counts, so that a move of the peer changes nothing.
 * ICMP errors about packets of the flow go the flow's way.
 */
void sdesp_xfrm_put_policy(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct xfrm_selector *sel, unsigned dir,
	unsigned action, const struct sdesp_xfrm_ident *id)
{
	int pass = sdesp_xfrm_is_neighbours(sel);
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl;

	memset(&info, 0, sizeof info);
	info.sel = *sel;
	info.lft.soft_byte_limit = XFRM_INF;
	info.lft.hard_byte_limit = XFRM_INF;
	info.lft.soft_packet_limit = XFRM_INF;
	info.lft.hard_packet_limit = XFRM_INF;
	info.priority = PRIORITY;
	info.dir = (uint8_t)dir;
	info.action = (uint8_t)action;
	info.flags = XFRM_POLICY_ICMP;
	if (pass) {
		info.action = XFRM_POLICY_ALLOW;
		info.flags = 0;
		info.index = id != NULL ? make_index(id->reqid, sel, dir) : 0;
	}
	if (pass || (id == NULL && action == XFRM_POLICY_ALLOW))
		info.priority--;
	sdesp_nl_begin(m, buf, cap, type,
		NLM_F_ACK |
			(type == XFRM_MSG_NEWPOLICY ? NLM_F_CREATE | NLM_F_EXCL
						    : NLM_F_REPLACE));
	sdesp_nl_put(m, &info, sizeof info);
	if (pass || id == NULL)
		return;
	memset(&tmpl, 0, sizeof tmpl);
	tmpl.id.proto = IPPROTO_ESP;
	tmpl.family = (uint16_t)sdesp_xfrm_family(id->dst.family);
	tmpl.reqid = id->reqid;
	tmpl.mode = kernel_mode(id->mode);
	tmpl.aalgos = UINT32_MAX;
	tmpl.ealgos = UINT32_MAX;
	tmpl.calgos = UINT32_MAX;
	if (dir == XFRM_POLICY_OUT) {
		sdesp_xfrm_address(&tmpl.id.daddr, &id->dst);
		sdesp_xfrm_address(&tmpl.saddr, &id->src);
		tmpl.id.spi = sdesp_xfrm_be32(id->spi);
	}
	sdesp_nl_attr(m, XFRMA_TMPL, &tmpl, sizeof tmpl);
}

void sdesp_xfrm_put_policy_name(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct xfrm_selector *sel, unsigned dir)
{
	struct xfrm_userpolicy_id name;

	memset(&name, 0, sizeof name);
	name.sel = *sel;
	name.dir = (uint8_t)dir;
	sdesp_nl_begin(m, buf, cap, type, NLM_F_ACK);
	sdesp_nl_put(m, &name, sizeof name);
}

void sdesp_xfrm_put_mark(struct sdesp_nl *m, const struct xfrm_mark *mark)
{
	if (mark->m != 0)
		sdesp_nl_attr(m, XFRMA_MARK, mark, sizeof *mark);
}

/* The numbers of an SA, behind a fixed part of skip octets. 0 when it has
 * none, or impossible ones. */
static int find_replay(
	struct replay *replay, const struct sdesp_nl_msg *msg, size_t skip)
{
	struct sdesp_nl_attr attr;

	memset(replay, 0, sizeof *replay);
	if (!sdesp_nl_find(
		    &attr, msg, skip, XFRMA_REPLAY_ESN_VAL, REPLAY_FIXED))
		return 0;
	memcpy(replay, attr.p, REPLAY_FIXED);
	if (replay->bmp_len > MAP_WORDS ||
		attr.len < REPLAY_FIXED + replay->bmp_len * 4U)
		return 0;
	memcpy(replay->bmp, attr.p + REPLAY_FIXED, replay->bmp_len * 4U);
	return 1;
}

int sdesp_xfrm_read_sa(
	struct sdesp_xfrm_seen *seen, const struct sdesp_nl_msg *msg)
{
	struct replay replay;
	struct sdesp_nl_attr attr;

	if (msg->len < sizeof seen->info)
		return -1;
	memcpy(&seen->info, msg->body, sizeof seen->info);
	(void)find_replay(&replay, msg, sizeof seen->info);
	seen->in = (uint64_t)replay.seq_hi << 32 | replay.seq;
	seen->out = (uint64_t)replay.oseq_hi << 32 | replay.oseq;
	seen->keyed = sdesp_nl_find(&attr, msg, sizeof seen->info,
			      XFRMA_ALG_AEAD, 0) ||
		      sdesp_nl_find(&attr, msg, sizeof seen->info,
			      XFRMA_ALG_CRYPT, 0);
	return 0;
}

/* Copy an algorithm with its key. The kernel hides keys as zeros under
 * lockdown: -1. A missing one is none. */
static int copy_keys(struct sdesp_nl *m, const struct sdesp_nl_msg *msg,
	unsigned type, size_t fixed)
{
	struct sdesp_nl_attr attr;

	if (!sdesp_nl_find(
		    &attr, msg, sizeof(struct xfrm_usersa_info), type, fixed))
		return 0;
	if (attr.len > fixed && sdesp_ct_zero(attr.p + fixed, attr.len - fixed))
		return -1;
	sdesp_nl_attr(m, type, attr.p, attr.len);
	return 0;
}

static int copy_all_keys(struct sdesp_nl *m, const struct sdesp_nl_msg *msg)
{
	if (copy_keys(m, msg, XFRMA_ALG_AEAD, sizeof(struct xfrm_algo_aead)) !=
		0)
		return -1;
	if (copy_keys(m, msg, XFRMA_ALG_AUTH_TRUNC,
		    sizeof(struct xfrm_algo_auth)) != 0)
		return -1;
	return copy_keys(m, msg, XFRMA_ALG_CRYPT, sizeof(struct xfrm_algo));
}

/* Numbers go on from where they were, or further. With ESN the upper half
 * takes the carry; without, the last number is the last. */
static void advance(struct replay *replay, uint32_t skip, int esn)
{
	uint32_t room = UINT32_MAX - replay->oseq;

	if (skip <= room) {
		replay->oseq += skip;
	} else if (esn) {
		replay->oseq += skip;
		replay->oseq_hi++;
	} else {
		replay->oseq = UINT32_MAX;
	}
}

/* What it was when it was deleted counts more than what it was before. */
static void take_last(struct xfrm_usersa_info *info, struct replay *replay,
	const struct sdesp_nl_msg *last)
{
	struct xfrm_usersa_info final;
	struct sdesp_nl_attr attr;
	struct replay numbers;

	if (!sdesp_nl_find(&attr, last, sizeof(struct xfrm_usersa_id), XFRMA_SA,
		    sizeof final) ||
		!find_replay(&numbers, last, sizeof(struct xfrm_usersa_id)))
		return;
	memcpy(&final, attr.p, sizeof final);
	info->curlft = final.curlft;
	*replay = numbers;
}

/*
 * An SA that is added begins now. One that is updated keeps its beginning,
 * whatever time that seems to be: the limit goes along; 0 would be none.
 */
static void set_left(struct xfrm_usersa_info *info, unsigned type,
	const struct sdesp_xfrm_left *left)
{
	int64_t limit;

	if (type == XFRM_MSG_NEWSA)
		info->curlft.add_time = (uint64_t)left->wall_s;
	limit = (int64_t)(left->seconds + (uint64_t)left->wall_s -
			  info->curlft.add_time);
	info->lft.hard_add_expires_seconds = limit > 0 ? (uint64_t)limit : 1;
}

int sdesp_xfrm_put_moved(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	unsigned type, const struct sdesp_xfrm_ident *id,
	const struct sdesp_nl_msg *msg, const struct sdesp_nl_msg *last,
	const struct xfrm_selector *sel, uint32_t skip,
	const struct sdesp_xfrm_left *left)
{
	struct xfrm_usersa_info info;
	struct replay replay;

	if (msg->len < sizeof info || !find_replay(&replay, msg, sizeof info))
		return -1;
	memcpy(&info, msg->body, sizeof info);
	if (last != NULL)
		take_last(&info, &replay, last);
	if (left != NULL)
		set_left(&info, type, left);
	advance(&replay, skip, (info.flags & XFRM_STATE_ESN) != 0);
	fill_info(&info, id, sel);
	info.replay_window = 0;
	begin_sa(m, buf, cap, type);
	sdesp_nl_put(m, &info, sizeof info);
	sdesp_nl_attr(m, XFRMA_REPLAY_ESN_VAL, &replay,
		REPLAY_FIXED + replay.bmp_len * 4U);
	sdesp_nl_attr(m, XFRMA_LTIME_VAL, &info.curlft, sizeof info.curlft);
	put_encap(m, id);
	return copy_all_keys(m, msg);
}

/* The window and its bitmap are as long as put_window() made them. */
void sdesp_xfrm_put_numbers(struct sdesp_nl *m, uint8_t *buf, size_t cap,
	const struct sdesp_xfrm_ident *id, const struct sdesp_sa *sa,
	int inbound, uint64_t seq)
{
	struct xfrm_aevent_id name;
	struct replay replay;

	memset(&name, 0, sizeof name);
	sdesp_xfrm_address(&name.sa_id.daddr, &id->dst);
	name.sa_id.spi = sdesp_xfrm_be32(id->spi);
	name.sa_id.family = (uint16_t)sdesp_xfrm_family(id->dst.family);
	name.sa_id.proto = IPPROTO_ESP;
	sdesp_xfrm_address(&name.saddr, &id->src);
	name.reqid = id->reqid;
	memset(&replay, 0, sizeof replay);
	replay.window = inbound ? sa->window : WINDOW_OUT;
	replay.bmp_len = (replay.window + 31) / 32;
	if (inbound) {
		replay.seq = (uint32_t)seq;
		replay.seq_hi = (uint32_t)(seq >> 32);
		memset(replay.bmp, 0xff, replay.bmp_len * 4U);
	} else {
		replay.oseq = (uint32_t)seq;
		replay.oseq_hi = (uint32_t)(seq >> 32);
	}
	sdesp_nl_begin(m, buf, cap, XFRM_MSG_NEWAE, NLM_F_ACK | NLM_F_REPLACE);
	sdesp_nl_put(m, &name, sizeof name);
	sdesp_nl_attr(m, XFRMA_REPLAY_ESN_VAL, &replay,
		REPLAY_FIXED + replay.bmp_len * 4U);
}

int sdesp_xfrm_read_policy(
	struct sdesp_xfrm_policy_seen *seen, const struct sdesp_nl_msg *msg)
{
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl;
	struct sdesp_nl_attr attr;

	if (msg->len < sizeof info)
		return -1;
	memcpy(&info, msg->body, sizeof info);
	memset(&seen->mark, 0, sizeof seen->mark);
	if (sdesp_nl_find(
		    &attr, msg, sizeof info, XFRMA_MARK, sizeof seen->mark))
		memcpy(&seen->mark, attr.p, sizeof seen->mark);
	seen->sel = info.sel;
	seen->dir = info.dir;
	seen->reqid = index_reqid(info.index);
	if (sdesp_nl_find(&attr, msg, sizeof info, XFRMA_TMPL, sizeof tmpl)) {
		memcpy(&tmpl, attr.p, sizeof tmpl);
		seen->reqid = tmpl.reqid;
	}
	return 0;
}
