/*
 * The container's terminal. It is opened in the container's own devpts, so that its name means something there; every node is
 * checked before it is used, because an image or a volume can put anything in its place (CVE-2025-52565).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "context.h"

static int open_master(struct context *c)
{
	static const char *const names[] = { "dev/pts/ptmx", "dev/ptmx" };
	struct stat node;
	for (size_t i = 0; i < 2; i++) {
		int fd = resolve(c, names[i], O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
		if (fd < 0) {
			if (errno == ENOENT || errno == ENOTDIR || errno == EIO)
				continue;
			return explain(c, "open \"/%s\"", names[i]);
		}
		if (fstat(fd, &node) == 0 && S_ISCHR(node.st_mode) && node.st_rdev == makedev(5, 2)) {
			int flags = fcntl(fd, F_GETFL);
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
			return fd;
		}
		close(fd);
		errno = ENODEV;
		return explain(c, "\"/%s\" is not the pseudo terminal multiplexer", names[i]);
	}
	errno = ENOENT;
	return explain(c, "open \"/dev/ptmx\"");
}

static int open_slave(struct context *c, int master)
{
	struct statfs fs;
	int unlocked = 0;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return -1;
	/* by its master, never by a path */
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -1;
	if (fstatfs(slave, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC) {
		close(slave);
		errno = ENODEV;
		return explain(c, "the pseudo terminal is not in a devpts");
	}
	return slave;
}

/* /dev/console of the container becomes the slave; a link in its place is refused. */
static int mount_console(struct context *c, int slave)
{
	const char *base;
	autoclose int parent = resolve_parent(c, "dev/console", &base);
	if (parent < 0)
		return explain(c, "open \"/dev\"");
	int made = openat(parent, base, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (made >= 0)
		close(made);
	else if (errno != EEXIST && errno != EROFS)
		return explain(c, "make \"/dev/console\"");
	autoclose int target = openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat node;
	if (target < 0 || fstat(target, &node) < 0)
		return explain(c, "open \"/dev/console\"");
	if (!S_ISREG(node.st_mode) && !S_ISCHR(node.st_mode)) {
		errno = ELOOP;
		return explain(c, "\"/dev/console\" is neither a file nor a device");
	}
	autoclose int tree = open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 || attach(tree, target) < 0)
		return explain(c, "mount the terminal on \"/dev/console\"");
	return 0;
}

static int send_master(int socket, int master)
{
	static char name[] = "/dev/ptmx";
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec text = { .iov_base = name, .iov_len = sizeof(name) - 1 };
	struct msghdr message = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};
	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &master, sizeof(int));
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int step_console(struct context *c, const struct step_console *s)
{
	autoclose int master = open_master(c);
	if (master < 0)
		return -1;
	autoclose int slave = open_slave(c, master);
	if (slave < 0)
		return -1;
	if (s->rows != 0 && s->columns != 0) {
		struct winsize size = { .ws_row = (unsigned short)s->rows, .ws_col = (unsigned short)s->columns };
		if (ioctl(master, TIOCSWINSZ, &size) < 0)
			return -1;
	}
	if (s->mount && mount_console(c, slave) < 0)
		return -1;
	if (send_master(s->socket, master) < 0)
		return explain(c, "send the terminal over the console socket");
	close(s->socket);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return -1;
	return ioctl(0, TIOCSCTTY, 0);
}
