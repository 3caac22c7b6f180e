/* The parent: one process per stage, its deadline, what it tells, how it ends. */
#include <config.h>

#include "check/check.h"

#include "elf-sanitizer.h"
#include "elf-whole.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_LINE = 8192, MAX_ARGUMENTS = 80, WORDS = 400 };
#define MEMORY (UINT64_C (1) << 30)

struct parent {
  struct check_report *report;
  char *file; /* absolute */
  char *dir;
  char *const *settings;
  uint32_t n_settings;
  const char *stage;
  struct buf line;
  char step[256];
  bool done, stop;
};

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *at)
{
  (void) st, (void) type, (void) at;
  remove (path);
  return 0; /* go on with the rest */
}

static void
remove_tree (const char *dir)
{
  nftw (dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- What the child tells ---- */

static void
take_line (struct parent *p, char *line)
{
  const char *fields[4] = {"", "", "", ""};
  char *at = line;
  for (int i = 0; i < 4 && at; i++)
    fields[i] = strsep (&at, "\t");
  switch (*line) {
  case 'S':
    snprintf (p->step, sizeof p->step, "%s", fields[1]);
    break;
  case 'F':
  case 'A':
    check_report_add (p->report, *line == 'F' ? CHECK_FAULT : CHECK_ADVICE, p->stage, fields[1], fields[2], fields[3]);
    break;
  case 'N':
    check_report_figure (p->report, p->stage, fields[1], fields[2]);
    break;
  case 'X':
    p->stop = true;
    break;
  case 'D':
    p->done = true;
    break;
  default:
    break;
  }
}

static void
take_bytes (struct parent *p, const char *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (bytes[i] == '\n') {
      if (p->line.data)
        take_line (p, p->line.data);
      buf_clear (&p->line);
    } else if (p->line.len < MAX_LINE) {
      buf_addc (&p->line, bytes[i]);
    }
}

/* Listens until the child is done, ends or the time is over: true when it is over. */
static bool
listen_to (struct parent *p, int fd, int64_t until_ns)
{
  while (!p->done) {
    int64_t left = (until_ns - check_now_ns ()) / 1000000;
    struct pollfd poll_ = {.fd = fd, .events = POLLIN};
    if (left <= 0)
      return true;
    if (poll (&poll_, 1, (int) left + 1) <= 0)
      continue;
    char bytes[4096];
    ssize_t n = read (fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EINTR))
      return false;
    take_bytes (p, bytes, n > 0 ? (size_t) n : 0);
  }
  return false;
}

/* The end of what the child printed, on one line. */
static void
last_words (const struct parent *p, char *to, size_t size)
{
  char path[4200];
  snprintf (path, sizeof path, "%s/words", p->dir);
  *to = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  off_t end = lseek (fd, 0, SEEK_END);
  ssize_t n = pread (fd, to, size - 1, end > (off_t) size - 1 ? end - (off_t) size + 1 : 0);
  close (fd);
  to[n > 0 ? n : 0] = 0;
  for (char *at = to; *at; at++)
    if ((unsigned char) *at < ' ')
      *at = ' ';
}

/* ---- A stage ---- */

static void
become_child (const struct parent *p, int out, int64_t soft_ms)
{
  char path[4200], data[4200], ms[32];
  const char *argv[MAX_ARGUMENTS + 8] = {"kode-kronical-daemon", "plugin", "check-stage", p->file, p->stage, ms, data};
  snprintf (path, sizeof path, "%s/words", p->dir);
  snprintf (data, sizeof data, "%s/%s", p->dir, p->stage);
  snprintf (ms, sizeof ms, "%lld", (long long) soft_ms);
  for (uint32_t i = 0; i < p->n_settings && i < MAX_ARGUMENTS; i++)
    argv[7 + i] = p->settings[i];
  int words = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int in = open ("/dev/null", O_RDONLY);
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  setrlimit (RLIMIT_CORE, &(struct rlimit){0, 0});
  setrlimit (RLIMIT_FSIZE, &(struct rlimit){256 << 20, 256 << 20});
#ifndef KK_SANITIZED /* a sanitizer reserves terabytes */
  setrlimit (RLIMIT_DATA, &(struct rlimit){MEMORY, MEMORY});
#endif
  if (mkdir (data, 0700) || words < 0 || in < 0 || dup2 (in, 0) < 0 || dup2 (words, 1) < 0 || dup2 (words, 2) < 0
      || (out == CHECK_FD ? fcntl (out, F_SETFD, 0) : dup2 (out, CHECK_FD)) < 0)
    _exit (120);
  for (int fd = CHECK_FD + 1; fd < 64; fd++)
    close (fd);
  execv ("/proc/self/exe", (char *const *) (uintptr_t) argv);
  _exit (121);
}

static void
say_end (struct parent *p, int status, bool over)
{
  char words[WORDS], text[1200];
  last_words (p, words, sizeof words);
  const char *colon = *words ? "; its last words: " : "";
  const char *step = *p->step ? p->step : "starts";
  if (over) {
    snprintf (text, sizeof text, "it hangs while the host %s%s%s", step, colon, words);
    check_report_add (p->report, CHECK_FAULT, p->stage, "hang", text,
                      "Every callback must return soon: give each wait a deadline of its own.");
  } else if (WIFSIGNALED (status)) {
    snprintf (text, sizeof text, "it crashes (%s) while the host %s%s%s", strsignal (WTERMSIG (status)), step, colon, words);
    check_report_add (
      p->report, CHECK_FAULT, p->stage, "crash", text,
      "Build it with -g -fsanitize=address,undefined, and this program too, to see where. Memory ends at 1 GiB.");
  } else {
    snprintf (text, sizeof text, "it ends the whole process (exit status %d) while the host %s%s%s", WEXITSTATUS (status), step,
              colon, words);
    check_report_add (p->report, CHECK_FAULT, p->stage, "exit", text, "Return -errno; only the host may end the process.");
  }
}

static void
say_printed (struct parent *p)
{
  char words[WORDS];
  last_words (p, words, sizeof words);
  if (!*words)
    return;
  char text[WORDS + 80];
  snprintf (text, sizeof text, "it prints to stdout or stderr: %s", words);
  check_report_add (p->report, CHECK_ADVICE, p->stage, "prints", text,
                    "Use kk_info, kk_warn and kk_error: they reach the log.");
}

/* Ends what is left of the stage's processes. */
static int
end_child (struct parent *p, pid_t pid, bool over)
{
  int status = 0;
  if (over)
    kill (-pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (!over && kill (-pid, SIGKILL) == 0)
    check_report_add (p->report, CHECK_FAULT, p->stage, "leak-process", "it leaves a process behind",
                      "End in destroy what create or a call has started, and wait for it.");
  return status;
}

/* False: nothing more is to be learned. */
static bool
run_stage (struct parent *p, int64_t ns)
{
  int pipe_[2];
  p->done = false;
  *p->step = 0;
  buf_clear (&p->line);
  if (pipe2 (pipe_, O_CLOEXEC))
    return false;
  pid_t pid = fork ();
  if (pid == 0)
    become_child (p, pipe_[1], ns / 2000000);
  close (pipe_[1]);
  if (pid < 0) {
    close (pipe_[0]);
    return false;
  }
  bool over = listen_to (p, pipe_[0], check_now_ns () + ns);
  close (pipe_[0]);
  int status = end_child (p, pid, over);
  if (!p->done)
    say_end (p, status, over);
  else
    say_printed (p);
  return p->done && !p->stop;
}

/* ---- The file, before anything loads it ---- */

static bool
check_file (struct check_report *r, const char *file)
{
  unsigned char head[16] = {0};
  struct stat st;
  const char *sanitizer = NULL, *what = NULL, *code = "file", *hint = "Build it as a shared object: cc -shared -fPIC.";
  char text[256];
  int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd >= 0 ? read (fd, head, sizeof head) : -1;
  if (fd < 0 || fstat (fd, &st) || n < 0) {
    snprintf (text, sizeof text, "it cannot be read: %s", strerror (errno));
    what = text;
    hint = "Give the path of the .so file.";
  } else if (!S_ISREG (st.st_mode)) {
    what = "it is no regular file";
  } else if (n < 16 || memcmp (head, "\177ELF", 4)) {
    what = "it is no shared object: it does not begin as an ELF file does";
  } else if (head[4] != (sizeof (void *) == 8 ? 2 : 1)) {
    snprintf (text, sizeof text, "it is a %d-bit object, and this program is a %d-bit one", head[4] == 1 ? 32 : 64,
              (int) sizeof (void *) * 8);
    what = text;
    hint = "Build it for this machine.";
  } else if (!elf_whole (file)) {
    what = "it is cut off: the file is shorter than its headers say";
    hint = "Build or copy it again.";
  } else if ((sanitizer = elf_foreign_sanitizer (file))) {
    snprintf (text, sizeof text, "it is built with %s, and this program is not", sanitizer);
    what = text;
    code = "sanitizer";
    hint = "Build it without, or check it with a kode-kronical-daemon that was configured with --enable-sanitize.";
  }
  if (fd >= 0)
    close (fd);
  if (what)
    check_report_add (r, CHECK_FAULT, "file", code, what, hint);
  return !what;
}

static void
run_stages (struct parent *p, int64_t until_ns)
{
  struct check_report *r = p->report;
  size_t n = 0;
  while (check_stages[n].name)
    n++;
  const char *skipped = NULL;
  bool ok = check_file (r, p->file);
  r->stages[r->n_stages++] = (struct check_stage_result){.name = "file", .title = "what kind of file it is", .done = true};
  for (size_t i = 0; i < n; i++) {
    const struct check_stage *s = check_stages + i;
    int64_t left = until_ns - check_now_ns ();
    if (!ok)
      skipped = "not done after the fault above";
    else if (left < 1000000)
      skipped = "not done for want of time";
    r->stages[r->n_stages++] = (struct check_stage_result){.name = s->name, .title = s->title, .skipped = skipped};
    p->stage = s->name;
    if (!skipped)
      ok = run_stage (p, left / (int64_t) (n - i));
  }
}

int
check_run (const char *file, char *const *settings, uint32_t n_settings, double seconds, struct check_report *report)
{
  const char *tmp = getenv ("TMPDIR");
  struct parent p = {.report = report, .settings = settings, .n_settings = n_settings, .file = realpath (file, NULL)};
  int64_t begin = check_now_ns ();
  int r = 0;
  report->file = file;
  if (!p.file)
    p.file = strdup (file);
  if (asprintf (&p.dir, "%s/kode-kronical-check-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp") < 0)
    p.dir = NULL;
  if (!p.file || !p.dir)
    r = -ENOMEM;
  else if (!mkdtemp (p.dir))
    r = -errno;
  if (!r) {
    run_stages (&p, begin + (int64_t) (seconds * 1e9));
    remove_tree (p.dir);
  }
  free (p.file);
  free (p.dir);
  buf_free (&p.line);
  report->seconds = (double) (check_now_ns () - begin) / 1e9;
  return r;
}
