/* The processes that are tracked, as they are at the last tick. */
#ifndef PROCESS_WATCH_H
#define PROCESS_WATCH_H

#include "known.h"
#include "match.h"
#include "proc.h"

struct watch_config {
  struct rules_config rules;
  struct kk_list pidfiles;
  const char *proc_root;
  uint32_t max_processes;
  size_t command_max;  /* longer command lines are cut */
  size_t commands_max; /* when all together would be longer, further ones are cut to 256 bytes */
  int64_t interval_ns;
  bool events; /* listen to the kernel's where it lets us */
  bool io;
  bool files;
};

struct process {
  uint32_t pid;
  int stat_fd, statm_fd; /* -1: not kept */
  struct pid_stat stat;  /* its `comm` is not used */
  uint64_t rss_pages;
  uint64_t vms_bytes;
  bool read;     /* at this tick */
  bool measured; /* its CPU time was read before, at measured_ns */
  int64_t measured_ns;
  double cpu_percent;
  uint32_t cpu_absent; /* enum kk_absent */
  double create_time;
  bool create_known;
  char comm[64]; /* as in its stat: when it changes, name and command line are read anew */
  size_t comm_length;
  char *name;
  char *command;
  size_t command_length;
  struct pid_io io;
  uint32_t io_absent;
  uint64_t files;
  uint32_t files_absent;
};

struct watch {
  struct watch_config config;
  struct proc proc;
  struct rules *rules;
  char **pid_files; /* as many as config.pidfiles */
  struct known known;
  struct pid_list pids;
  struct pid_list happened;   /* what the kernel's events were about */
  struct pid_list from_files; /* what the PID files say, ascending */
  struct pid_list from_files_before;
  struct buf text;
  struct process *processes; /* by PID, ascending */
  size_t n;
  size_t cap;
  size_t command_bytes;   /* of all their command lines */
  int events;             /* -1: none */
  int events_error;       /* why there are none; 0: not wanted */
  int64_t names_until_ns; /* events were lost: until then names are read again, too */
  int64_t listed_ns;
  bool list_now;                  /* nothing was listed yet, or not to the end */
  bool no_newest;                 /* the kernel does not say which PID it gave away last, or cannot be trusted in it */
  uint32_t newest, newest_before; /* that PID at the last two ticks */
  uint32_t listed_after;          /* PIDs above it were listed at this tick; 0: none were */
  bool boot_known;
  uint64_t boot;           /* Unix seconds */
  int64_t clock_offset_ns; /* wall clock minus monotonic clock */
  /* Of the tick that is under way or was last: */
  int64_t now_ns;
  uint32_t after; /* enum kk_absent: no rates over the time before it */
  bool partial;   /* some tracked process may be missing */
  int error;      /* the worst that happened, 0: nothing */
  size_t looks;
  size_t denied;   /* processes that may not be looked at */
  bool hidden;     /* others' processes are not listed at all */
  size_t left_out; /* for max_processes */
};

/* 0 or -errno, with one sentence in `why`. The strings of `config` are borrowed. */
int watch_open (const struct watch_config *config, struct watch **ret, char *why, size_t size);
void watch_close (struct watch *w);
const char *watch_unknown_user (const struct watch *w); /* as rules_unknown_user */
/* Finds and reads what there is now. -errno: nothing could be found out. */
int watch_tick (struct watch *w, int64_t wall_ns, int64_t mono_ns, uint32_t after);
#endif
