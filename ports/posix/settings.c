/*
 * Options to settings, settings to a policy and a section.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_udp_socket.h"
#include "ports/posix/settings.h"

#define DEFAULT_PORT 4500

/* The next piece of a list with commas; 0 at its end. */
static int next_piece(const char **list, struct sdesp_span *piece)
{
	if (*list == NULL)
		return 0;
	piece->p = *list;
	piece->len = strcspn(*list, ",");
	*list = piece->p[piece->len] == ',' ? piece->p + piece->len + 1 : NULL;
	return 1;
}

/* Suites may be typed in small letters and with hyphens. */
static const struct sdesp_suite *find_suite(struct sdesp_span name)
{
	char wire[40];
	size_t i;

	if (name.len >= sizeof wire)
		return NULL;
	for (i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.p[i];

		wire[i] = c == '-' ? '_' : (char)toupper(c);
	}
	return sdesp_suite_by_name(wire, name.len);
}

static int read_suites(struct settings *s, const char *list)
{
	struct sdesp_span piece;

	while (next_piece(&list, &piece)) {
		const struct sdesp_suite *suite = find_suite(piece);

		if (suite == NULL || memchr(s->suites, suite->id, s->nsuites))
			return usage_error("--suites: \"%.*s\" is unknown or "
					   "there twice; see sdesp(1)",
				(int)piece.len, piece.p);
		s->suites[s->nsuites++] = suite->id;
	}
	return DONE;
}

/* Words of a list, each at most once, as numbers. */
static int read_words(uint8_t values[2], uint8_t *n, const char *option,
	const char *list, const char *const words[2], const uint8_t numbers[2])
{
	struct sdesp_span piece;

	while (next_piece(&list, &piece)) {
		unsigned i = 0;

		while (i < 2 && !sdesp_span_is(piece, words[i]))
			i++;
		if (i == 2 || memchr(values, numbers[i], *n) != NULL)
			return usage_error(
				"%s: \"%.*s\"; expected %s or %s, each once",
				option, (int)piece.len, piece.p, words[0],
				words[1]);
		values[(*n)++] = numbers[i];
	}
	return DONE;
}

static int read_methods(struct settings *s, const struct options *o)
{
	static const char *const words[2] = {"x25519", "inline"};
	static const uint8_t numbers[2] = {SDESP_X25519, SDESP_INLINE};
	int code = read_words(s->methods, &s->nmethods, "--method",
		o->method != NULL ? o->method : "x25519,inline", words,
		numbers);

	if (code == DONE && o->method != NULL && !o->secured &&
		memchr(s->methods, SDESP_INLINE, s->nmethods) != NULL)
		return refuse("--method inline puts the secret into the SDP: "
			      "whoever reads it can read the traffic; say "
			      "--secured if only trusted proxies do");
	return code;
}

static int read_modes(struct settings *s, const struct options *o)
{
	static const char *const words[2] = {"transport", "tunnel"};
	static const uint8_t numbers[2] = {SDESP_TRANSPORT, SDESP_TUNNEL};

	return read_words(s->local.modes, &s->local.nmodes, "--mode",
		o->mode != NULL ? o->mode : "transport", words, numbers);
}

static int read_ts(struct settings *s, const struct options *o)
{
	const char *standard = "any self any peer any";
	unsigned i, n = o->ts.n > 0 ? o->ts.n : 1;

	if (o->ts.n == 0 &&
		memchr(s->local.modes, SDESP_TUNNEL, s->local.nmodes) != NULL)
		return usage_error("--mode tunnel needs --ts: which prefixes, "
				   "for example --ts \"any 10.1.0.0/16 any "
				   "10.2.0.0/16 any\"");
	if (n > SDESP_MAX_TS)
		return usage_error("--ts: at most %d", SDESP_MAX_TS);
	for (i = 0; i < n; i++) {
		const char *text = o->ts.n > 0 ? o->ts.value[i] : standard;
		struct sdesp_attr attr;
		struct sdesp_why why;

		memset(&attr, 0, sizeof attr);
		memset(&why, 0, sizeof why);
		attr.name = sdesp_span_of("esp-ts");
		attr.value = sdesp_span_of(text);
		attr.line = i + 1;
		attr.column = 1;
		if (sdesp_attr_ts_parse(&s->local.ts[i], &attr, &why) !=
			SDESP_OK) {
			refuse_at("--ts", why.line, why.column,
				why.what != NULL ? why.what : "malformed",
				why.expected);
			return USAGE;
		}
	}
	s->local.nts = (uint8_t)n;
	return DONE;
}

static int is_loopback(const struct sdesp_addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == 4 ? a->ip[0] == 127
			      : memcmp(a->ip, one, sizeof one) == 0;
}

/* The address that this system would send from to the peer. */
static int routed_address(
	struct sdesp_addr *local, const struct sdesp_addr *peer)
{
	struct sockaddr_storage sa;
	struct sdesp_addr to = *peer;
	socklen_t len;
	int fd = socket(peer->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	int status = -1;

	if (fd < 0)
		return -1;
	if (to.port == 0)
		to.port = DEFAULT_PORT;
	len = sdesp_udp_to_sockaddr(&sa, &to, to.family);
	if (connect(fd, (const struct sockaddr *)&sa, len) == 0) {
		len = (socklen_t)sizeof sa;
		if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
			sdesp_udp_from_sockaddr(local, &sa) == SDESP_OK)
			status = 0;
	}
	close(fd);
	local->port = DEFAULT_PORT;
	return status;
}

/* --local, or where a newcomer's first try works. */
static int read_local(struct settings *s, const struct options *o,
	const struct sdesp_section *offer)
{
	struct sdesp_addr *a = &s->local.addr;
	int parsed = SDESP_OK;

	if (o->local != NULL)
		parsed = sdesp_posix_parse_addr(a, o->local, DEFAULT_PORT);
	else if (offer == NULL || offer->conn.family == 0)
		parsed = sdesp_posix_parse_addr(a, "127.0.0.1", DEFAULT_PORT);
	else if (offer->conn.family == 4 && is_loopback(&offer->conn))
		parsed = sdesp_posix_parse_addr(a,
			offer->conn.ip[3] == 2 ? "127.0.0.1" : "127.0.0.2",
			DEFAULT_PORT);
	else if (routed_address(a, &offer->conn) != 0)
		return usage_error("no address of this host routes to the "
				   "peer; give --local ADDR:PORT");
	if (parsed != SDESP_OK)
		return usage_error("--local %s: expected ADDR:PORT or "
				   "[IPV6]:PORT",
			o->local);
	a->port = a->port != 0 ? a->port : DEFAULT_PORT;
	/* ::1 is all that IPv6 has of loopback. */
	if (o->local == NULL && offer != NULL &&
		sdesp_addr_equal(a, &offer->conn))
		a->port++;
	s->loopback = (uint8_t)(o->loopback || is_loopback(a));
	return DONE;
}

static int copy_text(
	char *to, size_t cap, const char *option, struct sdesp_span from)
{
	if (from.len == 0 || from.len >= cap)
		return usage_error("%s: 1 to %lu octets are expected", option,
			(unsigned long)cap - 1);
	memcpy(to, from.p, from.len);
	to[from.len] = '\0';
	return DONE;
}

/* The m= line of an offer: media, proto, and for media in place the rest. */
static int read_media(struct settings *s, const struct options *o,
	const struct sdesp_section *offer)
{
	const char *esp = "UDP/ESP";
	const char *inner = o->inner != NULL ? o->inner : "";
	int code;

	if (o->encap != NULL && strcmp(o->encap, "none") == 0)
		esp = "ESP";
	else if (o->encap != NULL && strcmp(o->encap, "udp") != 0)
		return usage_error(
			"--encap %s: expected udp or none", o->encap);
	if (offer != NULL) {
		int udp = offer->proto.len > 3 &&
			  memcmp(offer->proto.p, "UDP", 3) == 0;

		if (o->encap != NULL && udp != (esp[0] == 'U'))
			return refuse("--encap %s, but the offer is %.*s",
				o->encap, (int)offer->proto.len,
				offer->proto.p);
		code = copy_text(
			s->media, sizeof s->media, "media", offer->media);
		if (code == DONE)
			code = copy_text(s->proto, sizeof s->proto, "proto",
				offer->proto);
		return code;
	}
	snprintf(s->proto, sizeof s->proto, "%s%s%.16s", esp,
		inner[0] != '\0' ? "/" : "", inner);
	if (sdesp_proto_find(sdesp_span_of(s->proto)) == NULL)
		return usage_error("--inner %s: expected RTP/AVP, RTP/AVPF, "
				   "UDP or TCP",
			inner);
	return copy_text(s->media, sizeof s->media, "--media",
		sdesp_span_of(o->media != NULL ? o->media : "application"));
}

static int read_in_place(struct settings *s, const struct options *o,
	const struct sdesp_section *offer)
{
	const struct sdesp_proto *proto =
		sdesp_proto_find(sdesp_span_of(s->proto));

	if (proto == NULL || proto->inner == SDESP_GENERIC) {
		if (o->inner_port.given || o->fmt != NULL)
			return usage_error("--inner-port and --fmt go with "
					   "media in place only");
		return DONE;
	}
	if (!o->inner_port.given || o->inner_port.value == 0)
		return usage_error("%s needs --inner-port: our port inside "
				   "ESP",
			s->proto);
	if (o->fmt == NULL && offer == NULL)
		return usage_error(
			"%s needs --fmt, for example --fmt \"0 8\"", s->proto);
	s->local.inner_port = (uint16_t)o->inner_port.value;
	return copy_text(s->fmt, sizeof s->fmt, "--fmt",
		o->fmt != NULL ? sdesp_span_of(o->fmt) : offer->fmt);
}

static int read_direction(struct settings *s, const struct options *o)
{
	static const char *const names[] = {
		[SDESP_SENDRECV] = "sendrecv",
		[SDESP_SENDONLY] = "sendonly",
		[SDESP_RECVONLY] = "recvonly",
		[SDESP_INACTIVE] = "inactive",
	};
	uint8_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (o->direction == NULL ||
			strcmp(names[i], o->direction) == 0) {
			s->local.direction = i;
			return DONE;
		}
	}
	return usage_error("--direction %s: expected sendrecv, sendonly, "
			   "recvonly or inactive",
		o->direction);
}

static int read_psk(struct settings *s, const struct options *o)
{
	const char *token = o->psk_token;
	unsigned i;
	int code;

	if (o->psk == NULL && token != NULL)
		return usage_error("--psk-token needs --psk");
	if (o->psk == NULL)
		return DONE;
	code = psk_file_read(s, o->psk);
	if (code != DONE)
		return code;
	if (token == NULL)
		token = s->psks[0].token;
	for (i = 0; i < s->npsks; i++) {
		if (strcmp(s->psks[i].token, token) == 0) {
			memcpy(s->psk_offer, s->psks[i].token, SETTINGS_NAME);
			return DONE;
		}
	}
	return refuse("%s: no record with token %s", o->psk, token);
}

static int read_numbers(struct settings *s, const struct options *o)
{
	struct sdesp_policy standard;

	sdesp_policy_init(&standard);
	s->window = standard.window;
	s->hard = standard.hard;
	if (o->window.given && o->window.value < 32)
		return usage_error("--window: at least 32");
	if (o->window.given)
		s->window = (uint16_t)o->window.value;
	if ((o->lifetime.given && o->lifetime.value < 60) ||
		(o->packets.given && o->packets.value == 0))
		return usage_error("--lifetime is at least 60 seconds, "
				   "--packets at least 1");
	if (o->lifetime.given)
		s->hard.seconds = (uint32_t)o->lifetime.value;
	if (o->packets.given)
		s->hard.packets = o->packets.value;
	return DONE;
}

int settings_from_options(struct settings *s, const struct options *o,
	const struct sdesp_section *offer)
{
	int code;

	memset(s, 0, sizeof *s);
	s->esn = o->esn ? ESN_ONLY : ESN_EITHER;
	s->local.secured = (uint8_t)o->secured;
	s->local.index = offer != NULL ? offer->index : 0;
	code = read_suites(s, o->suites != NULL
				      ? o->suites
				      : "AES_128_GCM_16,AES_256_GCM_16,"
					"CHACHA20_POLY1305");
	if (code == DONE)
		code = read_methods(s, o);
	if (code == DONE)
		code = read_modes(s, o);
	if (code == DONE)
		code = read_ts(s, o);
	if (code == DONE)
		code = read_local(s, o, offer);
	if (code == DONE)
		code = read_media(s, o, offer);
	if (code == DONE)
		code = read_in_place(s, o, offer);
	if (code == DONE)
		code = read_direction(s, o);
	if (code == DONE)
		code = read_numbers(s, o);
	if (code == DONE)
		code = read_psk(s, o);
	return code;
}

int settings_check_change(const struct options *o)
{
	if (o->suites != NULL || o->method != NULL || o->mode != NULL ||
		o->encap != NULL || o->psk != NULL || o->psk_token != NULL ||
		o->media != NULL || o->inner != NULL || o->fmt != NULL ||
		o->ts.n > 0 || o->index.given || o->window.given ||
		o->lifetime.given || o->packets.given || o->inner_port.given ||
		o->esn || o->secured || o->loopback)
		return usage_error("this session has begun: only --local and "
				   "--direction may change");
	return DONE;
}

int settings_change(struct settings *s, const struct options *o)
{
	struct sdesp_addr a = s->local.addr;
	int code = settings_check_change(o);

	if (code != DONE)
		return code;
	if (o->local != NULL &&
		sdesp_posix_parse_addr(&a, o->local, a.port) != SDESP_OK)
		return usage_error("--local %s: expected ADDR:PORT or "
				   "[IPV6]:PORT",
			o->local);
	s->local.addr = a;
	return o->direction != NULL ? read_direction(s, o) : DONE;
}
