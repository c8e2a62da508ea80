/* See config.h. SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PSKS 16
#define NAME 65
#define KEY 64
#define LINE 512

struct record {
	char token[NAME], own[NAME], peer[NAME];
	uint8_t key[KEY];
};

static struct record records[PSKS];
static struct sdesp_psk psks[PSKS];

static int read_suites(struct sdesp_policy *policy, const struct conf *conf)
{
	char text[256];
	struct pl rest, word;

	if (conf_get_str(conf, "sdesp_suites", text, sizeof text) != 0)
		return 0;
	policy->nproposals = 0;
	pl_set_str(&rest, text);
	while (re_regex(rest.p, rest.l, "[^ ,\t]+", &word) == 0) {
		const struct sdesp_suite *suite =
			sdesp_suite_by_name(word.p, word.l);
		struct sdesp_proposal *line =
			&policy->proposals[policy->nproposals];

		if (suite == NULL || policy->nproposals == SDESP_MAX_CRYPTO) {
			warning("sdesp: sdesp_suites: %s: %r\n",
				suite == NULL ? "no such suite" : "too many",
				&word);
			return EINVAL;
		}
		line->suite = suite->id;
		line->method = SDESP_X25519;
		line->esn = 0;
		policy->nproposals++;
		pl_advance(&rest, word.p + word.l - rest.p);
	}
	if (policy->nproposals == 0)
		warning("sdesp: sdesp_suites: names no suite\n");
	return policy->nproposals > 0 ? 0 : EINVAL;
}

/* No method but X25519. */
static void drop_inline(struct sdesp_policy *policy)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < policy->nproposals; i++) {
		if (policy->proposals[i].method == SDESP_X25519)
			policy->proposals[n++] = policy->proposals[i];
	}
	policy->nproposals = n;
}

static bool is_hex(const char *word)
{
	return word[strspn(word, "0123456789abcdefABCDEF")] == '\0';
}

/* A word too long for its field runs into the next one, which then is none. */
static int read_record(const char *line, struct sdesp_policy *policy)
{
	struct record *r = &records[policy->npsks];
	struct sdesp_psk *psk = &psks[policy->npsks];
	char hex[2 * KEY + 1], more[2];
	size_t len;
	int err = EINVAL;

	if (policy->npsks == PSKS)
		return ENOSPC;
	if (sscanf(line, "%64s %128s %64s %64s %1s", r->token, hex, r->own,
		    r->peer, more) == 4 &&
		is_hex(hex) && strcmp(r->own, r->peer) != 0) {
		len = strlen(hex);
		psk->key_len = len / 2;
		if (len >= 32 && len % 2 == 0)
			err = str_hex(r->key, psk->key_len, hex);
	}
	explicit_bzero(hex, sizeof hex);
	psk->token = r->token;
	psk->key = r->key;
	psk->own = r->own;
	psk->peer = r->peer;
	if (err == 0)
		policy->npsks++;
	return err;
}

static int read_file(FILE *f, const char *path, struct sdesp_policy *policy)
{
	char line[LINE];
	unsigned number = 0;
	int err = 0;

	while (err == 0 && fgets(line, sizeof line, f) != NULL) {
		number++;
		if (line[0] != '#' && line[strspn(line, " \t\r\n")] != '\0')
			err = read_record(line, policy);
	}
	explicit_bzero(line, sizeof line);
	if (err == 0 && policy->npsks == 0)
		err = ENOENT;
	if (err != 0)
		warning("sdesp: %s:%u: not \"token hexkey own-name "
			"peer-name\", or more than %u: %m\n",
			path, number, PSKS, err);
	return err;
}

static int read_psks(struct sdesp_policy *policy, const struct conf *conf)
{
	char path[256];
	struct stat st;
	FILE *f;
	int err;

	if (conf_get_str(conf, "sdesp_psk_file", path, sizeof path) != 0)
		return 0;
	f = fopen(path, "r");
	if (f == NULL) {
		err = errno;
		warning("sdesp: %s: %m\n", path, err);
		return err;
	}
	if (fstat(fileno(f), &st) != 0 || (st.st_mode & 077) != 0) {
		warning("sdesp: %s: others may read it; make its mode 0600\n",
			path);
		err = EACCES;
	} else {
		err = read_file(f, path, policy);
	}
	fclose(f);
	policy->psks = psks;
	policy->psk_offer = records[0].token;
	policy->psk_required = 1;
	return err;
}

int config_read(struct sdesp_policy *policy, const struct conf *conf)
{
	bool loopback = false;
	int err;

	sdesp_policy_init(policy);
	drop_inline(policy);
	(void)conf_get_bool(conf, "sdesp_loopback", &loopback);
	policy->loopback = loopback;
	err = read_suites(policy, conf);
	if (err == 0)
		err = read_psks(policy, conf);
	return err;
}

void config_forget(void)
{
	explicit_bzero(records, sizeof records);
	explicit_bzero(psks, sizeof psks);
}
