/* The memory of a backend. SPDX-License-Identifier: MIT */
#include "sdesp_tun.h"

#include <string.h>

#include "base/ct.h"

#include "backend.h"
#include "index.h"

#define MOST ((uint32_t)1 << 24)

/* The next array in the memory; with memory NULL only its size counts. */
static void *carve(uint8_t *memory, uint64_t *at, uint64_t count, size_t size)
{
	void *p = memory == NULL ? NULL : memory + *at;

	*at += (count * size + 7) & ~(uint64_t)7;
	return p;
}

static void carve_index(struct sdesp_tun_index *ix, uint8_t *memory,
	uint64_t *at, uint32_t values)
{
	uint32_t size = sdesp_tun_index_size(values);

	ix->entries = carve(memory, at, size, sizeof ix->entries[0]);
	ix->mask = size - 1;
}

static uint64_t lay_out(struct sdesp_tun *t, uint8_t *memory, uint32_t max_sas,
	uint32_t max_flows)
{
	uint32_t sleepers = max_sas + max_flows;
	uint64_t at = 0;

	carve_index(&t->in, memory, &at, max_sas);
	carve_index(&t->out, memory, &at, max_sas);
	carve_index(&t->flows, memory, &at, max_flows);
	carve_index(&t->by_key, memory, &at, max_flows * SDESP_MAX_TS);
	t->timers.heap = carve(memory, &at, sleepers, sizeof t->timers.heap[0]);
	t->timers.where =
		carve(memory, &at, sleepers, sizeof t->timers.where[0]);
	t->path_mask = sdesp_tun_index_size(max_flows) / 2 - 1;
	t->paths = carve(
		memory, &at, (uint64_t)t->path_mask + 1, sizeof t->paths[0]);
	t->selectors = carve(memory, &at, (uint64_t)max_flows * SDESP_MAX_TS,
		sizeof t->selectors[0]);
	t->policies = carve(memory, &at, max_flows, sizeof t->policies[0]);
	t->sas = carve(memory, &at, max_sas, sizeof t->sas[0]);
	return at;
}

size_t sdesp_tun_memory(uint32_t max_sas, uint32_t max_flows)
{
	struct sdesp_tun t;
	uint64_t size;

	if (max_sas < 1 || max_sas > MOST || max_flows < 1 || max_flows > MOST)
		return 0;
	size = lay_out(&t, NULL, max_sas, max_flows);
	return size <= SIZE_MAX ? (size_t)size : 0;
}

int sdesp_tun_init(struct sdesp_tun *t, const struct sdesp_tun_config *config,
	void *memory, size_t size)
{
	size_t need = sdesp_tun_memory(config->max_sas, config->max_flows);

	memset(t, 0, sizeof *t);
	if (config->crypto == NULL || config->send == NULL ||
		config->answer == NULL || need == 0 || config->link_mtu < 576 ||
		config->link_mtu > 65535)
		return SDESP_ERR_ARG;
	if (memory == NULL || size < need || (uintptr_t)memory % 8 != 0)
		return SDESP_ERR_SPACE;
	t->base.vtable = &sdesp_tun_class;
	t->config = *config;
	memset(memory, 0, need);
	lay_out(t, memory, config->max_sas, config->max_flows);

	t->free_sa = t->free_policy = 1;
	for (uint32_t i = 1; i < config->max_sas; i++)
		t->sas[i - 1].after = i + 1;
	for (uint32_t i = 1; i < config->max_flows; i++)
		t->policies[i - 1].next = i + 1;
	return SDESP_OK;
}

void sdesp_tun_close(struct sdesp_tun *t)
{
	if (t->sas != NULL)
		sdesp_wipe(t->sas, t->config.max_sas * sizeof t->sas[0]);
	sdesp_wipe(t, sizeof *t);
}
