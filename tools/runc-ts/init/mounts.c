/*
 * Mounts by descriptor: a file system or a copy of a tree is made detached, gets its attributes while nobody can see it, and is
 * attached to a target that was resolved below the root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "context.h"

static bool is_procfs(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * A mount over /proc itself must be a procfs, and below it only the listed files may be covered: otherwise an image could show
 * the runtime a /proc of its own making (CVE-2015-3631, CVE-2019-16884). The kernel tells where the target really is.
 */
static int guard_proc(struct context *c, int target, bool procfs)
{
	char link[32], path[PATH_MAX];
	snprintf(link, sizeof(link), "self/fd/%d", target);
	ssize_t length = readlinkat(c->proc, link, path, sizeof(path) - 1);
	if (length < 0)
		return -1;
	path[length] = 0;
	size_t root = strlen(c->root_path);
	if (strncmp(path, c->root_path, root) != 0 || (path[root] != '/' && path[root] != 0)) {
		errno = EXDEV;
		return explain(c, "\"%s\" is outside of the root file system", path);
	}
	const char *inside = path + root;
	if (*inside == 0) {
		errno = EBUSY;
		return explain(c, "cannot cover the root file system itself");
	}
	if (strcmp(inside, "/proc") == 0 && !procfs) {
		errno = EPERM;
		return explain(c, "\"/proc\" cannot be mounted because it is not of type proc");
	}
	if (strncmp(inside, "/proc/", 6) != 0)
		return 0;
	for (uint32_t i = 0; i < c->proc_allowed.count; i++)
		if (strcmp(inside, c->proc_allowed.items[i]) == 0)
			return 0;
	errno = EPERM;
	return explain(c, "\"%s\" cannot be mounted because it is inside /proc", inside);
}

static int set_attributes(int tree, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
	struct mount_attr attributes = { .attr_set = set, .attr_clr = clear, .propagation = propagation };
	if (set == 0 && clear == 0 && propagation == 0)
		return 0;
	return mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes, sizeof(attributes));
}

/* What the file system itself says went wrong, such as an option that it does not know. */
static int explain_fs(struct context *c, int fs, const char *option)
{
	char text[256];
	int saved = errno;
	ssize_t length = read(fs, text, sizeof(text) - 1);
	errno = saved;
	while (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 2 && text[1] == ' ')
		return explain(c, "%.*s", (int)(length - 2), text + 2);
	return option == NULL ? -1 : explain(c, "option \"%s\"", option);
}

static int configure(struct context *c, int fs, char *option)
{
	int result;
	char *equals = strchr(option, '=');
	if (equals == NULL) {
		result = fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	} else {
		*equals = 0;
		result = fsconfig(fs, FSCONFIG_SET_STRING, option, equals + 1, 0);
		*equals = '=';
	}
	return result < 0 ? explain_fs(c, fs, option) : 0;
}

static int make_fs(struct context *c, const struct step_mount_fs *s)
{
	autoclose int fs = fsopen(s->type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	if (*s->source != 0 && fsconfig(fs, FSCONFIG_SET_STRING, "source", s->source, 0) < 0)
		return explain_fs(c, fs, s->source);
	for (uint32_t i = 0; i < s->options.count; i++)
		if (configure(c, fs, s->options.items[i]) < 0)
			return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return explain_fs(c, fs, NULL);
	int tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)s->attributes);
	return tree < 0 ? explain_fs(c, fs, NULL) : tree;
}

int step_mount_fs(struct context *c, const struct step_mount_fs *s)
{
	autoclose int tree = make_fs(c, s);
	if (tree < 0)
		return -1;
	autoclose int target = resolve_or_make(c, s->target, NODE_DIRECTORY);
	if (target < 0)
		return -1;
	if (s->real_directory) {
		/* a link here would put the masks of /proc and /sys somewhere else (CVE-2019-19921) */
		autoclose int real = resolve(c, s->target, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
		struct stat a, b;
		if (real < 0 || fstat(real, &a) < 0 || fstat(target, &b) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev) {
			errno = ENOTDIR;
			return explain(c, "filesystem \"%s\" must be mounted on ordinary directory", s->type);
		}
	}
	if (guard_proc(c, target, is_procfs(tree)) < 0 || attach(tree, target) < 0)
		return -1;
	return set_attributes(tree, 0, 0, s->propagation, s->propagation_recursive);
}

int step_mount_bind(struct context *c, const struct step_mount_bind *s)
{
	struct stat source;
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (s->recursive ? AT_RECURSIVE : 0);
	autoclose int tree = open_tree(AT_FDCWD, s->source, flags);
	if (tree < 0 || fstat(tree, &source) < 0)
		return explain(c, "source \"%s\"", s->source);
	autoclose int target = resolve_or_make(c, s->target, S_ISDIR(source.st_mode) ? NODE_DIRECTORY : NODE_FILE);
	if (target < 0)
		return explain(c, "target \"%s\"", s->target);
	if (guard_proc(c, target, is_procfs(tree)) < 0)
		return -1;
	if (set_attributes(tree, s->set, s->clear, 0, false) < 0 ||
	    set_attributes(tree, s->recursive_set, s->recursive_clear, 0, true) < 0)
		return -1;
	if (attach(tree, target) < 0)
		return -1;
	return set_attributes(tree, 0, 0, s->propagation, s->propagation_recursive);
}

int step_readonly_path(struct context *c, const struct step_readonly_path *s)
{
	autoclose int target = resolve(c, s->path, O_PATH, 0);
	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	autoclose int tree = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return -1;
	if (set_attributes(tree, MOUNT_ATTR_RDONLY, 0, 0, false) < 0)
		return -1;
	return attach(tree, target);
}

/* One tmpfs serves every masked folder: a superblock for each would cost too much on machines with many CPUs. */
static int empty_folder(struct context *c)
{
	if (c->mask >= 0)
		return open_tree(c->mask, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	int tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	/* clones are made from an attached mount: older kernels refuse those of a detached one */
	c->mask = tree < 0 ? -1 : fcntl(tree, F_DUPFD_CLOEXEC, 3);
	return tree;
}

static bool is_null_device(int fd)
{
	struct stat node;
	return fstat(fd, &node) == 0 && S_ISCHR(node.st_mode) && node.st_rdev == makedev(1, 3);
}

/*
 * The container's /dev/null if that is what it claims to be, else the host's: an image may have put a link in its place, which
 * would lay something else open instead of covering it (CVE-2025-31133).
 */
static int null_device(struct context *c)
{
	autoclose int own = resolve(c, "dev/null", O_PATH | O_NOFOLLOW, 0);
	bool genuine = own >= 0 && is_null_device(own);
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int tree = genuine ? open_tree(own, "", flags | AT_EMPTY_PATH) : open_tree(AT_FDCWD, "/dev/null", flags);
	if (tree < 0 || is_null_device(tree))
		return tree;
	close(tree);
	errno = ENODEV;
	return explain(c, "/dev/null is not the null device");
}

int step_mask_path(struct context *c, const struct step_mask_path *s)
{
	struct stat node;
	autoclose int target = resolve(c, s->path, O_PATH, 0);
	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(target, &node) < 0)
		return -1;
	autoclose int tree = S_ISDIR(node.st_mode) ? empty_folder(c) : null_device(c);
	if (tree < 0)
		return -1;
	return attach(tree, target);
}
