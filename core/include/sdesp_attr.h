/*
 * The attributes of SPEC 4, text to struct and back. why may be NULL
 * everywhere; on success it is left alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_ATTR_H
#define SDESP_ATTR_H

#include "sdesp_crypto.h"
#include "sdesp_sdp.h"

enum sdesp_method { SDESP_X25519 = 1, SDESP_INLINE = 2 }; /* also a mask */

enum sdesp_inner_kind {
	SDESP_GENERIC,
	SDESP_INNER_RTP, /* RTP/AVP and RTP/AVPF: two ports */
	SDESP_INNER_UDP,
	SDESP_INNER_TCP
};

/* A transport protocol of SPEC 3, as in the proto field. */
struct sdesp_proto {
	const char *name; /* "UDP/ESP", "ESP/RTP/AVP", ... */
	uint8_t udp;      /* 1: RFC 3948 encapsulation */
	uint8_t inner;    /* enum sdesp_inner_kind */
};

/* The row for a proto field; NULL: none of ours. */
const struct sdesp_proto *sdesp_proto_find(struct sdesp_span proto);

/* a=esp-crypto (SPEC 4.1). */
struct sdesp_attr_crypto {
	uint32_t tag;   /* 0: the tag itself is malformed */
	uint8_t suite;  /* enum sdesp_suite_id */
	uint8_t method; /* enum sdesp_method */
	uint8_t esn;
	uint8_t key[32];       /* inline secret or X25519 share */
	uint64_t life;         /* packets; 0 = not given */
	struct sdesp_span psk; /* token; absent when p is NULL */
	uint32_t window;       /* WSH as written; 0 = not given */
	uint32_t seconds;      /* -LTS as written; 0 = not given */
};

/*
 * Read a value. On failure why says where and what. If line->tag is then
 * not 0 only this line is void (SPEC 4.1.6); if it is 0 the whole section
 * must be refused. The psk span points into the value.
 *
 * SDESP_ERR_SYNTAX     grammar, base64, lengths, an MKI
 * SDESP_ERR_LIMIT      value or PSK token is too long
 * SDESP_ERR_REPEATED   a parameter stands twice
 * SDESP_ERR_VALUE      life of 0, or beyond what sequence numbers count
 * SDESP_ERR_NO_SUITE   suite, method or parameter is not known
 */
SDESP_CHECK int sdesp_attr_crypto_parse(struct sdesp_attr_crypto *line,
	const struct sdesp_attr *attr, struct sdesp_why *why);

/* a=esp (SPEC 4.2). Names that are not known are passed over. */
struct sdesp_attr_esp {
	uint32_t spi;
	uint16_t port; /* 0 = not given */
};

/*
 * SDESP_ERR_SYNTAX    grammar
 * SDESP_ERR_LIMIT     value is too long
 * SDESP_ERR_REPEATED  a name stands twice
 * SDESP_ERR_VALUE     an SPI below 256, or a port that is none
 */
SDESP_CHECK int sdesp_attr_esp_parse(struct sdesp_attr_esp *esp,
	const struct sdesp_attr *attr, struct sdesp_why *why);

/*
 * a=esp-ts (SPEC 4.3 and 6.1, but for what depends on the mode).
 *
 * SDESP_ERR_SYNTAX  grammar
 * SDESP_ERR_LIMIT   value is too long
 * SDESP_ERR_VALUE   self or peer on the wrong side, host bits, two families,
 *                   ports without a protocol that has them, a range backwards
 *
 * On failure ts is zeroed.
 */
SDESP_CHECK int sdesp_attr_ts_parse(struct sdesp_ts *ts,
	const struct sdesp_attr *attr, struct sdesp_why *why);

/* a=esp-confirm (SPEC 4.4). SDESP_ERR_SYNTAX, SDESP_ERR_LIMIT. */
SDESP_CHECK int sdesp_attr_confirm_parse(uint8_t confirm[16],
	const struct sdesp_attr *attr, struct sdesp_why *why);

/*
 * Append "a=name:value" CRLF. Errors stick in text: SDESP_ERR_SPACE, and
 * SDESP_ERR_ARG for a suite or method that is none.
 */
void sdesp_attr_crypto_print(
	struct sdesp_text *text, const struct sdesp_attr_crypto *line);
void sdesp_attr_esp_print(
	struct sdesp_text *text, const struct sdesp_attr_esp *esp);
void sdesp_attr_ts_print(struct sdesp_text *text, const struct sdesp_ts *ts);
void sdesp_attr_confirm_print(
	struct sdesp_text *text, const uint8_t confirm[16]);

/* All that a section says of ESP. About 800 octets. */
struct sdesp_desc {
	const struct sdesp_proto *proto;
	uint8_t nmodes, modes[2]; /* enum sdesp_mode, as preferred; in place
				   * always and only transport */
	uint8_t ncrypto;          /* good lines, in section order */
	struct sdesp_attr_crypto crypto[SDESP_MAX_CRYPTO];
	unsigned crypto_line[SDESP_MAX_CRYPTO]; /* where each stands */
	uint8_t nvoid;                          /* void lines */
	struct sdesp_why first_void;
	struct sdesp_attr_esp esp;
	unsigned esp_line;
	uint8_t nts;
	struct sdesp_ts ts[SDESP_MAX_TS];
	unsigned ts_line;    /* of the first; 0 = none */
	uint8_t has_confirm; /* 1: confirm holds the value */
	uint8_t confirm[16];
};

/*
 * Read a section. desc and its spans live as long as the section's text. On
 * failure desc is wiped. Does not judge addresses, roles or policy.
 *
 * SDESP_ERR_REJECTED  port 0
 * SDESP_ERR_VALUE     not one of our protos, or well formed but not allowed
 * SDESP_ERR_SYNTAX, SDESP_ERR_LIMIT, SDESP_ERR_MISSING, SDESP_ERR_REPEATED,
 * SDESP_ERR_NO_MODE   as SPEC 5.5 lists them
 * the first void line's status: no good line is left
 */
SDESP_CHECK int sdesp_desc_read(struct sdesp_desc *desc,
	const struct sdesp_section *section, struct sdesp_why *why);

/*
 * SHA-256 of a section's canonical form (SPEC 7.1); works on any section,
 * also one that sdesp_desc_read() refuses.
 */
void sdesp_canon_hash(uint8_t digest[32], const struct sdesp_section *section,
	const struct sdesp_kex_class *kex);

/* The canonical form itself, appended to text (sdesp check, tests). */
void sdesp_canon_print(
	struct sdesp_text *text, const struct sdesp_section *section);

#endif
