/*
 * SDP bodies in the manner of the programs that write them, each with one
 * section of ours. SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BODIES_H
#define TESTS_BODIES_H

#define BODIES_KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define BODIES_KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

struct body {
	const char *proto; /* of our section */
	unsigned index;    /* and its index */
	unsigned sections, attributes;
	const char *text;
};

extern const struct body sdp_bodies[5];

#endif
