/* SPDX-License-Identifier: MIT */
/*
 * Linked into wc-transcode: the tool once for each line of standard input. % in its arguments
 * stands for that line, its standard error goes to run.LINE.err, and "LINE STATUS" is printed when
 * it has ended. To find and relocate some hundred shared libraries takes a process ten times as
 * long as to refuse a file: here this happens once, and each run is a fork of what then begins
 * main().
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_RUNS 16
#define MAX_LINE 32
/* Seconds until a run is taken for a hang. */
#define LIMIT 60

static struct run {
	pid_t pid;			/* 0: free */
	char line[MAX_LINE];
} runs[MAX_RUNS];

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static struct run *find(pid_t pid)
{
	for (int i = 0; i < MAX_RUNS; i++)
		if (runs[i].pid == pid)
			return &runs[i];
	return NULL;
}

/* The status as a shell tells it. Returns false when nothing runs. */
static bool await_one(void)
{
	int status;
	pid_t pid = wait(&status);
	struct run *run = pid > 0 ? find(pid) : NULL;

	if (!run)
		return false;
	status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (dprintf(STDOUT_FILENO, "%s %d\n", run->line, status) < 0)
		die("dprintf");
	run->pid = 0;
	return true;
}

static char *substitute(char *argument, const char *line)
{
	char *at = strchr(argument, '%'), *made;

	if (!at)
		return argument;
	if (asprintf(&made, "%.*s%s%s", (int)(at - argument), argument, line, at + 1) < 0)
		die("asprintf");
	return made;
}

static void redirect(int fd, const char *path, int flags)
{
	int opened = open(path, flags | O_CLOEXEC, 0666);

	if (opened < 0 || dup2(opened, fd) < 0)
		die(path);
	close(opened);
}

/* What the child finds when main() begins. */
static void become(char **argv, const char *line)
{
	char errors[MAX_LINE + 16];

	for (int i = 1; argv[i]; i++)
		argv[i] = substitute(argv[i], line);
	snprintf(errors, sizeof errors, "run.%s.err", line);
	redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
	redirect(STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC);
	alarm(LIMIT);
}

__attribute__((constructor)) static void run_all(int argc, char **argv)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN), running = 0;
	char line[MAX_LINE];

	(void)argc;
	while (scanf("%31s", line) == 1) {
		struct run *run;

		if (running == processors || running == MAX_RUNS)
			running -= await_one();
		run = find(0);
		memcpy(run->line, line, sizeof line);
		run->pid = fork();
		if (run->pid < 0)
			die("fork");
		if (run->pid == 0) {
			become(argv, line);
			return;
		}
		running++;
	}
	while (await_one())
		;
	_exit(0);
}
