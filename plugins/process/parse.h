/* What the files of /proc/PID say. Nothing here opens a file. */
#ifndef PROCESS_PARSE_H
#define PROCESS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pid_stat {
  const char *comm; /* points into the text; as the kernel wrote it */
  size_t comm_length;
  char state;
  uint64_t minor_faults;
  uint64_t major_faults;
  uint64_t cpu_ticks; /* user and system */
  uint64_t threads;
  uint64_t start_ticks; /* since boot: tells a reused PID from the same process */
  uint64_t vsize;       /* bytes */
  uint64_t rss_pages;
};

struct pid_io {
  uint64_t read_bytes;
  uint64_t write_bytes;
};

/* /proc/PID/stat. The name may hold anything, also ") ". 0 or -EINVAL. */
int parse_stat (const char *text, size_t length, struct pid_stat *ret);
/* /proc/PID/statm: pages in all, pages resident. 0 or -EINVAL. */
int parse_statm (const char *text, size_t length, uint64_t *ret_size, uint64_t *ret_resident);
/* /proc/PID/io: what went to and from storage. 0 or -EINVAL. */
int parse_io (const char *text, size_t length, struct pid_io *ret);
/* /proc/PID/status: the effective user. 0 or -EINVAL. */
int parse_uid (const char *text, size_t length, uint32_t *ret);
/* /proc/stat: seconds since 1970 at boot. 0 or -EINVAL. */
int parse_btime (const char *text, size_t length, uint64_t *ret);
/* A PID's own name in a directory of PIDs; 0 for anything else. */
uint32_t parse_pid (const char *text);
/* The text of a PID file: one number, blanks around it. 0 for anything else. */
uint32_t parse_pid_file (const char *text, size_t length);
/* Arguments, each ended by a 0 byte, to one line joined by spaces, in place. Returns its length. */
size_t join_arguments (char *text, size_t length);
/* The kernel cuts names at 15 bytes. The longer name from the first argument when that begins with it, else the name as it is.
 */
const char *full_name (const char *name, size_t length, const char *arguments, size_t arguments_length, size_t *ret_length);
/* psutil's word for a state letter. */
const char *status_word (char state);
#endif
