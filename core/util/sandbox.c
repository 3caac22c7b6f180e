#include <config.h>

#include "sandbox.h"

#include "capability.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
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

enum { NR_CREATE = 444, NR_ADD = 445, NR_RESTRICT = 446, RULE_PATH = 1 };
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

static bool
landlock (const struct sandbox *s)
{
  long version = syscall (NR_CREATE, NULL, 0, 1);
  if (version < 1)
    return false;
  uint64_t change = ACCESS_WRITE_FILE | ACCESS_CHANGES;
  change |= (version >= 2 ? ACCESS_REFER : 0) | (version >= 3 ? ACCESS_TRUNCATE : 0);
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

/* ---- seccomp ---- */

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#endif

#if defined ARCH && !defined KK_SANITIZED

enum { X32 = 0x40000000, MAX_RULES = 260 };

/* Other processes, the machine's own settings, ways around this filter. */
static const uint32_t never[] = {
  SYS_ptrace,
  SYS_process_vm_readv,
  SYS_process_vm_writev,
  SYS_pidfd_getfd,
  SYS_mount,
  SYS_umount2,
  SYS_pivot_root,
  SYS_chroot,
  SYS_unshare,
  SYS_setns,
  SYS_move_mount,
  SYS_open_tree,
  SYS_fsopen,
  SYS_fsmount,
  SYS_fsconfig,
  SYS_fspick,
  SYS_reboot,
  SYS_kexec_load,
  SYS_kexec_file_load,
  SYS_init_module,
  SYS_finit_module,
  SYS_delete_module,
  SYS_swapon,
  SYS_swapoff,
  SYS_bpf,
  SYS_perf_event_open,
  SYS_userfaultfd,
  SYS_add_key,
  SYS_request_key,
  SYS_keyctl,
  SYS_io_uring_setup,
  SYS_io_uring_enter,
  SYS_io_uring_register,
  SYS_open_by_handle_at,
  SYS_settimeofday,
  SYS_clock_settime,
  SYS_sethostname,
  SYS_setdomainname,
  SYS_quotactl,
  SYS_acct,
  SYS_personality,
  SYS_syslog,
  SYS_vhangup,
#ifdef SYS_mount_setattr
  SYS_mount_setattr,
#endif
#ifdef SYS_iopl
  SYS_iopl,
  SYS_ioperm,
  SYS_modify_ldt,
#endif
};

/* New programs and processes, and what only those that start them need. */
static const uint32_t of_processes[] = {
  SYS_execve,  SYS_execveat, SYS_pidfd_open,      SYS_pidfd_send_signal, SYS_setsid,
  SYS_setpgid, SYS_tkill,    SYS_rt_sigqueueinfo, SYS_adjtimex,          SYS_clock_adjtime,
#ifdef SYS_fork
  SYS_fork,    SYS_vfork,
#endif
};

/* What landlock does not see, or not before Linux 6.2: an owner's changes, and root owns most there is. */
static const uint32_t of_owners[] = {
  SYS_fchmod,     SYS_fchmodat,      SYS_fchown,       SYS_fchownat,     SYS_setxattr, SYS_lsetxattr,
  SYS_fsetxattr,  SYS_removexattr,   SYS_lremovexattr, SYS_fremovexattr, SYS_truncate,
#ifdef SYS_chmod
  SYS_chmod,      SYS_chown,         SYS_lchown,
#endif
#ifdef SYS_fchmodat2
  SYS_fchmodat2,
#endif
#ifdef SYS_setxattrat
  SYS_setxattrat, SYS_removexattrat,
#endif
};

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

struct program {
  struct sock_filter code[MAX_RULES];
  unsigned short n;
};

static void
add (struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
  p->code[p->n++] = (struct sock_filter){.code = code, .k = k, .jt = yes, .jf = no};
}

static void
load (struct program *p, size_t offset)
{
  add (p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void
answer (struct program *p, uint32_t what)
{
  add (p, BPF_RET | BPF_K, what, 0, 0);
}

static void
refuse (struct program *p, uint32_t call, uint32_t error)
{
  add (p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
  answer (p, SECCOMP_RET_ERRNO | error);
}

/* By the first argument: the call is fine when it is `value`, or when it is not. The number is in the accumulator before and
 * after. */
static void
refuse_by_first (struct program *p, uint32_t call, uint32_t value, bool fine)
{
  add (p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
  load (p, offsetof (struct seccomp_data, args[0]));
  add (p, BPF_JMP | BPF_JEQ | BPF_K, value, fine, !fine);
  answer (p, SECCOMP_RET_ERRNO | EPERM);
  load (p, offsetof (struct seccomp_data, nr));
}

static void
refuse_all (struct program *p, const uint32_t *calls, size_t n)
{
  for (size_t i = 0; i < n; i++)
    refuse (p, calls[i], EPERM);
}

/* The call is fine when it has, or has not, one of these flags. */
static void
refuse_by_flags (struct program *p, uint32_t call, uint32_t flags, bool wanted)
{
  add (p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
  load (p, offsetof (struct seccomp_data, args[0]));
  add (p, BPF_JMP | BPF_JSET | BPF_K, flags, wanted, !wanted);
  answer (p, SECCOMP_RET_ERRNO | EPERM);
  load (p, offsetof (struct seccomp_data, nr));
}

static void
add_rules (struct program *p, const struct sandbox *s)
{
  uint32_t self = (uint32_t) getpid (), parent = (uint32_t) getppid ();
  load (p, offsetof (struct seccomp_data, arch));
  add (p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
  answer (p, SECCOMP_RET_KILL_PROCESS);
  load (p, offsetof (struct seccomp_data, nr));
#ifdef __x86_64__
  add (p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
  answer (p, SECCOMP_RET_KILL_PROCESS);
#endif
  refuse_all (p, never, sizeof never / sizeof *never);
  refuse (p, SYS_clone3, ENOSYS); /* its flags cannot be seen; the C library goes on with clone */
  if (s->programs) {
    refuse_by_flags (p, SYS_clone, NAMESPACES, false);
    /* Landlock keeps signals from others, but not before Linux 6.12. */
    refuse_by_first (p, SYS_kill, (uint32_t) -1, false);
    refuse_by_first (p, SYS_kill, parent, false);
    refuse_by_first (p, SYS_kill, -parent, false);
  } else {
    refuse_all (p, of_processes, sizeof of_processes / sizeof *of_processes);
    refuse_by_flags (p, SYS_clone, CLONE_THREAD, true);
    refuse_by_first (p, SYS_kill, self, true);
    refuse_by_first (p, SYS_tgkill, self, true);
    refuse_by_first (p, SYS_rt_tgsigqueueinfo, self, true);
  }
  refuse_by_first (p, SYS_prlimit64, 0, true);
  if (!s->modes)
    refuse_all (p, of_owners, sizeof of_owners / sizeof *of_owners);
  if (!s->network)
    refuse (p, SYS_socket, EPERM);
  answer (p, SECCOMP_RET_ALLOW);
}

static bool
filter_calls (const struct sandbox *s)
{
  struct program p = {.n = 0};
  add_rules (&p, s);
  struct sock_fprog program = {.len = p.n, .filter = p.code};
  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool
filter_calls (const struct sandbox *s)
{
  (void) s;
  return false;
}
#endif

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
  if (no_new && filter_calls (s))
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
