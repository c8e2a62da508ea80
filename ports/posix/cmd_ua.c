/*
 * sdesp ua listen, sdesp ua call: calls whose traffic is ESP, over real SIP.
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ports/posix/report.h"
#include "ports/posix/ua.h"

#define PATIENCE_MS 4000 /* for answers to BYE and un-REGISTER */

static struct ua agent;
static int rekey_pipe[2] = {-1, -1}; /* libre's loop has no other signals */

void ua_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
	fputc('\n', stdout);
	fflush(stdout);
}

static void give_up(void *arg)
{
	(void)arg;
	re_cancel();
}

/* Called again when a call has ended. sip_close() ends the loop once every
 * transaction has. */
void ua_end(struct ua *ua, int code)
{
	if (ua->code == DONE)
		ua->code = code;
	if (!ua->ending) {
		ua->ending = 1;
		tmr_start(&ua->end, PATIENCE_MS, give_up, NULL);
		ua_register_close(ua);
		if (ua->calls != NULL)
			sdesp_libre_hangup(ua->calls);
	}
	if (ua->calls == NULL || sdesp_libre_calls(ua->calls) == 0)
		sip_close(ua->sip, false);
}

static void on_stop(int number)
{
	(void)number;
	ua_end(&agent, DONE);
}

static void on_time(void *arg)
{
	ua_end(arg, DONE);
}

static void on_rekey_signal(int number)
{
	int saved = errno;
	ssize_t n = write(rekey_pipe[1], "", 1);

	(void)n; /* full: one is on its way already */
	(void)number;
	errno = saved;
}

static void on_rekey(int flags, void *arg)
{
	char drain[16];

	(void)flags;
	while (read(rekey_pipe[0], drain, sizeof drain) > 0)
		;
	ua_calls_rekey(arg);
}

static int catch_rekey(struct ua *ua)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_rekey_signal;
	if (pipe(rekey_pipe) != 0 ||
		fcntl(rekey_pipe[0], F_SETFL, O_NONBLOCK) != 0 ||
		fcntl(rekey_pipe[1], F_SETFL, O_NONBLOCK) != 0 ||
		sigaction(SIGUSR1, &action, NULL) != 0 ||
		fd_listen(rekey_pipe[0], FD_READ, on_rekey, ua) != 0)
		return system_error("signals: %s", strerror(errno));
	return DONE;
}

static void report(struct ua *ua)
{
	struct home_counters c;

	memset(&c, 0, sizeof c);
	home_count(ua_path_home(ua), &c);
	ua_say("sent %llu packets, received %llu; refused: %llu replays, %llu "
	       "forgeries, %llu others",
		(unsigned long long)c.sent, (unsigned long long)c.received,
		(unsigned long long)c.replays, (unsigned long long)c.forged,
		(unsigned long long)c.others);
	if (ua->config.listener)
		ua_say("served %u calls, refused %u", ua->served, ua->refused);
}

static int start(struct ua *ua)
{
	const struct options *o = ua->config.o;
	int code = ua_path_open(ua);

	if (code == DONE)
		code = ua_sip_open(ua);
	if (code == DONE)
		code = ua_calls_open(ua);
	if (code == DONE)
		code = catch_rekey(ua);
	if (code == DONE && o->status_socket != NULL)
		code = ua_status_open(ua);
	if (code == DONE && ua->config.registrar[0] != '\0')
		code = ua_register_open(ua);
	if (code == DONE && !ua->config.listener)
		code = ua_calls_make(ua);
	if (code == DONE && o->seconds.given)
		tmr_start(&ua->end, o->seconds.value * 1000, on_time, ua);
	return code;
}

static void stop(struct ua *ua)
{
	tmr_cancel(&ua->end);
	ua_register_close(ua);
	ua_status_close(ua);
	ua_calls_close(ua);
	ua_sip_close(ua);
	if (rekey_pipe[0] >= 0) {
		signal(SIGUSR1, SIG_IGN);
		fd_close(rekey_pipe[0]);
		close(rekey_pipe[0]);
		close(rekey_pipe[1]);
	}
}

static int run(const struct options *o, const char *target)
{
	struct ua *ua = &agent;
	int code = ua_config_read(&ua->config, o, target);

	if (code != DONE)
		return code;
	if (libre_init() != 0)
		return system_error("libre does not start");
	tmr_init(&ua->end);
	tmr_init(&ua->look);
	tmr_init(&ua->refusal);
	ua_sip_quiet();
	code = start(ua);
	if (code == DONE) {
		ua_path_touch(ua);
		if (re_main(on_stop) != 0)
			code = system_error("the event loop has failed");
		report(ua);
	}
	stop(ua);
	ua_path_close(ua);
	ua_config_close(&ua->config);
	libre_close();
	return code != DONE ? code : ua->code;
}

static int run_listen(const struct options *o)
{
	return run(o, NULL);
}

static int run_call(const struct options *o)
{
	return run(o, o->arg[0]);
}

const struct command cmd_listen = {
	"ua listen",
	"--allow URI... [options]",
	"take SIP calls whose traffic is ESP",
	"Takes calls of the peers on the list and agrees on keys in their SDP. A caller\n"
	"who is not on it gets 403 and learns nothing. What --expose names can be reached\n"
	"by TCP through the call, without privilege.\n\n"
	"example, a camera's web page at 127.0.0.1:8080:\n"
	"  camera$ sdesp ua listen --sip 192.0.2.10 --aor sip:camera@192.0.2.10 \\\n"
	"            --allow sip:phone@192.0.2.20 --psk FILE --expose 8080\n"
	"  phone$  sdesp ua call --aor sip:phone@192.0.2.20 --psk FILE \\\n"
	"            --forward 18080:8080 sip:camera@192.0.2.10\n"
	"  phone$  curl http://127.0.0.1:18080/\n\n"
	"From is what the caller says of itself: without --trust, --psk or --tls-ca the\n"
	"list keeps out strangers who do not know whom to claim to be, nobody else.\n\n"
	"SIGINT or SIGTERM hangs up and ends, SIGUSR1 changes the keys of every call.\n"
	"SDESP_KEYLOGFILE=FILE writes the keys for Wireshark.",
	FOR_LISTEN,
	0,
	0,
	run_listen,
};

const struct command cmd_call = {
	"ua call",
	"[options] [--forward [ADDR:]LPORT:RPORT]... URI",
	"call a SIP address, traffic is ESP",
	"Calls URI, agrees on keys in the SDP, and leads TCP connections to LPORT of this\n"
	"host through the call to RPORT of the peer, if the peer exposes it. See\n"
	"sdesp ua listen --help for an example.\n\n"
	"SIGINT or SIGTERM hangs up and ends, SIGUSR1 changes the keys.\n"
	"SDESP_KEYLOGFILE=FILE writes the keys for Wireshark.",
	FOR_CALL,
	1,
	1,
	run_call,
};
