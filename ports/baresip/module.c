/*
 * sdesp.so: a media encryption module for baresip, ";mediaenc=sdesp". Media
 * inside ESP (SPEC 3.2, UDP/ESP/RTP/AVP) or no call.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "config.h"
#include "media.h"

static struct sdesp_policy policy;

static struct menc menc = {LE_INIT, "sdesp", "UDP/ESP/RTP/AVP", true,
	media_session, media_stream, {NULL}};

static void on_ua_event(struct ua *ua, ua_event ev, struct call *call,
	const char *prm, void *arg)
{
	struct le *le;

	(void)ua;
	(void)prm;
	(void)arg;
	if (strcmp(uag_event_str(ev), "CALL_ESTABLISHED") != 0)
		return;
	for (le = list_head(media_calls()); le != NULL; le = le->next) {
		struct menc_sess *sess = le->data;

		if (sess->call == call)
			media_established(sess);
	}
}

/* --- commands ------------------------------------------------------------- */

static int print_stream(struct re_printf *pf, struct menc_media *m)
{
	const struct sdesp_suite *suite;
	struct sdesp_session_info now;
	struct sdesp_udp_counters n;

	path_info(m->path, &now);
	path_counters(m->path, &n);
	suite = sdesp_suite_by_id(now.suite);
	if (suite == NULL || now.spi_out == 0)
		return re_hprintf(
			pf, "sdesp: %s: no ESP\n", sdp_media_name(m->sdp));
	return re_hprintf(pf,
		"sdesp: %s: %s%s, SPI in %08x out %08x%s; "
		"sealed %llu, opened %llu, refused %llu\n",
		sdp_media_name(m->sdp), suite->name, now.psk ? ", PSK" : "",
		now.spi_in, now.spi_out, now.held ? ", on hold" : "", n.sealed,
		n.opened,
		n.foreign + n.runts + n.unknown_spi + n.early + n.replays +
			n.forged + n.malformed + n.selector_in);
}

static int print_all(struct re_printf *pf, void *arg)
{
	struct le *le, *other;
	int err = 0;

	(void)arg;
	for (le = list_head(media_calls()); le != NULL; le = le->next) {
		struct menc_sess *sess = le->data;

		for (other = list_head(&sess->streams); other != NULL;
			other = other->next)
			err |= print_stream(pf, other->data);
	}
	return err;
}

static int rekey_all(struct re_printf *pf, void *arg)
{
	struct le *le, *other;

	(void)pf;
	(void)arg;
	for (le = list_head(media_calls()); le != NULL; le = le->next) {
		struct menc_sess *sess = le->data;

		for (other = list_head(&sess->streams); other != NULL;
			other = other->next)
			media_rekey(other->data);
	}
	return 0;
}

static const struct cmd commands[] = {
	{"sdesp", 0, 0, "ESP of the calls", print_all},
	{"sdesp_rekey", 0, 0, "New ESP keys for the calls", rekey_all}};

/* --- life ----------------------------------------------------------------- */

/* Accounts that were read before this module would be left without any
 * encryption: baresip only warns that it does not know ours. */
static void adopt_accounts(void)
{
	struct le *le;

	for (le = list_head(uag_list()); le != NULL; le = le->next) {
		struct account *acc = ua_account(le->data);
		const char *id = account_mediaenc(acc);

		if (id != NULL && strcmp(id, menc.id) == 0)
			(void)account_set_mediaenc(acc, id);
	}
}

/* With a configuration that is refused the module stays: without it baresip
 * would make the same calls in the clear. */
static int module_init(void)
{
	if (config_read(&policy, conf_cur()) == 0)
		media_init(&policy);
	else
		warning("sdesp: no calls with mediaenc=sdesp until this is "
			"mended\n");
	menc_register(baresip_mencl(), &menc);
	adopt_accounts();
	(void)cmd_register(baresip_commands(), commands, ARRAY_SIZE(commands));
	return uag_event_register(on_ua_event, NULL);
}

static int module_close(void)
{
	uag_event_unregister(on_ua_event);
	cmd_unregister(baresip_commands(), commands);
	menc_unregister(&menc);
	path_end_all();
	config_forget();
	return 0;
}

/* The name that libre looks for. */
extern const struct mod_export exports;
const struct mod_export exports = {"sdesp", "menc", module_init, module_close};
