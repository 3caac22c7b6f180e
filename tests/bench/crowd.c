/* crowd IDLE TRACKED: so many processes that only sleep, and some among them by the name python3, which stands nowhere in the command
 * line that all of them have. Says "ready" when all are there; they end with it. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void
sleep_for_ever (bool tracked)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (tracked)
    prctl (PR_SET_NAME, "python3");
  for (;;)
    pause ();
}

int
main (int argc, char **argv)
{
  if (argc != 3) {
    fputs ("usage: crowd IDLE TRACKED\n", stderr);
    return 2;
  }
  long idle = strtol (argv[1], NULL, 10), tracked = strtol (argv[2], NULL, 10);
  for (long i = 0; i < idle + tracked; i++) {
    /* Spread among the others. */
    long before = i * tracked / (idle + tracked), after = (i + 1) * tracked / (idle + tracked);
    pid_t pid = fork ();
    if (pid == 0)
      sleep_for_ever (after > before);
    if (pid < 0) {
      fprintf (stderr, "crowd: %s after %ld processes\n", strerror (errno), i);
      return 1;
    }
  }
  puts ("ready");
  fflush (stdout);
  for (;;)
    pause ();
}
