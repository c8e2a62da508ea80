/*
 * Homes by their names. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ports/posix/home_class.h"
#include "ports/posix/report.h"

static const struct home_class *const classes[] = {
	&home_udp_class,
	&home_tun_class,
	&home_xfrm_class,
};

#define CLASSES (sizeof classes / sizeof classes[0])

static const struct home_class *find(const char *name)
{
	size_t i;

	for (i = 0; i < CLASSES; i++) {
		if (strcmp(classes[i]->name, name) == 0)
			return classes[i];
	}
	return NULL;
}

int home_open(
	struct home **home, const char *name, const struct home_config *config)
{
	const struct home_class *class = find(name != NULL ? name : "udp");
	struct home *h;
	int code;

	*home = NULL;
	if (class == NULL)
		return usage_error(
			"--backend %s: expected udp, tun or xfrm", name);
	h = calloc(1, class->size);
	if (h == NULL)
		return system_error("no memory");
	h->vtable = class;
	h->local = config->local;
	code = class->open(h, config);
	h->failed = code != DONE;
	if (code == DONE)
		*home = h;
	else
		home_close(h);
	return code;
}

void home_close(struct home *home)
{
	if (home == NULL)
		return;
	home->vtable->close(home);
	explicit_bzero(home, home->vtable->size);
	free(home);
}

const char *home_name(const struct home *home)
{
	return home->vtable->name;
}

unsigned home_fds(const struct home *home, int fds[HOME_FDS])
{
	return home->vtable->fds(home, fds);
}

int home_serve(struct home *home, uint64_t now_ms)
{
	return home->vtable->serve(home, now_ms);
}

uint64_t home_tick(struct home *home, uint64_t now_ms)
{
	return home->vtable->tick(home, now_ms);
}

static int is_same(const struct home_place *a, const struct home_place *b)
{
	return a->up && b->up && a->suite == b->suite &&
	       sdesp_flow_equal(&a->flow, &b->flow);
}

/* The new place is up before the old one goes: what both cover never stays
 * open between them. */
int home_up(struct home *home, struct home_place *place,
	const struct sdesp_session_info *info)
{
	struct home_place next;
	int code = DONE;

	memset(&next, 0, sizeof next);
	next.flow = info->flow;
	next.suite = info->suite;
	next.up = 1;
	if (is_same(place, &next))
		return DONE;
	if (home->vtable->up != NULL)
		code = home->vtable->up(home, &next);
	if (code != DONE)
		return code;
	home_down(home, place);
	*place = next;
	return DONE;
}

void home_down(struct home *home, struct home_place *place)
{
	if (place->up && home->vtable->down != NULL)
		home->vtable->down(home, place);
	memset(place, 0, sizeof *place);
}

int home_bypass(struct home *home, int fd, unsigned family)
{
	if (home->vtable->bypass == NULL ||
		home->vtable->bypass(home, fd, family) == SDESP_OK)
		return DONE;
	return system_error("--backend %s: signalling cannot pass it: %s",
		home->vtable->name, strerror(errno));
}

int home_resume_out(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, uint64_t seq)
{
	return home->vtable->resume_out(home, flow, sa, seq);
}

int home_resume_in(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, const struct sdesp_replay *window)
{
	return home->vtable->resume_in(home, flow, sa, window);
}

int home_window(struct home *home, const struct sdesp_flow *flow,
	const struct sdesp_sa *sa, struct sdesp_replay *window)
{
	return home->vtable->window(home, flow, sa, window);
}

void home_count(struct home *home, struct home_counters *counters)
{
	memset(counters, 0, sizeof *counters);
	if (home->vtable->count != NULL)
		home->vtable->count(home, counters);
}

int home_outlives(const struct home *home)
{
	return home->vtable->kernel;
}
