#include <config.h>

#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#endif

#if defined ARCH && !defined KK_SANITIZED

enum { X32 = 0x40000000, MAX_RULES = 320 };

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
  if (p->n < MAX_RULES)
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

/* By an argument: the call is fine when it is `value` (BPF_JEQ) or has one of its bits (BPF_JSET), or when not. The number is
 * in the accumulator before and after. */
static void
refuse_by (struct program *p, uint32_t call, size_t argument, uint16_t test, uint32_t value, bool fine)
{
  add (p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
  load (p, offsetof (struct seccomp_data, args) + argument * sizeof (uint64_t));
  add (p, BPF_JMP | test | BPF_K, value, fine, !fine);
  answer (p, SECCOMP_RET_ERRNO | EPERM);
  load (p, offsetof (struct seccomp_data, nr));
}

static void
refuse_by_first (struct program *p, uint32_t call, uint32_t value, bool fine)
{
  refuse_by (p, call, 0, BPF_JEQ, value, fine);
}

static void
refuse_all (struct program *p, const uint32_t *calls, size_t n)
{
  for (size_t i = 0; i < n; i++)
    refuse (p, calls[i], EPERM);
}

/* Landlock keeps signals from others, but not before Linux 6.12. What programs start is to leave their parent alone, by
 * whatever call; pidfd_send_signal takes also a directory of /proc, which has no number to see. */
static void
spare_parent (struct program *p)
{
  uint32_t parent = (uint32_t) getppid ();
  static const uint32_t calls[] = {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    refuse_by_first (p, calls[i], parent, false);
  refuse_by_first (p, SYS_kill, (uint32_t) -1, false);
  refuse_by_first (p, SYS_kill, -parent, false);
  refuse (p, SYS_pidfd_send_signal, ENOSYS); /* callers go on with kill */
}

/* Whom the kernel sends a signal when there is something to read, and which one: of a file, of a socket. */
static void
refuse_owners (struct program *p)
{
  refuse_by (p, SYS_fcntl, 1, BPF_JEQ, F_SETOWN, false);
  refuse_by (p, SYS_fcntl, 1, BPF_JEQ, F_SETOWN_EX, false);
  refuse_by (p, SYS_ioctl, 1, BPF_JEQ, FIOSETOWN, false);
  refuse_by (p, SYS_ioctl, 1, BPF_JEQ, SIOCSPGRP, false);
}

/* A pair may be streams or SOCK_SEQPACKET, which stay with each other; a datagram goes to any path. */
static void
refuse_sockets (struct program *p)
{
  _Static_assert(SOCK_STREAM == 1 && SOCK_SEQPACKET == 5,
                 "of the types' four bits these two alone have 1, and neither 2 nor 8");
  refuse (p, SYS_socket, EPERM);
  refuse_by (p, SYS_socketpair, 0, BPF_JEQ, AF_UNIX, true);
  refuse_by (p, SYS_socketpair, 1, BPF_JSET, 1, true);
  refuse_by (p, SYS_socketpair, 1, BPF_JSET, 2 | 8, false);
}

/* To open with O_TRUNC, but not for writing, truncates what may be written by its mode. */
static void
refuse_opening_to_truncate (struct program *p, uint32_t call, size_t argument)
{
  add (p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 7);
  load (p, offsetof (struct seccomp_data, args) + argument * sizeof (uint64_t));
  add (p, BPF_JMP | BPF_JSET | BPF_K, O_TRUNC, 0, 4);
  add (p, BPF_ALU | BPF_AND | BPF_K, O_ACCMODE, 0, 0);
  add (p, BPF_JMP | BPF_JEQ | BPF_K, O_WRONLY, 2, 0);
  add (p, BPF_JMP | BPF_JEQ | BPF_K, O_RDWR, 1, 0);
  answer (p, SECCOMP_RET_ERRNO | EPERM);
  load (p, offsetof (struct seccomp_data, nr));
}

/* Where landlock sees only what is opened for writing. */
static void
refuse_truncation (struct program *p)
{
  refuse (p, SYS_truncate, EPERM);
#ifdef SYS_open
  refuse_opening_to_truncate (p, SYS_open, 1);
#endif
  refuse_opening_to_truncate (p, SYS_openat, 2);
  refuse (p, SYS_openat2, ENOSYS); /* its flags cannot be seen; callers go on with openat */
}

static void
add_rules (struct program *p, const struct sandbox *s, bool truncation_seen)
{
  uint32_t self = (uint32_t) getpid ();
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
    refuse_by (p, SYS_clone, 0, BPF_JSET, NAMESPACES, false);
    spare_parent (p);
  } else {
    refuse_all (p, of_processes, sizeof of_processes / sizeof *of_processes);
    refuse_by (p, SYS_clone, 0, BPF_JSET, CLONE_THREAD, true);
    refuse_by_first (p, SYS_kill, self, true);
    refuse_by_first (p, SYS_tgkill, self, true);
    refuse_by_first (p, SYS_rt_tgsigqueueinfo, self, true);
  }
  refuse_by_first (p, SYS_prlimit64, 0, true);
  if (!s->modes)
    refuse_all (p, of_owners, sizeof of_owners / sizeof *of_owners);
  if (!truncation_seen)
    refuse_truncation (p);
  refuse_owners (p);
  if (!s->network)
    refuse_sockets (p);
  answer (p, SECCOMP_RET_ALLOW);
}

bool
calls_refuse (const struct sandbox *s, bool truncation_seen)
{
  struct program p = {.n = 0};
  add_rules (&p, s, truncation_seen);
  struct sock_fprog program = {.len = p.n, .filter = p.code};
  return p.n < MAX_RULES && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
bool
calls_refuse (const struct sandbox *s, bool truncation_seen)
{
  (void) s;
  (void) truncation_seen;
  return false;
}
#endif
