/*
 * A plain main for the harnesses: runs every file that is named, or that lies
 * in a folder that is named, and fails when there is none. For machines
 * without libFuzzer. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <string.h>

#include "fuzz/fuzz.h"

static unsigned long ran;

static uint8_t *grow(uint8_t *data, size_t size)
{
	uint8_t *bigger = realloc(data, size);

	if (bigger == NULL) {
		free(data);
		exit(1);
	}
	return bigger;
}

static void run_file(const char *path)
{
	size_t cap = 4096, len = 0, n;
	uint8_t *data = grow(NULL, cap), *exact;
	FILE *file = fopen(path, "rb");

	while (file != NULL &&
		(n = fread(data + len, 1, cap - len, file)) > 0) {
		len += n;
		if (len == cap)
			data = grow(data, cap *= 2);
	}
	if (file == NULL || ferror(file)) {
		perror(path);
		exit(1);
	}
	fclose(file);

	/* Exactly as long as the input, for the sanitizers to watch. */
	exact = grow(NULL, len > 0 ? len : 1);
	memcpy(exact, data, len);
	free(data);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	ran++;
}

static void run_folder(DIR *folder, const char *path)
{
	const struct dirent *entry;
	char name[4096];

	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		run_file(name);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder == NULL) {
			run_file(argv[i]);
		} else {
			run_folder(folder, argv[i]);
			closedir(folder);
		}
	}
	printf("%s: %lu inputs\n", argc > 0 ? argv[0] : "fuzz", ran);
	return ran == 0;
}
