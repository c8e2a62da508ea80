/*
 * Who has to prove what in TLS. libre looks at no certificate by itself.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ports/posix/report.h"
#include "ports/posix/ua.h"

/* OpenSSL's callback has no argument of ours; there is one context. */
static char names[UA_TLS_HOSTS][256];

static int is_named(X509 *cert, const char *name)
{
	return name[0] != '\0' &&
	       (X509_check_host(cert, name, 0, 0, NULL) == 1 ||
		       X509_check_ip_asc(cert, name, 0) == 1);
}

/* A server's certificate is for a host that we were told of, or for the
 * address that we connected to. */
static int is_right_server(const SSL *ssl, X509 *cert, char where[64])
{
	struct sockaddr_storage ss;
	socklen_t len = (socklen_t)sizeof ss;
	struct sa sa;
	unsigned i;

	snprintf(where, 64, "the server");
	if (getpeername(SSL_get_fd(ssl), (struct sockaddr *)&ss, &len) == 0 &&
		sa_set_sa(&sa, (const struct sockaddr *)&ss) == 0) {
		(void)re_snprintf(where, 64, "%j", &sa);
		if (is_named(cert, where))
			return 1;
	}
	for (i = 0; i < UA_TLS_HOSTS; i++) {
		if (is_named(cert, names[i]))
			return 1;
	}
	return 0;
}

static int verify(int good, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	char subject[128] = "?", where[64];

	if (cert != NULL)
		(void)X509_NAME_oneline(X509_get_subject_name(cert), subject,
			(int)sizeof subject);
	if (!good) {
		note("TLS: certificate %s: %s", subject,
			X509_verify_cert_error_string(error));
		return 0;
	}
	if (X509_STORE_CTX_get_error_depth(ctx) > 0 || SSL_is_server(ssl) ||
		is_right_server(ssl, cert, where))
		return 1;
	note("TLS: certificate %s: not of %s", subject,
		names[0][0] != '\0' ? names[0] : where);
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}

int ua_tls_open(struct tls **tls, const char *cert, const char *ca,
	const char *const hosts[UA_TLS_HOSTS])
{
	int err = tls_alloc(tls, TLS_METHOD_SSLV23, cert, NULL);
	unsigned i;
	SSL_CTX *ctx;

	if (err != 0)
		return system_error("--tls-cert %s: no certificate with its "
				    "key, PEM",
			cert != NULL ? cert : "");
	if (ca != NULL && tls_add_ca(*tls, ca) != 0)
		return system_error("--tls-ca %s: no certificates, PEM", ca);
	for (i = 0; i < UA_TLS_HOSTS; i++)
		snprintf(names[i], sizeof names[i], "%s",
			hosts[i] != NULL ? hosts[i] : "");
	ctx = tls_openssl_context(*tls);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return system_error("TLS 1.2 is not to be had");
	/* Without authorities this is a server that asks its clients for
	 * nothing; read_transport() has seen to the rest. */
	if (ca != NULL)
		SSL_CTX_set_verify(ctx,
			SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			verify);
	return DONE;
}
