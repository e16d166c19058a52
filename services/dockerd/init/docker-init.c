/*
 * docker-init: pid 1 of a container that was started with --init.
 *
 *     /sbin/docker-init -- PROGRAM [ARGUMENT]...
 *
 * It starts the program, hands every signal on to it, reaps whatever is orphaned to it, and ends as the program ended (128 + N for
 * signal N, as shells say it). The same contract as tini's, without its options.
 *
 * The program gets a process group of its own, and the terminal if there is one: ^C then reaches the program's group alone, and this
 * process passes on only what was sent to it (tcsetpgrp(3), credentials(7)).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit codes of env(1) and shells for a program that cannot be started. */
enum { EXIT_USAGE = 1, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL_BASE = 128 };

static int fail(const char *what)
{
	fprintf(stderr, "docker-init: %s: %s\n", what, strerror(errno));
	return EXIT_USAGE;
}

/* Signals that mean a fault of this process, and those that the job control of a terminal sends to whoever touches it. */
static const int left_alone[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };

static void forwarded_signals(sigset_t *set)
{
	sigfillset(set);
	for (size_t index = 0; index < sizeof(left_alone) / sizeof(left_alone[0]); index++)
		sigdelset(set, left_alone[index]);
}

static int become_program(char *const argv[], const sigset_t *inherited)
{
	/* Without a terminal tcsetpgrp fails, which is fine; with one it must not be stopped for asking. */
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, inherited, NULL);
	execvp(argv[0], argv);
	int error = errno;
	fprintf(stderr, "docker-init: exec %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* Reaps all that has ended; the program's own end is told by 1 and *code. */
static int reap(pid_t program, int *code)
{
	int ended = 0;
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			return ended;
		if (pid != program)
			continue;
		*code = WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
		ended = 1;
	}
}

int main(int argc, char *argv[])
{
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
	if (first >= argc) {
		fprintf(stderr, "usage: docker-init [--] PROGRAM [ARGUMENT]...\n");
		return EXIT_USAGE;
	}

	/* Blocked before the fork, so that none is lost between it and the first wait. */
	sigset_t signals, inherited;
	forwarded_signals(&signals);
	if (sigprocmask(SIG_SETMASK, &signals, &inherited) == -1)
		return fail("sigprocmask");

	pid_t program = fork();
	if (program == -1)
		return fail("fork");
	if (program == 0)
		return become_program(&argv[first], &inherited);

	for (;;) {
		int code;
		int number = sigwaitinfo(&signals, NULL);
		if (number == -1 && errno != EINTR)
			return fail("sigwaitinfo");
		if (number != SIGCHLD && number > 0) {
			kill(program, number);
			continue;
		}
		if (reap(program, &code))
			return code;
	}
}
