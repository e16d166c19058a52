/* What the process may do: keyring, ids, capabilities, descriptors, seccomp. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "context.h"

int step_keyring(struct context *c, const struct step_keyring *s)
{
	long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, s->name);
	/* a host without keyrings, or one whose seccomp filter forbids them, has nothing to keep apart */
	if (key < 0)
		return errno == ENOSYS || errno == EPERM ? 0 : -1;
	unsigned char description[256];
	long length = syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, description, sizeof(description) - 1);
	if (length < 0 || (size_t)length >= sizeof(description))
		return explain(c, "describe the session keyring");
	/* "type;uid;gid;permissions in hex;name" */
	uint32_t permissions = 0;
	int field = 0;
	for (long i = 0; i < length && field < 4; i++) {
		unsigned char at = description[i];
		if (at == ';')
			field++;
		else if (field == 3)
			permissions = permissions << 4 | (uint32_t)(at <= '9' ? at - '0' : (at | 32) - 'a' + 10);
	}
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions | s->permissions) < 0)
		return explain(c, "set the session keyring's permissions");
	return 0;
}

int step_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

int step_bounding(const struct step_bounding *s)
{
	for (unsigned long capability = 0; capability < 64; capability++) {
		if (s->mask >> capability & 1)
			continue;
		int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
		/* beyond the kernel's last one */
		if (held < 0)
			return errno == EINVAL ? 0 : -1;
		if (held == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -1;
	}
	return 0;
}

/* The user must be able to reopen its terminal and pipes; /dev/null and what is read-only stay as they are. */
static int give_stdio(uid_t uid)
{
	struct stat node;
	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &node) < 0) {
			if (errno == EBADF)
				continue;
			return -1;
		}
		if (node.st_uid == uid || (S_ISCHR(node.st_mode) && node.st_rdev == makedev(1, 3)))
			continue;
		if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
			return -1;
	}
	return 0;
}

/*
 * A folder outside of the mount namespace's root reads as "(unreachable)…": the container would hold a way out (CVE-2024-21626).
 * The system call itself, because the C library hides the difference.
 */
static int verify_cwd(struct context *c)
{
	char path[PATH_MAX];
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return explain(c, "current working directory is outside of container mount namespace root -- possible "
				  "container breakout detected");
	if (path[0] == '/')
		return 0;
	errno = EPERM;
	return explain(c, "current working directory is outside of container mount namespace root -- possible container "
			  "breakout detected");
}

int step_user(struct context *c, const struct step_user *s)
{
	/* root may reach a folder that the user cannot, and the other way round on a network file system */
	bool inside = *s->cwd == 0 || chdir(s->cwd) == 0;
	if (!inside && errno != EACCES && errno != EPERM)
		return explain(c, "chdir to cwd (\"%s\") set in config.json failed", s->cwd);
	if (give_stdio(s->uid) < 0)
		return explain(c, "give stdio to the user");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -1;
	if (setgroups(s->groups.count, s->groups.items) < 0)
		return explain(c, "setgroups");
	if (setresgid(s->gid, s->gid, s->gid) < 0)
		return explain(c, "setgid");
	if (setresuid(s->uid, s->uid, s->uid) < 0)
		return explain(c, "setuid");
	if (!inside && chdir(s->cwd) < 0)
		return explain(c, "chdir to cwd (\"%s\") set in config.json failed", s->cwd);
	return verify_cwd(c);
}

int step_capabilities(const struct step_capabilities *s)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)(s->effective >> 32 * half);
		data[half].permitted = (uint32_t)(s->permitted >> 32 * half);
		data[half].inheritable = (uint32_t)(s->inheritable >> 32 * half);
	}
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 || syscall(SYS_capset, &header, data) < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	for (unsigned long capability = 0; capability < 64; capability++)
		if (s->ambient >> capability & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return -1;
	return 0;
}

int step_close_from(const struct step_close_from *s)
{
	for (uint32_t fd = 3; fd < s->first; fd++)
		if (fcntl((int)fd, F_SETFD, 0) < 0)
			return -1;
	return close_range(s->first, ~0u, CLOSE_RANGE_CLOEXEC);
}

/* Never through a /proc that the container can reach: the write would go where an image wants it (CVE-2019-16884, -2025-52881). */
int step_security_label(struct context *c, const struct step_security_label *s)
{
	char path[256];
	for (uint32_t i = 0; i < s->files.count; i++) {
		snprintf(path, sizeof(path), "self/attr/%s", s->files.items[i]);
		autoclose int fd = openat(c->proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || write(fd, s->value, strlen(s->value)) < 0)
			return explain(c, "%s", s->value);
		return 0;
	}
	errno = ENOENT;
	return -1;
}

int step_seccomp(const struct step_seccomp *s)
{
	struct sock_fprog program = {
		.len = (unsigned short)(s->filter.length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)s->filter.data,
	};
	if (s->filter.length % sizeof(struct sock_filter) != 0 || s->filter.length / sizeof(struct sock_filter) > BPF_MAXINSNS) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, s->flags, &program);
}
