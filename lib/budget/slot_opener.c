/* SPDX-License-Identifier: MIT */
/*
 * Who has a lock, asked of /proc: F_OFD_GETLK has no pid to give. /proc/PID/fdinfo/FD lists the
 * locks of that very open file description, so a child that inherited it is found as well.
 */
#include "budget/slot_file.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Does not ask a server whether the file is still there: that may take for ever. */
static bool is_same_file(int fd_dir, const char *name, const struct stat *wanted)
{
	struct statx st;

	return statx(fd_dir, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 &&
	       st.stx_ino == wanted->st_ino &&
	       makedev(st.stx_dev_major, st.stx_dev_minor) == wanted->st_dev;
}

/* A line looks like "lock: 1: OFDLCK ADVISORY WRITE -1 00:1b:1234 5 5", the last two are bytes. */
static bool line_has_lock(const char *line, long long byte)
{
	long long first, last;
	char end[24];
	int n;

	n = sscanf(line, "lock: %*s %*s %*s %*s %*s %*s %lld %23s", &first, end);
	if (n != 2)
		return false;
	last = strcmp(end, "EOF") == 0 ? LLONG_MAX : strtoll(end, NULL, 10);
	return byte >= first && byte <= last;
}

static bool has_lock(int pid_dir, const char *name, long long byte)
{
	char path[32], line[200];
	bool found = false;
	FILE *info;
	int fd;

	snprintf(path, sizeof path, "fdinfo/%.16s", name);
	fd = openat(pid_dir, path, O_RDONLY | O_CLOEXEC);
	info = fd < 0 ? NULL : fdopen(fd, "r");
	if (!info) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && fgets(line, sizeof line, info))
		found = line_has_lock(line, byte);
	fclose(info);
	return found;
}

static bool search_descriptors(int pid_dir, const struct stat *wanted, long long byte)
{
	int fd = openat(pid_dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir)))
		found = isdigit((unsigned char)entry->d_name[0]) &&
			is_same_file(dirfd(dir), entry->d_name, wanted) &&
			has_lock(pid_dir, entry->d_name, byte);
	closedir(dir);
	return found;
}

static bool search_process(int proc_dir, const char *pid, const struct stat *wanted,
			   long long byte)
{
	int fd = openat(proc_dir, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return false;
	found = search_descriptors(fd, wanted, byte);
	close(fd);
	return found;
}

pid_t slot_file_find_opener(const struct slot_file *file, unsigned index)
{
	struct dirent *entry;
	struct stat wanted;
	pid_t found = 0;
	DIR *proc;

	if (fstat(file->fd, &wanted) < 0)
		return 0;
	proc = opendir("/proc");
	if (!proc)
		return 0;
	while (!found && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    search_process(dirfd(proc), entry->d_name, &wanted, (long long)index + 1))
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	closedir(proc);
	return found;
}
