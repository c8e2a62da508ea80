/* A pair of SAs over a backend. SPEC 9.2. SPDX-License-Identifier: MIT */
#include "sdesp_sa_pair.h"

#include "base/ct.h"

static int policy_set(struct sdesp_backend *be, const struct sdesp_flow *flow,
	enum sdesp_action action, uint32_t spi)
{
	if (be->vtable->policy_set == NULL)
		return SDESP_OK;
	return be->vtable->policy_set(be, flow, action, spi);
}

static int policy_delete(
	struct sdesp_backend *be, const struct sdesp_flow *flow)
{
	if (be->vtable->policy_delete == NULL)
		return SDESP_OK;
	return be->vtable->policy_delete(be, flow);
}

/* The first failure of two; what was gone already is none. */
static int first(int a, int b)
{
	if (a != SDESP_OK && a != SDESP_ERR_GONE)
		return a;
	return b == SDESP_ERR_GONE ? SDESP_OK : b;
}

int sdesp_sa_pair_reserve(
	struct sdesp_sa_pair *pair, struct sdesp_backend *be, uint32_t spi)
{
	int status = be->vtable->spi_reserve(be, &pair->flow, spi);

	if (status != SDESP_OK)
		return status;
	pair->spi_in = spi;
	pair->parts = SDESP_PAIR_LARVAL;
	return SDESP_OK;
}

static int add(struct sdesp_sa_pair *pair, struct sdesp_backend *be,
	struct sdesp_sa *sa, const struct sdesp_sa_source *source, int inbound)
{
	int status;

	source->fill(source, sa, inbound);
	status = be->vtable->sa_add(be, &pair->flow, sa, inbound);
	if (status == SDESP_OK && inbound) {
		pair->parts &= (uint8_t)~SDESP_PAIR_LARVAL;
		pair->parts |= SDESP_PAIR_IN;
		pair->spi_in = sa->spi;
	} else if (status == SDESP_OK) {
		pair->parts |= SDESP_PAIR_OUT;
		pair->spi_out = sa->spi;
	}
	return status;
}

/* Blocking comes first: what is negotiated never leaves in the clear. */
int sdesp_sa_pair_install(struct sdesp_sa_pair *pair,
	const struct sdesp_sa_pair *other, struct sdesp_backend *be,
	struct sdesp_sa *sa, const struct sdesp_sa_source *source)
{
	int blocked = pair->parts & SDESP_PAIR_POLICY;
	int shared = other != NULL && (other->parts & SDESP_PAIR_POLICY) != 0 &&
		     sdesp_flow_equal(&pair->flow, &other->flow);
	int status;

	if (!shared && !blocked) {
		status = policy_set(be, &pair->flow, SDESP_BLOCK, 0);
		if (status != SDESP_OK)
			return status;
		pair->parts |= SDESP_PAIR_POLICY;
	}
	status = add(pair, be, sa, source, 1);
	if (status == SDESP_OK)
		status = add(pair, be, sa, source, 0);
	sdesp_wipe(sa, sizeof *sa);
	if (status == SDESP_OK)
		return SDESP_OK;
	if ((pair->parts & SDESP_PAIR_IN) != 0)
		(void)be->vtable->sa_delete(be, &pair->flow, pair->spi_in, 1);
	if (!shared && !blocked)
		(void)policy_delete(be, &pair->flow);
	pair->parts &= (uint8_t)(SDESP_PAIR_LARVAL | blocked);
	return status;
}

int sdesp_sa_pair_send(
	const struct sdesp_sa_pair *pair, struct sdesp_backend *be)
{
	return policy_set(be, &pair->flow, SDESP_PROTECT, pair->spi_out);
}

int sdesp_sa_pair_block(const struct sdesp_flow *flow, struct sdesp_backend *be)
{
	return policy_set(be, flow, SDESP_BLOCK, 0);
}

int sdesp_sa_pair_retire(struct sdesp_sa_pair *pair,
	struct sdesp_sa_pair *newer, struct sdesp_backend *be)
{
	int status = SDESP_OK;

	if ((pair->parts & SDESP_PAIR_POLICY) != 0) {
		if (sdesp_flow_equal(&pair->flow, &newer->flow))
			newer->parts |= SDESP_PAIR_POLICY;
		else
			status = first(status, policy_delete(be, &pair->flow));
	}
	if ((pair->parts & SDESP_PAIR_OUT) != 0)
		status = first(status, be->vtable->sa_delete(be, &pair->flow,
					       pair->spi_out, 0));
	pair->parts &= (uint8_t) ~(SDESP_PAIR_POLICY | SDESP_PAIR_OUT);
	return status;
}

static int move_sa(const struct sdesp_sa_pair *pair, struct sdesp_backend *be,
	const struct sdesp_flow *to, const struct sdesp_flow *from, int inbound)
{
	unsigned part = inbound ? SDESP_PAIR_IN : SDESP_PAIR_OUT;

	if ((pair->parts & part) == 0)
		return SDESP_OK;
	if (be->vtable->sa_move == NULL)
		return SDESP_ERR_UNSUPPORTED;
	return be->vtable->sa_move(
		be, to, from, inbound ? pair->spi_in : pair->spi_out, inbound);
}

int sdesp_sa_pair_move(struct sdesp_sa_pair *pair, struct sdesp_backend *be,
	const struct sdesp_addr *local, const struct sdesp_addr *remote)
{
	int own = pair->parts & SDESP_PAIR_POLICY;
	struct sdesp_flow to = pair->flow;
	int status = SDESP_OK, in = SDESP_ERR_GONE;

	to.local = *local;
	to.remote = *remote;
	if (sdesp_flow_equal(&to, &pair->flow))
		return SDESP_OK;
	if (own)
		status = policy_set(be, &to, SDESP_BLOCK, 0);
	if (status != SDESP_OK)
		return status;
	status = in = move_sa(pair, be, &to, &pair->flow, 1);
	if (status == SDESP_OK)
		status = move_sa(pair, be, &to, &pair->flow, 0);
	if (status == SDESP_OK) {
		if (own)
			(void)policy_delete(be, &pair->flow);
		pair->flow = to;
		return SDESP_OK;
	}
	if (in == SDESP_OK && move_sa(pair, be, &pair->flow, &to, 1) != 0) {
		(void)be->vtable->sa_delete(be, &to, pair->spi_in, 1);
		pair->parts &= (uint8_t)~SDESP_PAIR_IN;
	}
	if (own)
		(void)policy_delete(be, &to);
	return status;
}

int sdesp_sa_pair_kill(struct sdesp_sa_pair *pair, struct sdesp_backend *be)
{
	const struct sdesp_backend_class *class = be->vtable;
	const struct sdesp_flow *flow = &pair->flow;
	int status = SDESP_OK;

	if ((pair->parts & SDESP_PAIR_OUT) != 0)
		status = first(
			status, class->sa_delete(be, flow, pair->spi_out, 0));
	if ((pair->parts & SDESP_PAIR_IN) != 0)
		status = first(
			status, class->sa_delete(be, flow, pair->spi_in, 1));
	if ((pair->parts & SDESP_PAIR_LARVAL) != 0)
		status = first(
			status, class->spi_release(be, flow, pair->spi_in));
	pair->parts &= SDESP_PAIR_POLICY;
	return status;
}

int sdesp_sa_pair_delete(struct sdesp_sa_pair *pair, struct sdesp_backend *be)
{
	int status = sdesp_sa_pair_kill(pair, be);

	if ((pair->parts & SDESP_PAIR_POLICY) != 0)
		status = first(status, policy_delete(be, &pair->flow));
	sdesp_wipe(pair, sizeof *pair);
	return status;
}
