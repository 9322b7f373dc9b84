/* SPDX-License-Identifier: MIT */
#include "top/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>

#include "common/interrupt.h"
#include "top/lines.h"
#include "top/table.h"
#include "util/clock.h"

#define PERIOD INT64_C(1000000)

static const char footer[] = " q quit   up/down, page up/down: scroll";

struct screen {
	SCREEN *terminal;
	const struct place *place;
	bool utf8;
	struct lines lines;
	size_t first;            /* of the lines that scroll, at the top */
	int64_t next;            /* when to look again, microseconds of CLOCK_MONOTONIC */
	bool quits;
};

/* ---- drawing --------------------------------------------------------------------------------- */

static attr_t attributes_of(enum line_style style)
{
	switch (style) {
	case LINE_DEVICE:
	case LINE_ALARM:
		return A_BOLD;
	case LINE_HEADING:
		return A_REVERSE;
	case LINE_PLAIN:
		break;
	}
	return A_NORMAL;
}

/* Bytes of a text that fit in as many columns. */
static int bytes_within(const char *text, int columns)
{
	mbstate_t state = { 0 };
	const char *end = text;
	wchar_t character;

	while (*end) {
		size_t n = mbrtowc(&character, end, MB_CUR_MAX, &state);

		if (n == (size_t)-1 || n == (size_t)-2)
			break;
		columns -= wcwidth(character);
		if (columns < 0)
			break;
		end += n;
	}
	return (int)(end - text);
}

static void draw_line(int row, const char *text, enum line_style style)
{
	attrset((int)attributes_of(style));
	move(row, 0);
	if (style == LINE_HEADING)
		hline(' ' | A_REVERSE, COLS);
	addnstr(text, bytes_within(text, COLS));
	attrset((int)A_NORMAL);
}

/* Lines that do not scroll: none where they would leave little room for the others. */
static size_t fixed_rows(const struct screen *screen)
{
	return (size_t)LINES > 2 * screen->lines.n_fixed ? screen->lines.n_fixed : 0;
}

/* Rows for lines that scroll, between those that do not and the footer. */
static size_t rows_for_lines(const struct screen *screen)
{
	return LINES > 1 ? (size_t)LINES - 1 - fixed_rows(screen) : 1;
}

static void limit_scrolling(struct screen *screen)
{
	size_t scrolling = screen->lines.count - fixed_rows(screen);
	size_t rows = rows_for_lines(screen);
	size_t last = scrolling > rows ? scrolling - rows : 0;

	if (screen->first > last)
		screen->first = last;
}

static void draw(struct screen *screen)
{
	const struct lines *lines = &screen->lines;
	size_t rows = rows_for_lines(screen), fixed = fixed_rows(screen);
	int row = 0;

	limit_scrolling(screen);
	erase();
	for (size_t i = 0; i < fixed; i++)
		draw_line(row++, lines->items[i].text, lines->items[i].style);
	for (size_t i = fixed + screen->first; i < lines->count && rows > 0; i++, rows--)
		draw_line(row++, lines->items[i].text, lines->items[i].style);
	if (LINES > 1)
		draw_line(LINES - 1, footer, LINE_PLAIN);
	refresh();
}

/* ---- what is drawn --------------------------------------------------------------------------- */

/*
 * Files are opened anew each time. Who keeps one open may look at a file that was removed and made
 * again, or at one whose owner or mode is no longer right, and would have to check all of that by
 * name each second; opening is that check, and costs some microseconds a device.
 */
static int look(struct screen *screen, struct failure *failure)
{
	struct snapshot snapshot;

	if (snapshot_take(&snapshot, screen->place, failure) < 0)
		return -1;
	lines_finish(&screen->lines);
	table_format(&snapshot, screen->utf8, &screen->lines);
	snapshot_finish(&snapshot);
	screen->next = clock_now() + PERIOD;
	return screen->lines.failed ? failure_set_errno(failure, "table", ENOMEM) : 0;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void scroll_up(struct screen *screen, size_t n)
{
	screen->first -= n < screen->first ? n : screen->first;
}

/* draw() keeps it within what there is. */
static void handle_key(struct screen *screen, int key)
{
	size_t page = rows_for_lines(screen);

	switch (key) {
	case 'q':
	case 'Q':
		screen->quits = true;
		break;
	case KEY_UP:
	case 'k':
		scroll_up(screen, 1);
		break;
	case KEY_DOWN:
	case 'j':
		screen->first++;
		break;
	case KEY_PPAGE:
		scroll_up(screen, page);
		break;
	case KEY_NPAGE:
	case ' ':
		screen->first += page;
		break;
	case KEY_HOME:
		screen->first = 0;
		break;
	default:   /* KEY_RESIZE among them: drawing is all that is to do */
		break;
	}
}

/*
 * Wait for keys, a signal or the next second. Not with ncurses' own waiting: that cannot tell a
 * terminal that went away from one on which nobody types.
 */
static void wait_for_keys(struct screen *screen)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = screen->next - clock_now();
	int n = poll(&in, 1, left > 0 ? (int)(left / 1000 + 1) : 0), key;

	if (n > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL)))
		screen->quits = true;
	/* Also after a signal: ncurses tells of a new size by a key. */
	while (!screen->quits && (key = getch()) != ERR)
		handle_key(screen, key);
	if (interrupt_signal())
		screen->quits = true;
}

/* ---- the terminal ---------------------------------------------------------------------------- */

static int open_terminal(struct screen *screen, struct failure *failure)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return failure_set(failure, "there is no terminal; try --once");
	screen->terminal = newterm(NULL, stdout, stdin);
	if (!screen->terminal)
		return failure_set(failure, "the terminal '%s' is not known; try --once",
				   name ? name : "");
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	return 0;
}

static void close_terminal(struct screen *screen)
{
	endwin();
	delscreen(screen->terminal);
}

int screen_run(const struct place *place, bool utf8, struct failure *failure)
{
	struct screen screen = { .place = place, .utf8 = utf8 };
	int ret;

	/* A directory that cannot be read is told without a flash of the screen. */
	if (look(&screen, failure) < 0 || open_terminal(&screen, failure) < 0) {
		lines_finish(&screen.lines);
		return -1;
	}
	interrupt_catch();
	do {
		ret = clock_now() >= screen.next ? look(&screen, failure) : 0;
		if (ret < 0)
			break;
		draw(&screen);
		wait_for_keys(&screen);
	} while (!screen.quits);
	close_terminal(&screen);
	lines_finish(&screen.lines);
	return ret;
}
