/* Why an offer was refused, from and to a Warning header (RFC 3261 20.43).
 * SPDX-License-Identifier: MIT */
#include "ports/libre/call.h"

#include <stdio.h>

/* The code of RFC 3261 20.43 that says most; the rest is 399. */
static const struct code {
	int status;
	unsigned code;
} codes[] = {
	{SDESP_ERR_MISSING, 304},  /* media type not available */
	{SDESP_ERR_REJECTED, 304}, /* the same: there is none */
	{SDESP_ERR_NO_MODE, 305},  /* incompatible media format */
	{SDESP_ERR_NO_SUITE, 306}, /* attribute not understood */
	{SDESP_ERR_ADDRESS, 301},  /* incompatible address formats */
	{SDESP_ERR_SYNTAX, 307},   /* parameter not understood */
	{SDESP_ERR_LIMIT, 307},
	{SDESP_ERR_REPEATED, 307},
	{SDESP_ERR_VALUE, 307},
};

static unsigned code_of(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i].status == status)
			return codes[i].code;
	}
	return 399;
}

const char *sdesp_sip_warning_text(
	char text[WARNING_MAX], int status, const struct sdesp_why *why)
{
	if (why->what == NULL || status <= -80)
		snprintf(text, WARNING_MAX, "%s", sdesp_status_text(status));
	else if (why->line == 0)
		snprintf(text, WARNING_MAX, "%s", why->what);
	else
		snprintf(text, WARNING_MAX, "%s (line %u of the SDP)",
			why->what, why->line);
	return text;
}

const char *sdesp_sip_warning_print(
	char text[WARNING_MAX], int status, const struct sdesp_why *why)
{
	char plain[WARNING_MAX];

	sdesp_sip_warning_text(plain, status, why);
	for (char *p = plain; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			*p = '\'';
	}
	snprintf(text, WARNING_MAX, "Warning: %u sdesp \"%.200s\"\r\n",
		code_of(status), plain);
	return text;
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

bool sdesp_sip_printable(const struct pl *uri)
{
	for (size_t i = 0; i < uri->l; i++) {
		if (is_control(uri->p[i]))
			return false;
	}
	return true;
}

char *sdesp_sip_warning_read(const struct sip_msg *msg)
{
	const struct sip_hdr *warning = sip_msg_hdr(msg, SIP_HDR_WARNING);
	char *text = NULL;

	if (warning != NULL)
		(void)re_sdprintf(
			&text, "%r (%r)", &msg->reason, &warning->val);
	else
		(void)re_sdprintf(&text, "%r", &msg->reason);
	for (char *p = text; p != NULL && *p != '\0'; p++) {
		if (is_control(*p))
			*p = ' ';
	}
	return text;
}
