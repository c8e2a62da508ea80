/* TLS servers must prove who they are: libre 1.1.0 asks for nothing.
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* A context serves and calls; clients of ours need not prove anything. */
static void starting(const SSL *ssl, int where, int ret)
{
	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && !SSL_is_server(ssl))
		SSL_set_verify((SSL *)ssl, SSL_VERIFY_PEER, NULL);
}

int sdesp_libre_verify(struct tls *tls, const char *host)
{
	SSL_CTX *ctx = tls_openssl_context(tls);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	/* An IP literal is one first of all. */
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1 &&
		X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
		return SDESP_ERR_ARG;
	SSL_CTX_set_info_callback(ctx, starting);
	return SDESP_OK;
}
