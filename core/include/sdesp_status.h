/*
 * Status codes and the reason of a refusal. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_STATUS_H
#define SDESP_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define SDESP_CHECK __attribute__((warn_unused_result))
#else
#define SDESP_CHECK
#endif

/*
 * 0 is success; negative values are grouped by whose fault they are. The
 * numbers are part of the interface: they are never reused.
 */
enum sdesp_status {
	SDESP_OK = 0,

	/* The caller's. */
	SDESP_ERR_ARG = -1,    /* an argument breaks what the header asks */
	SDESP_ERR_SPACE = -2,  /* output or table full */
	SDESP_ERR_STATE = -3,  /* not in this state (SPEC 9.4) */
	SDESP_ERR_POLICY = -4, /* local policy leaves nothing to offer */

	/* The peer's text. */
	SDESP_ERR_SYNTAX = -20,    /* breaks the grammar (SPEC 4) */
	SDESP_ERR_LIMIT = -21,     /* beyond our limits (SPEC 11) */
	SDESP_ERR_MISSING = -22,   /* a mandatory line is not there */
	SDESP_ERR_REPEATED = -23,  /* a line or name that may stand once */
	SDESP_ERR_VALUE = -24,     /* well formed, but not allowed */
	SDESP_ERR_REFLECTED = -25, /* our own secret or share came back */
	SDESP_ERR_REUSED = -26,    /* an SPI or secret of a pair still held */

	/* No agreement: an ordinary outcome. */
	SDESP_ERR_REJECTED = -40, /* port 0: the peer declined the stream */
	SDESP_ERR_NO_SUITE = -41, /* no line that both sides accept */
	SDESP_ERR_NO_MODE = -42,  /* no mode in common */
	SDESP_ERR_NO_TS = -43,    /* selectors do not intersect */
	SDESP_ERR_FLOOR = -44,    /* below local policy or the live pair */
	SDESP_ERR_PSK = -45,      /* no PSK record for this token */
	SDESP_ERR_INSECURE = -46, /* inline over unsecured signalling */
	SDESP_ERR_ADDRESS = -47,  /* an address that policy refuses */
	SDESP_ERR_MISMATCH = -48, /* the answer does not fit the offer */
	SDESP_ERR_CONFIRM = -49,  /* a=esp-confirm missing or wrong */
	SDESP_ERR_KEX = -50,      /* Diffie-Hellman result is zero */
	SDESP_ERR_GLARE = -51,    /* offers crossed: answer 491 */
	SDESP_ERR_FORKED = -52,   /* a branch beyond the two allowed */
	SDESP_ERR_MIXED = -53,    /* neither a refresh nor a rekey */

	/* The packet's. */
	SDESP_ERR_SHORT = -60,    /* too few octets for an ESP packet */
	SDESP_ERR_SPI = -61,      /* no SA has this SPI */
	SDESP_ERR_REPLAY = -62,   /* seen before, or left of the window */
	SDESP_ERR_AUTH = -63,     /* ICV wrong */
	SDESP_ERR_PADDING = -64,  /* authentic, but malformed inside */
	SDESP_ERR_SEQ = -65,      /* sequence numbers are used up */
	SDESP_ERR_EXPIRED = -66,  /* a hard limit of the SA is reached */
	SDESP_ERR_SELECTOR = -67, /* outside the negotiated selectors */
	SDESP_ERR_BLOCKED = -68,  /* the flow may not send now */
	SDESP_ERR_DUMMY = -69,    /* authentic dummy (RFC 4303 2.6) */

	/* The platform's. */
	SDESP_ERR_RANDOM = -80,  /* no random numbers: nothing is offered */
	SDESP_ERR_BACKEND = -81, /* the backend failed; it holds the cause */
	SDESP_ERR_EXISTS = -82,  /* the SPI is taken */
	SDESP_ERR_UNSUPPORTED = -83, /* backend or provider cannot do this */
	SDESP_ERR_GONE = -84         /* no such SA in the backend */
};

/*
 * Why a text was refused. line and column count from 1, in the text or in
 * the array of pairs that the caller passed (then line is the pair's
 * position from 1); 0 = the text as a whole. The strings are static. A build
 * with SDESP_WITH_REASONS 0 has none: both are NULL.
 */
struct sdesp_why {
	int status; /* enum sdesp_status */
	unsigned line;
	unsigned column;
	const char *what;     /* what is wrong; see above for NULL */
	const char *expected; /* what was expected; NULL where obvious */
};

/* The name of a status, such as "SDESP_ERR_AUTH"; static, never NULL. */
const char *sdesp_status_name(int status);

/* One sentence for a status; static, never NULL. */
const char *sdesp_status_text(int status);

#endif
