/*
 * The container's init: reads a plan from a socket and carries it out, step by step. It decides nothing; src/plan does.
 *
 * It runs as two processes. The launcher, a child of the runtime, does what must happen outside (joining cgroups and existing
 * namespaces) and clones the second with CLONE_PARENT, so that this one is the runtime's own child and, when the runtime ends,
 * its subreaper's. The clone carries out the rest of the plan and becomes the container's process by exec.
 *
 *     runtime ── plan ──▶ launcher ── clone(CLONE_PARENT) ──▶ container's process
 *     runtime ◀── pid ─── launcher ── exit 0
 *     runtime ◀── sync ── container's process ◀── one byte ── runtime       (hooks)
 *     runtime ◀── ready or failed ── container's process
 *
 * Arguments: the socket's descriptor; or `--parse`, which reads a plan from stdin and does no more (for the fuzz test).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "context.h"

void close_fd(const int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

int explain(struct context *c, const char *format, ...)
{
	va_list arguments;
	int saved = errno;
	va_start(arguments, format);
	vsnprintf(c->detail, sizeof(c->detail), format, arguments);
	va_end(arguments);
	errno = saved;
	return -1;
}

int send_message(struct context *c, enum message_kind kind, int value, const char *text, size_t length)
{
	uint32_t header[4] = { (uint32_t)kind, (uint32_t)c->index, (uint32_t)value, (uint32_t)length };
	struct iovec parts[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	return sendmsg(c->channel, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Tells the runtime, or, when it has hung up, whoever reads the container's stderr. Does not return. */
static _Noreturn void fail(struct context *c)
{
	int number = errno;
	const char *meaning = number == 0 ? "" : strerror(number);
	if (c->channel < 0) {
		char lower = (char)(*meaning | 32);
		dprintf(2, "%s%s%c%s\n", c->detail, *c->detail == 0 ? "" : ": ", lower, *meaning == 0 ? "" : meaning + 1);
		_exit(255);
	}
	size_t detail = strlen(c->detail);
	char text[sizeof(c->detail) + 256];
	memcpy(text, c->detail, detail + 1);
	size_t rest = strnlen(meaning, 255);
	memcpy(text + detail + 1, meaning, rest);
	send_message(c, MESSAGE_FAILED, number, text, detail + 1 + rest);
	_exit(1);
}

static int write_file(const struct step_write_file *s)
{
	autoclose int fd = open(s->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	return write(fd, s->value, strlen(s->value)) < 0 ? -1 : 0;
}

static int enter(const struct step_setns *s)
{
	if (s->fd >= 0)
		return setns(s->fd, (int)s->types);
	autoclose int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : setns(fd, (int)s->types);
}

/*
 * Forks without the C library's handlers. A cgroup v2 is joined by being born there (CLONE_INTO_CGROUP, Linux 5.7): moving a process
 * into it makes the kernel wait for all CPUs, which takes longer than all the rest.
 */
static int open_birth_cgroup(struct context *c, const struct step_birth_cgroup *s)
{
	c->cgroup = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->cgroup < 0 ? -1 : 0;
}

/* The launcher reports the pid and ends here. */
static int clone_init(struct context *c, const struct step_clone *s)
{
	/* with CLONE_PARENT the exit signal is that of this process: SIGCHLD */
	struct clone_args arguments = { .flags = s->flags | CLONE_PARENT };
	if (c->cgroup >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)c->cgroup;
	}
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid < 0)
		return -1;
	if (c->cgroup >= 0)
		close(c->cgroup);
	if (pid == 0)
		return 0;
	_exit(send_message(c, MESSAGE_PID, (int)pid, NULL, 0) < 0 ? 1 : 0);
}

static int wait_for_runtime(struct context *c)
{
	char answer;
	if (send_message(c, MESSAGE_SYNC, 0, NULL, 0) < 0)
		return -1;
	ssize_t got;
	do
		got = read(c->channel, &answer, 1);
	while (got < 0 && errno == EINTR);
	/* the runtime has given up */
	if (got != 1)
		_exit(1);
	return 0;
}

static int limit(const struct step_rlimit *s)
{
	struct rlimit value = { .rlim_cur = s->soft, .rlim_max = s->hard };
	return setrlimit(s->resource, &value);
}

static int carry_out(struct context *c, const struct step *s)
{
	switch ((enum operation)s->op) {
	case OP_WRITE_FILE: return write_file(&s->u.write_file);
	case OP_SETNS: return enter(&s->u.setns);
	case OP_CLONE: return clone_init(c, &s->u.clone);
	case OP_BIRTH_CGROUP: return open_birth_cgroup(c, &s->u.birth_cgroup);
	case OP_UNSHARE: return unshare((int)s->u.unshare.flags);
	case OP_DIRECTORY: return step_directory(c, &s->u.directory);
	case OP_SETSID: return setsid() < 0 ? -1 : 0;
	case OP_KEYRING: return step_keyring(c, &s->u.keyring);
	case OP_LOOPBACK: return step_loopback();
	case OP_PROPAGATION: return step_propagation(&s->u.propagation);
	case OP_ROOT: return step_root(c, &s->u.root);
	case OP_PROC_GUARD: c->proc_allowed = s->u.proc_guard.allowed; return 0;
	case OP_MOUNT_FS: return step_mount_fs(c, &s->u.mount_fs);
	case OP_MOUNT_BIND: return step_mount_bind(c, &s->u.mount_bind);
	case OP_REMOUNT: return step_remount(c, &s->u.remount);
	case OP_DEVICE: return step_device(c, &s->u.device);
	case OP_SYMLINK: return step_symlink(c, &s->u.symlink);
	case OP_SYSCTL: return step_sysctl(c, &s->u.sysctl);
	case OP_READONLY_PATH: return step_readonly_path(c, &s->u.readonly_path);
	case OP_MASK_PATH: return step_mask_path(c, &s->u.mask_path);
	case OP_SYNC: return wait_for_runtime(c);
	case OP_HOOK: return step_hook(c, &s->u.hook);
	case OP_CONSOLE: return step_console(c, &s->u.console);
	case OP_PIVOT: return step_pivot(c, &s->u.pivot);
	case OP_HOSTNAME: return sethostname(s->u.hostname.name, strlen(s->u.hostname.name));
	case OP_DOMAINNAME: return setdomainname(s->u.domainname.name, strlen(s->u.domainname.name));
	case OP_RLIMIT: return limit(&s->u.rlimit);
	case OP_SCHEDULER: return (int)syscall(SYS_sched_setattr, 0, s->u.scheduler.attributes.data, 0);
	/* 1: IOPRIO_WHO_PROCESS */
	case OP_IO_PRIORITY: return (int)syscall(SYS_ioprio_set, 1, 0, s->u.io_priority.value);
	case OP_PERSONALITY: return personality(s->u.personality.value) < 0 ? -1 : 0;
	case OP_UMASK: umask(s->u.umask.mask); return 0;
	case OP_NO_NEW_PRIVILEGES: return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	case OP_BOUNDING: return step_bounding(&s->u.bounding);
	case OP_USER: return step_user(c, &s->u.user);
	case OP_CAPABILITIES: return step_capabilities(&s->u.capabilities);
	case OP_LOOKUP: return step_lookup(c, &s->u.lookup);
	case OP_SECCOMP: return step_seccomp(&s->u.seccomp);
	case OP_READY: return send_message(c, MESSAGE_READY, 0, NULL, 0);
	case OP_WAIT_START: return step_wait_start(c, &s->u.wait_start);
	case OP_CLOSE_FROM: return step_close_from(&s->u.close_from);
	case OP_SECURITY_LABEL: return step_security_label(c, &s->u.security_label);
	case OP_EXEC: return step_exec(c, &s->u.exec);
	}
	errno = EPROTO;
	return -1;
}

/* Nothing that the runtime had open or ignored may reach the container (CVE-2024-21626). */
static int leave_runtime_behind(struct context *c)
{
	sigset_t none;
	struct statfs fs;
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return explain(c, "close_range");
	/* before any namespace is entered: what is in there must not look into this process (CVE-2016-9962) */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	for (int number = 1; number < 65; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0);
	c->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->proc < 0 || fstatfs(c->proc, &fs) < 0)
		return explain(c, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC) {
		errno = ENODEV;
		return explain(c, "/proc is not a procfs");
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct context c = { .channel = -1, .proc = -1, .root = -1, .cgroup = -1, .mask = -1, .root_path = "", .index = -1 };
	static struct plan plan;
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "--parse") == 0)
		return plan_read(0, &plan) < 0 ? 1 : 0;
	c.channel = atoi(argv[1]);
	c.plan = &plan;
	if (leave_runtime_behind(&c) < 0)
		fail(&c);
	if (plan_read(c.channel, &plan) < 0) {
		explain(&c, "read the plan");
		fail(&c);
	}
	for (c.index = 0; c.index < plan.count; c.index++) {
		c.detail[0] = 0;
		if (carry_out(&c, &plan.steps[c.index]) < 0)
			fail(&c);
	}
	/* a plan ends in exec */
	errno = EPROTO;
	fail(&c);
}
