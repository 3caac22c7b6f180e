/* Runs a fuzz target over its corpus, and over damaged copies of it, where there is no libFuzzer: `make check` on any machine.
 *
 * The corpus of fuzz-NAME is tests/fuzz/corpus/NAME; files and directories given as arguments are taken instead. The target runs
 * in a child, so that a crash or a hang is one failed test that names its input. KK_FUZZ_ROUNDS says how many damaged copies of
 * each file are tried; the damage is the same in every run. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { MOST_BYTES = 1 << 20, ROUNDS = 100, SECONDS = 60 };

/* What the child is at, for the parent to name when it dies. */
struct progress {
  char file[PATH_MAX];
  unsigned long files;
  unsigned long round;
};

static uint32_t
next_random (uint32_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static size_t
damage (uint8_t *data, size_t size, uint32_t *state)
{
  unsigned changes = 1 + next_random (state) % 4;

  while (changes-- > 0 && size > 0) {
    size_t at = next_random (state) % size, length = 1 + next_random (state) % 16;
    switch (next_random (state) % 5) {
    case 0:
      data[at] ^= (uint8_t) (1u << next_random (state) % 8);
      break;
    case 1:
      data[at] = (uint8_t) next_random (state);
      break;
    case 2:
      size = at;
      break;
    case 3: /* take a piece out */
      if (length > size - at)
        length = size - at;
      memmove (data + at, data + at + length, size - at - length);
      size -= length;
      break;
    default: /* say a piece twice; the buffer has room for one more size */
      if (length > size - at)
        length = size - at;
      memmove (data + at + length, data + at, size - at);
      size += length;
    }
  }
  return size;
}

/* Gives the target a block of exactly its size, so that sanitizers and valgrind see a read past the end. */
static void
run_input (const uint8_t *data, size_t size)
{
  uint8_t *exact = malloc (size ? size : 1);

  if (!exact)
    _exit (3);
  memcpy (exact, data, size);
  LLVMFuzzerTestOneInput (exact, size);
  free (exact);
}

static int
run_file (const char *path, unsigned long rounds, struct progress *p)
{
  uint8_t *data = malloc (MOST_BYTES), *work = malloc (MOST_BYTES + 4096);
  FILE *f = fopen (path, "r");
  size_t size;
  uint32_t state;

  if (!data || !work || !f) {
    fprintf (stderr, "# %s: %s\n", path, strerror (errno));
    free (data);
    free (work);
    if (f)
      fclose (f);
    return -1;
  }
  size = fread (data, 1, MOST_BYTES, f);
  fclose (f);
  snprintf (p->file, sizeof p->file, "%s", path);
  p->round = 0;
  alarm (SECONDS);
  run_input (data, size);
  state = 2463534242u ^ (uint32_t) size;
  for (p->round = 1; p->round <= rounds; p->round++) {
    memcpy (work, data, size);
    run_input (work, damage (work, size, &state));
  }
  alarm (0);
  p->files++;
  free (data);
  free (work);
  return 0;
}

static int
run_path (const char *path, unsigned long rounds, struct progress *p)
{
  struct dirent **names;
  struct stat st;
  int n, r = 0;

  if (stat (path, &st) == 0 && !S_ISDIR (st.st_mode))
    return run_file (path, rounds, p);
  n = scandir (path, &names, NULL, alphasort);
  if (n < 0) {
    fprintf (stderr, "# %s: %s\n", path, strerror (errno));
    return -1;
  }
  for (int i = 0; i < n; i++) {
    char file[PATH_MAX];
    int length = snprintf (file, sizeof file, "%s/%s", path, names[i]->d_name);
    if (names[i]->d_name[0] != '.' && length > 0 && (size_t) length < sizeof file && run_file (file, rounds, p) < 0)
      r = -1;
    free (names[i]);
  }
  free (names);
  return r;
}

static void
child (int argc, char **argv, const char *name, struct progress *p)
{
  const char *given = getenv ("KK_FUZZ_ROUNDS");
  unsigned long rounds = given ? strtoul (given, NULL, 10) : ROUNDS;
  char corpus[PATH_MAX];
  int r = 0;

  run_input ((const uint8_t *) "", 0);
  for (int i = 1; i < argc; i++)
    r |= run_path (argv[i], rounds, p);
  if (argc < 2) {
    snprintf (corpus, sizeof corpus, "%s/fuzz/corpus/%s", TEST_DIR, name);
    r = run_path (corpus, rounds, p);
  }
  exit (r == 0 && p->files > 0 ? 0 : 2);
}

int
main (int argc, char **argv)
{
  const char *name = strrchr (argv[0], '/') ? strrchr (argv[0], '/') + 1 : argv[0];
  struct progress *p = mmap (NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int status = 0;
  pid_t pid;

  if (strncmp (name, "lt-", 3) == 0)
    name += 3;
  if (strncmp (name, "fuzz-", 5) == 0)
    name += 5;
  printf ("1..1\n");
  fflush (stdout);
  pid = p == MAP_FAILED ? -1 : fork ();
  if (pid == 0)
    child (argc, argv, name, p);
  if (pid < 0 || waitpid (pid, &status, 0) != pid) {
    printf ("not ok 1 - %s: %s\n", name, strerror (errno));
    return 1;
  }
  if (status == 0) {
    printf ("ok 1 - %s: %lu files\n", name, p->files);
    return 0;
  }
  printf ("not ok 1 - %s: %s%s%s\n", name, p->files || p->file[0] ? "failed at " : "no corpus", p->file,
          WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM ? " (hung)" : "");
  printf ("# damaged copy %lu, status 0x%x\n", p->round, (unsigned) status);
  return 1;
}
