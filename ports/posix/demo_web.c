/*
 * The camera's own program, a small web server, and the phone's, a small
 * browser: HTTP/1.0 (RFC 1945), a request a connection. They know nothing of
 * ESP. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ports/posix/demo.h"
#include "ports/posix/report.h"
#include "ports/posix/sdesp_posix.h"
#include "sdesp_udp_socket.h"

#define PIECE 2048      /* octets of the picture at a time */
#define PICTURE_MS 1500 /* about what it takes: a slow camera */
#define PICTURE "/picture.png"

static const char page[] =
	"<!DOCTYPE html><title>Camera</title><img src=\"" PICTURE "\">\n";

static int put(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void put_head(int fd, const char *status, const char *type, size_t len)
{
	char head[160];
	int n = snprintf(head, sizeof head,
		"HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %lu\r\n"
		"\r\n",
		status, type, (unsigned long)len);

	(void)put(fd, head, (size_t)n);
}

static void put_picture(int fd, const struct demo_setup *setup)
{
	size_t at, pieces = setup->picture_len / PIECE + 1;
	struct timespec pause = {0, 0};

	pause.tv_nsec = (long)(PICTURE_MS * 1000000ul / pieces);
	put_head(fd, "200 OK", "image/png", setup->picture_len);
	for (at = 0; at < setup->picture_len; at += PIECE) {
		size_t left = setup->picture_len - at;

		if (put(fd, setup->picture + at, left < PIECE ? left : PIECE) !=
			0)
			return;
		nanosleep(&pause, NULL);
	}
}

static void serve(int fd, const struct demo_setup *setup)
{
	char request[1024];
	ssize_t n = recv(fd, request, sizeof request - 1, 0);

	request[n > 0 ? n : 0] = '\0';
	if (strncmp(request, "GET " PICTURE " ", strlen(PICTURE) + 5) == 0) {
		put_picture(fd, setup);
	} else if (strncmp(request, "GET / ", 6) == 0) {
		put_head(fd, "200 OK", "text/html", sizeof page - 1);
		(void)put(fd, page, sizeof page - 1);
	} else {
		put_head(fd, "404 Not Found", "text/plain", 0);
	}
}

int demo_web(const struct demo_setup *setup, int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			return 1;
		if (fd < 0)
			continue;
		serve(fd, setup);
		close(fd);
	}
}

static int dial(uint16_t port)
{
	const struct timeval patience = {5, 0};
	struct sdesp_addr to;
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 ||
		sdesp_posix_parse_addr(&to, "127.0.0.1", port) != SDESP_OK)
		return fd;
	len = sdesp_udp_to_sockaddr(&ss, &to, 4);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		    sizeof patience) != 0 ||
		connect(fd, (const struct sockaddr *)&ss, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One request; what follows the head of a 200 comes to body, at most cap
 * octets, and piece is told of its growth. How much; 0: failed. */
static size_t get(uint16_t port, const char *path, uint8_t *body, size_t cap,
	void (*piece)(void *ctx, size_t len), void *ctx)
{
	char head[512];
	size_t len = 0, all, start;
	const char *end = NULL, *length;
	unsigned long wanted = 0;
	int fd = dial(port);
	ssize_t n = 1;

	if (fd < 0)
		return 0;
	len = (size_t)snprintf(head, sizeof head,
		"GET %s HTTP/1.0\r\nHost: camera\r\n\r\n", path);
	if (put(fd, head, len) != 0)
		n = 0;
	for (len = 0; n > 0 && end == NULL && len < sizeof head - 1;) {
		n = recv(fd, head + len, sizeof head - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		head[len] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	length = end != NULL ? strstr(head, "Content-Length: ") : NULL;
	if (length == NULL || strncmp(head, "HTTP/1.0 200 ", 13) != 0 ||
		sscanf(length, "Content-Length: %lu", &wanted) != 1 ||
		wanted > cap) {
		close(fd);
		return 0;
	}
	start = (size_t)(end - head) + 4;
	all = len - start < wanted ? len - start : wanted;
	memcpy(body, head + start, all);
	while (all < wanted) {
		n = recv(fd, body + all, wanted - all, 0);
		if (n <= 0)
			break;
		all += (size_t)n;
		if (piece != NULL)
			piece(ctx, all);
	}
	close(fd);
	return all == wanted ? all : 0;
}

size_t demo_fetch(uint8_t picture[DEMO_PICTURE_MAX], uint16_t port,
	void (*piece)(void *ctx, size_t len), void *ctx)
{
	char text[512];
	size_t len =
		get(port, "/", (uint8_t *)text, sizeof text - 1, NULL, NULL);

	text[len] = '\0';
	if (strstr(text, "src=\"" PICTURE "\"") == NULL) {
		note("demo: the camera's page did not come");
		return 0;
	}
	len = get(port, PICTURE, picture, DEMO_PICTURE_MAX, piece, ctx);
	if (len == 0)
		note("demo: the picture did not come whole");
	return len;
}
