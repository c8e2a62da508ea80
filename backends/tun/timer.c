/* A binary heap of alarms, the earliest first. SPDX-License-Identifier: MIT */
#include "timer.h"

static void put(
	struct sdesp_tun_timers *t, uint32_t at, struct sdesp_tun_alarm alarm)
{
	t->heap[at] = alarm;
	t->where[alarm.id] = at + 1;
}

/* Find the place of an alarm from a free one, towards the top. */
static uint32_t rise(
	struct sdesp_tun_timers *t, uint32_t at, struct sdesp_tun_alarm alarm)
{
	while (at > 0 && t->heap[(at - 1) / 2].due_ms > alarm.due_ms) {
		put(t, at, t->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(t, at, alarm);
	return at;
}

static void sink(
	struct sdesp_tun_timers *t, uint32_t at, struct sdesp_tun_alarm alarm)
{
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < t->n &&
			t->heap[child + 1].due_ms < t->heap[child].due_ms)
			child++;
		if (child >= t->n || t->heap[child].due_ms >= alarm.due_ms)
			break;
		put(t, at, t->heap[child]);
		at = child;
	}
	put(t, at, alarm);
}

static void stop(struct sdesp_tun_timers *t, uint32_t id)
{
	uint32_t at = t->where[id] - 1;
	struct sdesp_tun_alarm last = t->heap[--t->n];

	t->where[id] = 0;
	if (at != t->n)
		sink(t, rise(t, at, last), last);
}

void sdesp_tun_timer_set(
	struct sdesp_tun_timers *t, uint32_t id, uint64_t due_ms)
{
	struct sdesp_tun_alarm alarm = {.due_ms = due_ms, .id = id};

	if (t->where[id] != 0)
		stop(t, id);
	if (due_ms != UINT64_MAX)
		rise(t, t->n++, alarm);
}
