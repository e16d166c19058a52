/*
 * Paths below the container's root. openat2(2) with RESOLVE_IN_ROOT makes the kernel treat the root folder as / for `..` and
 * absolute links, whatever a hostile image or a concurrent rename does; what it answers is a descriptor, and only descriptors
 * are used from then on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "context.h"

/* the kernel's own limit of links in one path */
#define MAX_LINKS 40
/* folders to be made for one path; bounds the recursion */
#define MAX_DEPTH 256

int resolve(struct context *c, const char *path, uint64_t flags, uint64_t extra)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | extra,
	};
	while (*path == '/')
		path++;
	/* EAGAIN: something was renamed while `..` was looked at */
	for (int tries = 0; tries < 128; tries++) {
		int fd = (int)syscall(SYS_openat2, c->root, *path == 0 ? "." : path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			return fd;
	}
	return -1;
}

/* Copies the folder part of path; base then points at the last name within path. */
static int split(const char *path, char folder[PATH_MAX], const char **base)
{
	size_t length = strlen(path);
	if (length >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	const char *slash = strrchr(path, '/');
	*base = slash == NULL ? path : slash + 1;
	if (**base == 0 || strcmp(*base, ".") == 0 || strcmp(*base, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	size_t folder_length = (size_t)(*base - path);
	memcpy(folder, path, folder_length);
	folder[folder_length] = 0;
	while (folder_length > 0 && folder[folder_length - 1] == '/')
		folder[--folder_length] = 0;
	return 0;
}

static int make(struct context *c, const char *path, enum node_kind kind, int links, int depth);

/* path exists as a dangling link: make what it points to */
static int make_link_target(struct context *c, int parent, const char *folder, const char *base, enum node_kind kind,
			    int links, int depth)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlinkat(parent, base, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = 0;
	if (links >= MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	const char *next = target;
	if (target[0] != '/') {
		if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", folder, target) >= sizeof(joined)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		next = joined;
	}
	return make(c, next, kind, links + 1, depth + 1);
}

static int make(struct context *c, const char *path, enum node_kind kind, int links, int depth)
{
	char folder[PATH_MAX];
	const char *base;
	int fd = resolve(c, path, O_PATH, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (depth > MAX_DEPTH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (split(path, folder, &base) < 0)
		return -1;
	autoclose int parent = make(c, folder, NODE_DIRECTORY, links, depth + 1);
	if (parent < 0)
		return -1;
	if (kind == NODE_DIRECTORY) {
		if (mkdirat(parent, base, 0755) == 0)
			return openat(parent, base, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	} else {
		autoclose int made = openat(parent, base, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
		if (made >= 0)
			return openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (errno != EEXIST)
		return -1;
	fd = make_link_target(c, parent, folder, base, kind, links, depth);
	/* EINVAL: no link; somebody else has made it meanwhile */
	return fd < 0 && errno == EINVAL ? resolve(c, path, O_PATH, 0) : fd;
}

int resolve_or_make(struct context *c, const char *path, enum node_kind kind)
{
	return make(c, path, kind, 0, 0);
}

int resolve_parent(struct context *c, const char *path, const char **base)
{
	char folder[PATH_MAX];
	if (split(path, folder, base) < 0)
		return -1;
	return resolve_or_make(c, folder, NODE_DIRECTORY);
}

int attach(int tree, int target)
{
	return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
