/*
 * What a home is made of. SPDX-License-Identifier: MIT
 */
#ifndef SDESP_CMD_HOME_CLASS_H
#define SDESP_CMD_HOME_CLASS_H

#include "ports/posix/home.h"

/* See home.h; a NULL method has nothing to do. */
struct home_class {
	const char *name;
	size_t size; /* of the struct that begins with struct home */
	int kernel;  /* 1: see home_outlives() */
	int hosts;   /* 1: for every program of the host */

	int (*open)(struct home *home, const struct home_config *config);
	void (*close)(struct home *home); /* also after open has failed */
	unsigned (*fds)(const struct home *home, int fds[HOME_FDS]);
	int (*serve)(struct home *home, uint64_t now_ms);
	uint64_t (*tick)(struct home *home, uint64_t now_ms);
	int (*up)(struct home *home, const struct home_place *place);
	void (*down)(struct home *home, const struct home_place *place);

	/* SDESP_ERR_BACKEND: errno. */
	int (*bypass)(struct home *home, int fd, unsigned family);

	int (*resume_out)(struct home *home, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, uint64_t seq);
	int (*resume_in)(struct home *home, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, const struct sdesp_replay *window);
	int (*window)(struct home *home, const struct sdesp_flow *flow,
		const struct sdesp_sa *sa, struct sdesp_replay *window);
	void (*count)(struct home *home, struct home_counters *counters);
};

extern const struct home_class home_udp_class, home_tun_class, home_xfrm_class;

#endif
