/*
 * The demo's image is this one static program. It says where it is from the inside, ticks a few times so that live output
 * can be seen, and ends with a status of its own.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  char host[65] = "";
  gethostname(host, sizeof(host));
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("Hello from inside: I am process %d of host %s, user %d.\n", getpid(), host, (int)getuid());
  for (int tick = 1; tick <= 3; tick++) {
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    printf("tick %d\n", tick);
  }
  puts("Goodbye.");
  return 0;
}
