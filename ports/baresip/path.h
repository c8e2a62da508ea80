/*
 * One stream's packets: the RTP and RTCP sockets of baresip on one side, ESP
 * in UDP on the RTP socket on the other. SPEC 3.2, 8.7, 8.8.
 * SPDX-License-Identifier: MIT
 *
 * From path_alloc() on nothing passes these sockets but ESP and keepalives of
 * the session, in either direction; so RTP and RTCP go nowhere while there is
 * no SA. baresip sends audio from threads of its own: packets and the session
 * are under one lock. All calls are the main thread's.
 */
#ifndef SDESP_BARESIP_PATH_H
#define SDESP_BARESIP_PATH_H

#include "abi.h"
#include "sdesp.h"
#include "sdesp_udp_socket.h"

struct path;

/* What the session has to say, from the main loop; ev NULL: time has passed,
 * at least once a second. */
typedef void(path_event_h)(const struct sdesp_event *ev, void *arg);

/*
 * Begin on the sockets of a stream, which are held; rtcp NULL: it shares rtp.
 * policy must outlive the path. Returns 0 or an errno.
 */
int path_alloc(struct path **pp, struct udp_sock *rtp, struct udp_sock *rtcp,
	const struct sdesp_policy *policy, path_event_h *eventh, void *arg);

/*
 * End. What baresip sends while it takes its stream down (RTCP BYE) still
 * goes through ESP; the SAs, keys and sockets are gone when the main loop runs
 * next, or at path_end_all().
 */
void path_retire(struct path *p);
void path_end_all(void);

/* The session, locked until path_unlock(), which sees to what it left due. */
struct sdesp_session *path_lock(struct path *p);
void path_unlock(struct path *p);

/* Likewise, from an event handler: what is due is seen to next. */
void path_release(struct path *p);

void path_info(struct path *p, struct sdesp_session_info *info);

/* Datagrams so far. */
void path_counters(struct path *p, struct sdesp_udp_counters *counters);

#endif
