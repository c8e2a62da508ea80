/*
 * Two ends of a dialog, each with a session over a fake backend, and the
 * texts between them. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_AGREEMENT_H
#define TESTS_AGREEMENT_H

#include "fake_backend.h"
#include "fake_port.h"
#include "sdesp_session.h"

struct end {
	struct sdesp_session session;
	struct sdesp_policy policy; /* change it before anything else */
	struct sdesp_local local;
	struct fake_port port;
	struct fake_backend backend;

	char text[4096]; /* what this end wrote last, NUL-terminated */
	size_t len;
	struct sdesp_why why; /* of its last refusal */
};

/* A generic section over UDP at this literal and port; everything between
 * the two hosts is granted; the signalling is not secured. */
void end_init(struct end *e, const char *ip, unsigned port, uint64_t seed);

/* Write into e->text. Each returns what the session's call returns. */
int end_offer(struct end *e, uint64_t now_ms);
int end_refresh(struct end *e, uint64_t now_ms);

/* Answer what from wrote last. */
int end_answer(struct end *e, const struct end *from, uint64_t now_ms);

/* Read what from wrote last as an answer. */
int end_accept(
	struct end *e, const struct end *from, int final, uint64_t now_ms);

/* Likewise for any section. */
int end_answer_text(struct end *e, const char *text, uint64_t now_ms);
int end_accept_text(
	struct end *e, const char *text, int final, uint64_t now_ms);

/* Replace the first from in a text by to; exits when it is not there. */
void edit(char *text, size_t cap, const char *from, const char *to);

/* The type of the next event, 0 = none. */
unsigned end_event(struct end *e);

/* Take all events; 1 when this one was among them. */
int end_saw(struct end *e, unsigned type);

struct sdesp_session_info end_info(const struct end *e);

/* Offer, answer, accept and ACK: the status of the first that fails. */
int agree(struct end *offerer, struct end *answerer, uint64_t now_ms);

/* 1 when what one end sends is what the other receives, both ways. */
int agreed(struct end *a, struct end *b);

#endif
