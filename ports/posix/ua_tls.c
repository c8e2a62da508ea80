/*
 * Who has to prove what in TLS. libre looks at no certificate by itself.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ports/posix/report.h"
#include "ports/posix/ua.h"

#define PEERS 32 /* addresses that calls came from, the latest */

/* OpenSSL's callbacks have no argument of ours; there is one context. */
static struct {
	char hosts[UA_TLS_HOSTS][256];
	char peers[PEERS][SDESP_ADDR_TEXT];
	unsigned next;
	void (*refused)(void *arg);
	void *arg;
} tls_state;

static int is_named(X509 *cert, const char *name)
{
	return name[0] != '\0' &&
	       (X509_check_host(cert, name, 0, 0, NULL) == 1 ||
		       X509_check_ip_asc(cert, name, 0) == 1);
}

/* A server's certificate is for a host that we were told of, or for an address
 * that a call came from, whose Contact is being followed. */
static int is_right_server(X509 *cert)
{
	unsigned i;

	for (i = 0; i < UA_TLS_HOSTS; i++) {
		if (is_named(cert, tls_state.hosts[i]))
			return 1;
	}
	for (i = 0; i < PEERS; i++) {
		if (is_named(cert, tls_state.peers[i]))
			return 1;
	}
	return 0;
}

/* Of those hosts, the one to name. */
static const char *wanted(void)
{
	unsigned i;

	for (i = 0; i < UA_TLS_HOSTS; i++) {
		if (tls_state.hosts[i][0] != '\0')
			return tls_state.hosts[i];
	}
	return "the address that the call came from";
}

void ua_tls_expect(const struct sdesp_addr *peer)
{
	sdesp_addr_print(tls_state.peers[tls_state.next++ % PEERS], peer);
}

static int verify(int good, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	char subject[128] = "?";

	if (cert != NULL)
		(void)X509_NAME_oneline(X509_get_subject_name(cert), subject,
			(int)sizeof subject);
	if (!good) {
		note("TLS: certificate %s: %s", subject,
			X509_verify_cert_error_string(
				X509_STORE_CTX_get_error(ctx)));
		return 0;
	}
	if (X509_STORE_CTX_get_error_depth(ctx) > 0 || SSL_is_server(ssl) ||
		is_right_server(cert))
		return 1;
	note("TLS: certificate %s: not of %s", subject, wanted());
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}

/* libre does not say why a connection ended. */
static void watch_alerts(const SSL *ssl, int where, int ret)
{
	(void)ssl;
	if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT ||
		ret >> 8 != SSL3_AL_FATAL)
		return;
	note("TLS: the other end refuses: %s", SSL_alert_desc_string_long(ret));
	tls_state.refused(tls_state.arg);
}

int ua_tls_open(struct tls **tls, const char *cert, const char *ca,
	const char *const hosts[UA_TLS_HOSTS], void (*refused)(void *arg),
	void *arg)
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
		snprintf(tls_state.hosts[i], sizeof tls_state.hosts[i], "%s",
			hosts[i] != NULL ? hosts[i] : "");
	tls_state.refused = refused;
	tls_state.arg = arg;
	ctx = tls_openssl_context(*tls);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return system_error("TLS 1.2 is not to be had");
	SSL_CTX_set_info_callback(ctx, watch_alerts);
	/* Without authorities this is a server that asks its clients for
	 * nothing; read_transport() has seen to the rest. */
	if (ca != NULL)
		SSL_CTX_set_verify(ctx,
			SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			verify);
	return DONE;
}
