/* What differs between systems, as data. SPDX-License-Identifier: MIT */
#ifndef SDESP_PFKEY_DIALECT_H
#define SDESP_PFKEY_DIALECT_H

#include "sdesp_pfkey.h"

/* RFC 2367 2.3 and 3.1: the same everywhere. */
enum {
	PFKEY_V2 = 2,
	PFKEY_GETSPI = 1,
	PFKEY_UPDATE,
	PFKEY_ADD,
	PFKEY_DELETE,
	PFKEY_GET,
	PFKEY_ACQUIRE,
	PFKEY_REGISTER,
	PFKEY_EXPIRE,
	PFKEY_FLUSH,
	PFKEY_DUMP
};

/* RFC 2367 2.3, and 3.5 for the last of them. */
enum {
	PFKEY_EXT_SA = 1,
	PFKEY_EXT_LIFETIME_CURRENT,
	PFKEY_EXT_LIFETIME_HARD,
	PFKEY_EXT_LIFETIME_SOFT,
	PFKEY_EXT_ADDRESS_SRC,
	PFKEY_EXT_ADDRESS_DST,
	PFKEY_EXT_ADDRESS_PROXY,
	PFKEY_EXT_KEY_AUTH,
	PFKEY_EXT_KEY_ENCRYPT,
	PFKEY_EXT_IDENTITY_SRC,
	PFKEY_EXT_IDENTITY_DST,
	PFKEY_EXT_SUPPORTED_AUTH = 14,
	PFKEY_EXT_SUPPORTED_ENCRYPT,
	PFKEY_EXT_SPIRANGE
};

/* KAME's additions: sys/net/pfkeyv2.h of FreeBSD 14 and NetBSD 8, xnu's
 * bsd/net/pfkeyv2.h, Linux' include/uapi/linux/pfkeyv2.h. */
enum {
	KAME_SPDUPDATE = 13,
	KAME_SPDADD = 14,
	KAME_SPDDELETE = 15,
	KAME_SPDDUMP = 18,
	KAME_EXT_POLICY = 18,
	KAME_EXT_SA2 = 19,
	KAME_EXT_NAT_T_TYPE = 20,
	KAME_EXT_NAT_T_SPORT = 21,
	KAME_EXT_NAT_T_DPORT = 22,
	KAME_EXT_SA_REPLAY = 26, /* FreeBSD only, as the next two */
	KAME_EXT_NEW_ADDRESS_SRC = 27,
	KAME_EXT_NEW_ADDRESS_DST = 28
};

/* KAME's policies: netipsec/ipsec.h (FreeBSD, NetBSD), netinet6/ipsec.h
 * (macOS), Linux' linux/ipsec.h. */
enum {
	KAME_IN = 1,
	KAME_OUT = 2,
	KAME_DISCARD = 0,
	KAME_NONE = 1,
	KAME_IPSEC = 2,
	KAME_BYPASS = 4, /* of sockets */
	KAME_REQUIRE = 2,
	KAME_UNIQUE = 3,
	KAME_REQID_MAX = 0x3fff,
	KAME_ANY_PROTOCOL = 255,
	KAME_UDP_ENCAP = 2 /* RFC 3948, not its drafts */
};

/* OpenBSD 7.8, sys/net/pfkeyv2.h. */
enum {
	OPENBSD_ADDFLOW = 12,
	OPENBSD_DELFLOW = 13,
	OPENBSD_EXT_SRC_MASK = 17,
	OPENBSD_EXT_DST_MASK = 18,
	OPENBSD_EXT_PROTOCOL = 19,
	OPENBSD_EXT_FLOW_TYPE = 20,
	OPENBSD_EXT_SRC_FLOW = 21,
	OPENBSD_EXT_DST_FLOW = 22,
	OPENBSD_EXT_UDPENCAP = 31,
	OPENBSD_EXT_COUNTER = 36,
	OPENBSD_EXT_REPLAY = 39,
	OPENBSD_FLOW_BYPASS = 4,
	OPENBSD_FLOW_DENY = 5,
	OPENBSD_FLOW_DONTACQ = 6,
	OPENBSD_TUNNEL = 0x004,
	OPENBSD_UDPENCAP = 0x200,
	OPENBSD_IDENT_FQDN = 2
};

/* xnu, bsd/net/pfkeyv2.h, in part private. */
enum {
	MACOS_MIGRATE = 26,
	MACOS_EXT_MIGRATE_SRC = 27,
	MACOS_EXT_MIGRATE_DST = 28,
	MACOS_NATT = 0x0002
};

enum pfkey_natt {
	NATT_KAME,    /* three extensions; a socket with UDP_ENCAP */
	NATT_OPENBSD, /* a flag and the peer's port; one port of our own */
	NATT_MACOS    /* a flag, and a longer SA; one port of our own */
};

/* How a kernel gives an SA other outer addresses, with its keys, counters and
 * numbers as they are. */
enum pfkey_move {
	MOVE_NOT,     /* it cannot: UPDATE would begin at number 1 again */
	MOVE_PORTS,   /* UPDATE, with keys, and ports alone */
	MOVE_UPDATE,  /* UPDATE, without keys, with KAME_EXT_NEW_ADDRESS_* */
	MOVE_MIGRATE, /* a message of its own */
	MOVE_PROXY    /* UPDATE, with the new destination as proxy */
};

struct pfkey_algorithm {
	uint8_t suite;    /* enum sdesp_suite_id */
	uint8_t encrypt;  /* SADB_EALG */
	uint8_t auth;     /* SADB_AALG; 0 = the cipher has its own */
	uint8_t auth_icv; /* octets of ICV that the kernel makes of auth */
};

struct sdesp_pfkey_dialect {
	const char *name;
	uint8_t satype;      /* SADB_SATYPE_ESP */
	uint8_t sa_len;      /* 1: a sockaddr begins with its length */
	uint8_t inet6;       /* AF_INET6; AF_INET is 2 everywhere */
	uint8_t flows;       /* 1: OpenBSD's flows, 0: KAME's SPD */
	uint8_t wide_reqid;  /* 1: request ids of 32 bits in policies */
	uint8_t natt;        /* enum pfkey_natt */
	uint16_t natt_port;  /* the only own port there is; 0 = any */
	uint8_t move;        /* enum pfkey_move */
	uint8_t priority;    /* 1: policies have one, and tell it */
	uint8_t counts;      /* 1: packets count against lifetimes */
	uint8_t window_unit; /* packets that one of sadb_sa_replay stands for */
	uint8_t window_ext;  /* 1: KAME_EXT_SA_REPLAY */
	uint16_t max_window;
	uint32_t esn; /* flag; 0 = no 64-bit sequence numbers */
	const struct pfkey_algorithm *algorithms;
	unsigned nalgorithms;
};

/* Request ids of an instance: the first, which its inbound SAs have, and whose
 * one is; SDESP_PFKEY_INSTANCES: not ours. */
unsigned sdesp_pfkey_base(unsigned instance);
unsigned sdesp_pfkey_instance(uint32_t reqid);

/* The row of a suite whose packets are as SPEC 13.3 wants them; NULL = none. */
const struct pfkey_algorithm *sdesp_pfkey_algorithm(
	const struct sdesp_pfkey_dialect *d, unsigned suite);

#endif
