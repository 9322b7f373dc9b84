/* SPDX-License-Identifier: MIT */
#include "probe/others.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <webcodecs/budget.h>

#include "common/printable.h"

static void read_command(int32_t pid, char *command, size_t size)
{
	char path[32];
	FILE *file;

	command[0] = '\0';
	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(command, (int)size, file))
		command[strcspn(command, "\n")] = '\0';
	fclose(file);
	printable(command, false);
}

/* The same one may be seen in several ways, and several times: the largest number is kept. */
static void add(struct others *others, int32_t pid, unsigned contexts)
{
	struct other *other;

	if (pid == getpid() || contexts == 0)
		return;
	for (unsigned i = 0; i < others->count; i++) {
		other = &others->list[i];
		if (other->pid != pid)
			continue;
		other->contexts = contexts > other->contexts ? contexts : other->contexts;
		return;
	}
	if (others->count == OTHERS_MAX)
		return;
	other = &others->list[others->count++];
	*other = (struct other) { .pid = pid, .contexts = contexts };
	if (pid)
		read_command(pid, other->command, sizeof other->command);
}

/* ---- who has the node open ------------------------------------------------------------------- */

/* Following the links of /proc opens nothing. */
static unsigned count_open(int proc, const char *pid, dev_t device)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	unsigned n = 0;
	DIR *dir;
	int fd;

	snprintf(path, sizeof path, "%.20s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir)))
		if (fstatat(fd, entry->d_name, &st, 0) == 0 && S_ISCHR(st.st_mode) &&
		    st.st_rdev == device)
			n++;
	closedir(dir);
	return n;
}

static void look_at_processes(struct others *others, const char *node)
{
	struct dirent *entry;
	struct stat st;
	DIR *proc;

	if (stat(node, &st) < 0 || !S_ISCHR(st.st_mode))
		return;
	proc = opendir("/proc");
	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			add(others, (int32_t)strtol(entry->d_name, NULL, 10),
			    count_open(dirfd(proc), entry->d_name, st.st_rdev));
	closedir(proc);
}

/* ---- who holds contexts ---------------------------------------------------------------------- */

static void add_holders(struct others *others, const struct wc_holder *holders, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		unsigned contexts = 0;

		for (uint32_t j = 0; j < count; j++)
			contexts += holders[j].pid == holders[i].pid;
		add(others, holders[i].pid, contexts);
	}
}

static bool is_ours(const struct wc_usage *usage)
{
	for (uint32_t i = 0; i < usage->holder_count; i++)
		if (usage->holders[i].pid == getpid())
			return true;
	return false;
}

static void look_at_slots(struct others *others, struct wc_context *context)
{
	struct wc_usage_list *list;

	if (wc_usage_list_new(context, &list) < 0)
		return;
	for (size_t i = 0; i < wc_usage_list_get_count(list); i++) {
		const struct wc_usage *usage = wc_usage_list_get(list, i);

		if (is_ours(usage))
			add_holders(others, usage->holders, usage->holder_count);
	}
	wc_usage_list_destroy(list);
}

void others_look(struct others *others, struct wc_context *context, const char *node,
		 const struct wc_error *error)
{
	uint32_t listed = error ? error->holder_count : 0;

	look_at_processes(others, node);
	look_at_slots(others, context);
	if (listed > WC_ERROR_MAX_HOLDERS)
		listed = WC_ERROR_MAX_HOLDERS;
	if (error)
		add_holders(others, error->holders, listed);
}
