#include <config.h>

#include "sandbox.h"

#include "calls.h"
#include "capability.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FILES = 256 };
/* Address space beyond the memory that may be written: libraries, reserves of malloc, shared memory. Programs may be anything,
 * and a Java machine reserves more than 1 GiB. */
#define ADDRESS_RESERVE (UINT64_C (1) << 30)
#define PROGRAM_RESERVE (UINT64_C (4) << 30)

/* ---- Limits ---- */

static bool
limit (int what, uint64_t most)
{
  struct rlimit now;
  if (getrlimit ((__rlimit_resource_t) what, &now))
    return false;
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
    most = now.rlim_max;
  struct rlimit r = {.rlim_cur = most, .rlim_max = most};
  return setrlimit ((__rlimit_resource_t) what, &r) == 0;
}

/* No limit of processes: it counts all of the user's, and threads too. Where there are to be none seccomp forbids new ones. */
static bool
limit_all (const struct sandbox *s)
{
  bool ok = limit (RLIMIT_CORE, 0) && limit (RLIMIT_NOFILE, MAX_FILES);
#ifndef KK_SANITIZED /* a sanitizer reserves terabytes */
  uint64_t reserve = s->programs ? PROGRAM_RESERVE : ADDRESS_RESERVE;
  ok = limit (RLIMIT_DATA, s->memory_limit) && limit (RLIMIT_AS, s->memory_limit + reserve) && ok;
#else
  (void) s;
#endif
  return ok;
}

/* ---- Landlock ---- Its header may be older than the kernel that runs. */

struct ruleset {
  uint64_t files, network, scoped;
};
struct path_rule {
  uint64_t allowed;
  int32_t parent;
} __attribute__ ((packed));

enum { NR_CREATE = 444, NR_ADD = 445, NR_RESTRICT = 446, RULE_PATH = 1, SEES_TRUNCATION = 3 };
#define ACCESS_EXECUTE    (UINT64_C (1) << 0)
#define ACCESS_WRITE_FILE (UINT64_C (1) << 1)
#define ACCESS_CHANGES    (UINT64_C (0x1ff0)) /* remove and make: bits 4 to 12 */
#define ACCESS_REFER      (UINT64_C (1) << 13)
#define ACCESS_TRUNCATE   (UINT64_C (1) << 14)

static bool
allow_path (int ruleset, const char *path, uint64_t access)
{
  struct path_rule rule = {.allowed = access, .parent = open (path, O_PATH | O_CLOEXEC)};
  if (rule.parent < 0)
    return false;
  bool ok = !syscall (NR_ADD, ruleset, RULE_PATH, &rule, 0);
  if (!ok && errno == EINVAL) { /* a file: what is for directories does not fit */
    rule.allowed &= ACCESS_WRITE_FILE | ACCESS_TRUNCATE;
    ok = !syscall (NR_ADD, ruleset, RULE_PATH, &rule, 0);
  }
  close (rule.parent);
  return ok;
}

static long
landlock_version (void)
{
  return syscall (NR_CREATE, NULL, 0, 1);
}

static bool
landlock (const struct sandbox *s)
{
  long version = landlock_version ();
  if (version < 1)
    return false;
  uint64_t change = ACCESS_WRITE_FILE | ACCESS_CHANGES;
  change |= (version >= 2 ? ACCESS_REFER : 0) | (version >= SEES_TRUNCATION ? ACCESS_TRUNCATE : 0);
  struct ruleset r = {.files = change | (s->programs ? 0 : ACCESS_EXECUTE)};
  r.network = version >= 4 && !s->network ? 3 : 0; /* bind and connect of TCP */
  r.scoped = version >= 6 ? 3 : 0;                 /* abstract sockets of others, signals to others */
  size_t size = version >= 6 ? sizeof r : version >= 4 ? 2 * sizeof (uint64_t) : sizeof (uint64_t);
  int ruleset = (int) syscall (NR_CREATE, &r, size, 0);
  if (ruleset < 0)
    return false;
  allow_path (ruleset, "/dev/null", ACCESS_WRITE_FILE);
  for (size_t i = 0; i < s->n_write; i++)
    allow_path (ruleset, s->write[i], change);
  bool ok = !syscall (NR_RESTRICT, ruleset, 0);
  close (ruleset);
  return ok;
}

uint32_t
sandbox_enter (const struct sandbox *s, uint64_t *ret_kept)
{
  uint32_t done = 0;
  *ret_kept = 0;
  bool no_new = prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#ifndef KK_SANITIZED /* its leak check looks into its own process */
  prctl (PR_SET_DUMPABLE, 0);
#endif
  if (limit_all (s))
    done |= CONFINED_LIMITS;
  if (no_new && landlock (s))
    done |= CONFINED_LANDLOCK;
  if (capability_keep (s->capabilities, s->programs, ret_kept)) /* after landlock, for which paths are opened */
    done |= CONFINED_CAPABILITIES;
  if (no_new && calls_refuse (s, landlock_version () >= SEES_TRUNCATION))
    done |= CONFINED_SECCOMP;
  return done;
}

void
sandbox_say (uint32_t confined, char *to, size_t size)
{
  static const char *const names[] = {"seccomp", "landlock", "limits", "capabilities"};
  char there[80] = "", lacking[80] = "";
  for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *text = confined & 1u << i ? there : lacking;
    snprintf (text + strlen (text), 40, "%s%s", *text ? ", " : "", names[i]);
  }
  snprintf (to, size, "held in by %s%s%s", *there ? there : "nothing", *lacking ? "; not there: " : "", lacking);
}

void
sandbox_close_from (int first)
{
#ifdef SYS_close_range
  if (!syscall (SYS_close_range, first, ~0u, 0))
    return;
#endif
  DIR *dir = opendir ("/proc/self/fd");
  for (struct dirent *e; dir && (e = readdir (dir));) {
    int fd = atoi (e->d_name);
    if (fd >= first && fd != dirfd (dir))
      close (fd);
  }
  if (dir)
    closedir (dir);
}
