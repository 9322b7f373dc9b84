/* SPDX-License-Identifier: MIT */
/*
 * visible CODED_WIDTH CODED_HEIGHT WIDTH HEIGHT: I420 pictures from standard input to standard
 * output, of each the upper left part. Other programs write pictures with the driver's padding.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct plane {
	size_t width, height;          /* coded */
	size_t columns, rows;          /* visible */
};

static bool pass_plane(const struct plane *plane, char *row)
{
	for (size_t y = 0; y < plane->height; y++) {
		if (fread(row, 1, plane->width, stdin) != plane->width)
			return false;
		if (y < plane->rows && fwrite(row, 1, plane->columns, stdout) != plane->columns)
			return false;
	}
	return true;
}

static bool pass_pictures(const struct plane planes[3], char *row)
{
	int c;

	while ((c = getchar()) != EOF) {
		ungetc(c, stdin);
		for (int i = 0; i < 3; i++)
			if (!pass_plane(&planes[i], row))
				return false;
	}
	return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
	size_t v[4] = { 0 };
	bool good = argc == 5;
	char *row;

	for (int i = 0; good && i < 4; i++)
		v[i] = strtoul(argv[i + 1], NULL, 10);
	if (!good || v[2] > v[0] || v[3] > v[1]) {
		fputs("usage: visible CODED_WIDTH CODED_HEIGHT WIDTH HEIGHT\n", stderr);
		return EXIT_FAILURE;
	}
	struct plane luma = { v[0], v[1], v[2], v[3] };
	struct plane chroma = { (v[0] + 1) / 2, (v[1] + 1) / 2, (v[2] + 1) / 2, (v[3] + 1) / 2 };

	row = malloc(v[0] + 1);
	good = row && pass_pictures((struct plane[]) { luma, chroma, chroma }, row);
	free(row);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
