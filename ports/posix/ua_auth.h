/*
 * Digest credentials: a file of lines "realm user password", mode 0600.
 * SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_UA_AUTH_H
#define SDESP_CMD_UA_AUTH_H

#define UA_CREDENTIALS 8
#define UA_CREDENTIAL 128 /* octets of each word, its NUL included */

struct ua_credential {
	char realm[UA_CREDENTIAL], user[UA_CREDENTIAL];
	char password[UA_CREDENTIAL];
};

struct ua_auth {
	struct ua_credential of[UA_CREDENTIALS];
	unsigned n;
};

/* Read the file: an exit code, with a message. White space in a realm is
 * written as %20, a percent sign as %25. */
int ua_auth_read(struct ua_auth *auth, const char *path);

/* libre's sip_auth_h, arg is the struct: copies of user and password for a
 * realm. EACCES: there is no line for it; the realm is told. */
int ua_auth_answer(char **user, char **password, const char *realm, void *arg);

void ua_auth_wipe(struct ua_auth *auth);

#endif
