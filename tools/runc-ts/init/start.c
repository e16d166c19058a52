/* The last moments: hooks in the container, finding the executable, waiting for start, exec. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "context.h"

static void run_hook(const struct step_hook *s, int input)
{
	dup2(input, 0);
	close_range(3, ~0u, 0);
	execve(s->path, s->argv.items, s->env.items);
	_exit(127);
}

static int write_state(const struct step_hook *s, int fd)
{
	char state[16384];
	int length = snprintf(state, sizeof(state), "%s%d%s", s->state_head, (int)getpid(), s->state_tail);
	if (length < 0 || (size_t)length >= sizeof(state)) {
		errno = E2BIG;
		return -1;
	}
	/* it fits the pipe's buffer, so a hook that does not read blocks nobody; one that has closed its stdin is no error */
	return write(fd, state, (size_t)length) < 0 && errno != EPIPE ? -1 : 0;
}

static int wait_hook(struct context *c, const struct step_hook *s, pid_t child)
{
	int status;
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd event = { .fd = pidfd, .events = POLLIN };
	int ready = pidfd < 0 ? -1 : poll(&event, 1, s->timeout_ms == 0 ? -1 : (int)s->timeout_ms);
	if (ready <= 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (ready <= 0) {
		errno = ETIMEDOUT;
		return explain(c, "hook \"%s\"", s->path);
	}
	if (status == 0)
		return 0;
	/* 0: the text says it all */
	errno = 0;
	if (WIFSIGNALED(status))
		return explain(c, "hook \"%s\": signal %d", s->path, WTERMSIG(status));
	return explain(c, "hook \"%s\": exit status %d", s->path, WEXITSTATUS(status));
}

int step_hook(struct context *c, const struct step_hook *s)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	autoclose int input = ends[0];
	autoclose int output = ends[1];
	fcntl(output, F_SETPIPE_SZ, 65536);
	/* SIGPIPE would end the init, a SIGCHLD left as the parent had it would eat the status */
	signal(SIGPIPE, SIG_IGN);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGPIPE, SIG_DFL);
		run_hook(s, input);
	}
	int written = child < 0 ? -1 : write_state(s, output);
	int saved = errno;
	close(output);
	output = -1;
	signal(SIGPIPE, SIG_DFL);
	if (child < 0)
		return -1;
	if (written < 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		errno = saved;
		return -1;
	}
	return wait_hook(c, s, child);
}

static bool is_executable(const char *path)
{
	struct stat node;
	if (stat(path, &node) < 0)
		return false;
	if (S_ISDIR(node.st_mode)) {
		errno = EISDIR;
		return false;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

int step_lookup(struct context *c, const struct step_lookup *s)
{
	struct stat node;
	if (s->directories.count == 0) {
		c->executable = s->file;
		if (is_executable(s->file))
			return 0;
		int saved = errno;
		bool missing = stat(s->file, &node) < 0;
		errno = saved;
		return missing ? explain(c, "stat %s", s->file) : -1;
	}
	for (uint32_t i = 0; i < s->directories.count; i++) {
		const char *folder = *s->directories.items[i] == 0 ? "." : s->directories.items[i];
		size_t size = sizeof(c->executable_buffer);
		if ((size_t)snprintf(c->executable_buffer, size, "%s/%s", folder, s->file) >= size)
			continue;
		c->executable = c->executable_buffer;
		if (is_executable(c->executable))
			return 0;
	}
	errno = ENOENT;
	return -1;
}

int step_wait_start(struct context *c, const struct step_wait_start *s)
{
	char link[32];
	/* the runtime has what it needs; from here on nobody listens */
	close(c->channel);
	c->channel = -1;
	snprintf(link, sizeof(link), "self/fd/%d", s->fifo);
	int fifo;
	do
		fifo = openat(c->proc, link, O_WRONLY | O_CLOEXEC);
	while (fifo < 0 && errno == EINTR);
	if (fifo < 0)
		return explain(c, "open the start FIFO");
	ssize_t written = write(fifo, "0", 1);
	close(fifo);
	close(s->fifo);
	close(c->proc);
	c->proc = -1;
	return written == 1 ? 0 : -1;
}

int step_exec(struct context *c, const struct step_exec *s)
{
	execve(c->executable, s->argv.items, s->env.items);
	return explain(c, "exec %s", c->executable);
}
