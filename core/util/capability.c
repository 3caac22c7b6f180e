#include "capability.h"

#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SYSLOG = 34, AMBIENT = 47, AMBIENT_RAISE = 2, AMBIENT_CLEAR_ALL = 4 };

/* Those with which one could undo the rest of what holds a process in are not among them. */
static const struct {
  const char *name;
  int number;
} known[] = {{"dac_override", CAP_DAC_OVERRIDE},
             {"dac_read_search", CAP_DAC_READ_SEARCH},
             {"net_admin", CAP_NET_ADMIN},
             {"net_raw", CAP_NET_RAW},
             {"sys_ptrace", CAP_SYS_PTRACE},
             {"sys_rawio", CAP_SYS_RAWIO},
             {"syslog", SYSLOG}};

bool
capability_find (const char *name, uint64_t *ret)
{
  if (!strncasecmp (name, "CAP_", 4))
    name += 4;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcasecmp (name, known[i].name)) {
      *ret = UINT64_C (1) << known[i].number;
      return true;
    }
  return false;
}

void
capability_names (struct buf *b, uint64_t set)
{
  bool some = false;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (set >> known[i].number & 1) {
      buf_printf (b, "%s%s", some ? ", " : "", known[i].name);
      some = true;
    }
}

struct sets {
  uint64_t effective, permitted, inheritable;
};

static bool
get_sets (struct sets *ret)
{
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall (SYS_capget, &head, data))
    return false;
  *ret = (struct sets){.effective = data[0].effective | (uint64_t) data[1].effective << 32,
                       .permitted = data[0].permitted | (uint64_t) data[1].permitted << 32,
                       .inheritable = data[0].inheritable | (uint64_t) data[1].inheritable << 32};
  return true;
}

static bool
set_sets (uint64_t set, uint64_t inheritable)
{
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  uint32_t low = (uint32_t) set, high = (uint32_t) (set >> 32);
  const struct __user_cap_data_struct data[2] = {
    {.effective = low, .permitted = low, .inheritable = (uint32_t) inheritable},
    {.effective = high, .permitted = high, .inheritable = (uint32_t) (inheritable >> 32)}};
  return syscall (SYS_capset, &head, data) == 0;
}

bool
capability_keep (uint64_t keep, bool programs, uint64_t *ret_kept)
{
  struct sets s;
  if (!get_sets (&s))
    return false;
  prctl (AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int i = 0; i < 64 && prctl (PR_CAPBSET_READ, i) >= 0; i++)
    if (!(keep >> i & 1)) /* without CAP_SETPCAP it stays: no_new_privs keeps programs from getting it back */
      prctl (PR_CAPBSET_DROP, i);
  keep &= s.permitted;
  if (ret_kept)
    *ret_kept = keep;
  uint64_t inheritable = programs ? keep : 0;
  if (!set_sets (keep, inheritable) || !get_sets (&s))
    return false;
  for (int i = 0; i < 64; i++)
    if (inheritable >> i & 1)
      prctl (AMBIENT, AMBIENT_RAISE, i, 0, 0);
  return !((s.effective | s.permitted) & ~keep) && !(s.inheritable & ~inheritable);
}
