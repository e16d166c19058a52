/* The root file system as a whole: its mount, its devices and links, and becoming /. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "context.h"

int step_propagation(const struct step_propagation *s)
{
	return mount(NULL, "/", NULL, s->flags, NULL);
}

/* pivot_root(2) needs the mount that holds the root file system to be unshared; which one that is only trying tells. */
static int make_parent_private(struct context *c, const char *path)
{
	char at[PATH_MAX];
	if (strlen(path) >= sizeof(at)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at, path);
	for (;;) {
		if (mount(NULL, *at == 0 ? "/" : at, NULL, MS_PRIVATE, NULL) == 0)
			return 0;
		if (errno != EINVAL || *at == 0)
			return explain(c, "make the mount above \"%s\" private", path);
		*strrchr(at, '/') = 0;
	}
}

int step_root(struct context *c, const struct step_root *s)
{
	c->root_path = strcmp(s->path, "/") == 0 ? "" : s->path;
	if (s->bind) {
		if (make_parent_private(c, s->path) < 0)
			return -1;
		if (mount(s->path, s->path, NULL, MS_BIND | MS_REC, NULL) < 0)
			return -1;
	}
	c->root = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? -1 : 0;
}

int step_directory(struct context *c, const struct step_directory *s)
{
	autoclose int fd = resolve_or_make(c, s->path, NODE_DIRECTORY);
	return fd < 0 ? -1 : 0;
}

int step_remount(struct context *c, const struct step_remount *s)
{
	struct mount_attr attributes = { .attr_set = s->set, .attr_clr = s->clear };
	autoclose int target = resolve(c, s->target, O_PATH, 0);
	if (target < 0)
		return -1;
	return mount_setattr(target, "", AT_EMPTY_PATH, &attributes, sizeof(attributes));
}

/* Where mknod is not allowed (a user namespace, a mount with nodev), the host's own node is bound. */
static int bind_device(struct context *c, const struct step_device *s)
{
	struct stat node;
	autoclose int tree = open_tree(AT_FDCWD, s->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || fstat(tree, &node) < 0)
		return explain(c, "bind the host's \"%s\"", s->path);
	if ((node.st_mode & S_IFMT) != (s->mode & S_IFMT) || node.st_rdev != makedev(s->major, s->minor)) {
		errno = ENODEV;
		return explain(c, "the host's \"%s\" is another device", s->path);
	}
	autoclose int target = resolve_or_make(c, s->path, NODE_FILE);
	return target < 0 ? -1 : attach(tree, target);
}

int step_device(struct context *c, const struct step_device *s)
{
	const char *base;
	struct stat node;
	autoclose int parent = resolve_parent(c, s->path, &base);
	if (parent < 0)
		return -1;
	if (mknodat(parent, base, s->mode, makedev(s->major, s->minor)) < 0) {
		if (errno == EPERM)
			return bind_device(c, s);
		if (errno != EEXIST)
			return -1;
		/* a node that is the very device will do; anything else an image may have put there to mislead */
		if (fstatat(parent, base, &node, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		if ((node.st_mode & S_IFMT) != (s->mode & S_IFMT) || node.st_rdev != makedev(s->major, s->minor)) {
			errno = EEXIST;
			return explain(c, "something else is in its place");
		}
	}
	return fchownat(parent, base, s->uid, s->gid, AT_SYMLINK_NOFOLLOW);
}

int step_symlink(struct context *c, const struct step_symlink *s)
{
	const char *base;
	autoclose int parent = resolve_parent(c, s->path, &base);
	if (parent < 0)
		return -1;
	if (s->replace && unlinkat(parent, base, 0) < 0 && errno != ENOENT)
		return -1;
	return symlinkat(s->destination, parent, base) < 0 && (errno != EEXIST || s->replace) ? -1 : 0;
}

int step_sysctl(struct context *c, const struct step_sysctl *s)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "sys/%s", s->path) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	autoclose int fd = (int)syscall(SYS_openat2, c->proc, path, &how, sizeof(how));
	if (fd < 0)
		return -1;
	ssize_t written = write(fd, s->value, strlen(s->value));
	return written < 0 ? -1 : 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one, and taken off through its own descriptor. */
static int pivot(struct context *c)
{
	autoclose int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || fchdir(c->root) < 0)
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return explain(c, "pivot_root");
	if (fchdir(old) < 0)
		return -1;
	/* nothing that is unmounted here may vanish from the host */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return explain(c, "make the old root a slave");
	if (umount2(".", MNT_DETACH) < 0)
		return explain(c, "unmount the old root");
	return chdir("/");
}

/* The container's own /proc may be missing or a trap, and the host's must not stay within reach: a private one, pids only. */
static int private_proc(void)
{
	autoclose int fs = fsopen("proc", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	/* since Linux 5.8 */
	if (fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int step_pivot(struct context *c, const struct step_pivot *s)
{
	int proc = private_proc();
	if (proc < 0)
		return explain(c, "mount a private proc");
	close(c->proc);
	c->proc = proc;
	if (s->method == 1) {
		if (pivot(c) < 0)
			return -1;
	} else {
		if (fchdir(c->root) < 0)
			return -1;
		if (s->method == 2 && mount(".", "/", NULL, MS_MOVE, NULL) < 0)
			return explain(c, "move the root file system to /");
		if (chroot(".") < 0 || chdir("/") < 0)
			return -1;
	}
	/* nothing below the root is looked up any more: no descriptor that a path through /proc/self/fd could name */
	close(c->root);
	c->root = -1;
	if (c->mask >= 0)
		close(c->mask);
	c->mask = -1;
	return 0;
}
