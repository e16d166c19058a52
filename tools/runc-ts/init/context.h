/*
 * What the steps share. A step returns 0, or -1 with errno set; `explain` adds what was being done, which the runtime prints
 * before the meaning of errno.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#include <limits.h>
#include <unistd.h>

#include "plan.gen.h"

struct context {
	int channel;        /* socket to the runtime; -1 once hung up */
	int proc;           /* a procfs that nobody in the container can reach */
	int root;           /* the container's / */
	int cgroup;         /* the clone is born in this cgroup v2; -1: in the launcher's */
	int mask;           /* the read-only tmpfs that covers masked folders; -1 before the first */
	const char *root_path;
	struct plan_strs proc_allowed;
	const char *executable; /* as argv[0] resolves */
	char executable_buffer[PATH_MAX];
	char detail[PATH_MAX + 256];
	const struct plan *plan;
	int index; /* of the step under way */
};

/* Closes a descriptor at the end of its scope, errno kept. */
void close_fd(const int *fd);
#define autoclose __attribute__((cleanup(close_fd)))

int explain(struct context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

int send_message(struct context *c, enum message_kind kind, int value, const char *text, size_t length);

/* rootfs.c */
int step_propagation(const struct step_propagation *s);
int step_root(struct context *c, const struct step_root *s);
int step_remount(struct context *c, const struct step_remount *s);
int step_directory(struct context *c, const struct step_directory *s);
int step_device(struct context *c, const struct step_device *s);
int step_symlink(struct context *c, const struct step_symlink *s);
int step_sysctl(struct context *c, const struct step_sysctl *s);
int step_pivot(struct context *c, const struct step_pivot *s);

/* mounts.c */
int step_mount_fs(struct context *c, const struct step_mount_fs *s);
int step_mount_bind(struct context *c, const struct step_mount_bind *s);
int step_readonly_path(struct context *c, const struct step_readonly_path *s);
int step_mask_path(struct context *c, const struct step_mask_path *s);

/* resolve.c: paths below c->root; links are followed as a process in the container would follow them */
enum node_kind { NODE_DIRECTORY, NODE_FILE };
int resolve(struct context *c, const char *path, uint64_t flags, uint64_t extra);
int resolve_or_make(struct context *c, const char *path, enum node_kind kind);
int resolve_parent(struct context *c, const char *path, const char **base);
int attach(int tree, int target);

/* console.c */
int step_console(struct context *c, const struct step_console *s);

/* process.c */
int step_keyring(struct context *c, const struct step_keyring *s);
int step_loopback(void);
int step_bounding(const struct step_bounding *s);
int step_user(struct context *c, const struct step_user *s);
int step_capabilities(const struct step_capabilities *s);
int step_close_from(const struct step_close_from *s);
int step_security_label(struct context *c, const struct step_security_label *s);
int step_seccomp(const struct step_seccomp *s);

/* start.c */
int step_hook(struct context *c, const struct step_hook *s);
int step_lookup(struct context *c, const struct step_lookup *s);
int step_wait_start(struct context *c, const struct step_wait_start *s);
int step_exec(struct context *c, const struct step_exec *s);

#endif
