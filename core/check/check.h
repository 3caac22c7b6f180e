/* `plugin check`: what is wrong with a plugin, found by using it. Each stage runs in a process of its own (this program again),
 * which tells by lines on a pipe what it does and what it finds; so a plugin that crashes or hangs is a finding too. */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "descriptor.h"
#include "yamltree.h"

#include <stdio.h>

enum check_level { CHECK_FAULT, CHECK_ADVICE };

/* ---- The report (report.c) ---- */

struct check_finding {
  enum check_level level;
  const char *stage;
  char *code; /* "leak-memory": stays the same */
  char *what; /* one sentence */
  char *hint; /* what to do */
};
struct check_figure {
  const char *stage;
  char *name, *text;
};
struct check_stage_result {
  const char *name, *title;
  bool done;           /* it ran to its end */
  const char *skipped; /* why it did not run, or NULL */
};
enum { CHECK_MAX_FINDINGS = 200, CHECK_MAX_FIGURES = 100, CHECK_MAX_STAGES = 16 };
struct check_report {
  const char *file;
  struct check_finding findings[CHECK_MAX_FINDINGS];
  struct check_figure figures[CHECK_MAX_FIGURES];
  struct check_stage_result stages[CHECK_MAX_STAGES];
  size_t n_findings, n_figures, n_stages;
  size_t faults, advices;
  double seconds;
};
/* Texts are copied; without memory or room they are counted only. */
void check_report_add (struct check_report *r, enum check_level level, const char *stage, const char *code, const char *what,
                       const char *hint);
void check_report_figure (struct check_report *r, const char *stage, const char *name, const char *text);
void check_report_free (struct check_report *r);
int check_report_print (const struct check_report *r, bool json, FILE *to);

/* ---- The parent (parent.c) ---- Runs all stages within `seconds`. -errno when it cannot work at all. */
int check_run (const char *file, char *const *settings, uint32_t n_settings, double seconds, struct check_report *report);

/* ---- The child (child.c) ---- */

struct check {
  int out;          /* the pipe */
  const char *dir;  /* for whatever the plugin writes; empty at first */
  int64_t until_ns; /* monotonic: loops end then */
  struct descriptor *d;
  void *config;                      /* its defaults, and what the command line says */
  struct yaml_document *given; /* what that was made from */
  uint64_t said[CHECK_MAX_FINDINGS]; /* hashes of findings, each of which is told once */
  size_t n_said;
  bool wild;          /* the config is one that no user would write: what is lost by it is not the plugin's fault */
};
enum { CHECK_FD = 3 };
/* argv: FILE STAGE MILLISECONDS DIRECTORY [OPTION=VALUE]… Returns the exit status. */
int check_child (char *const *argv, uint32_t argc);

/* A stage of the child: its name, what it does in a few words, and how. */
struct check_stage {
  const char *name, *title;
  void (*run) (struct check *k);
};
extern const struct check_stage check_stages[]; /* ended by a name that is NULL */

void check_step (struct check *k, const char *what); /* "calls create": what a crash or hang is blamed on */
__attribute__ ((format (printf, 5, 6))) void check_find (struct check *k, enum check_level level, const char *code,
                                                         const char *hint, const char *format, ...);
__attribute__ ((format (printf, 3, 4))) void check_figure (struct check *k, const char *name, const char *format, ...);
void check_stop (struct check *k); /* after this stage nothing more is to be learned */
bool check_time_left (const struct check *k);
int64_t check_now_ns (void);

void stage_descriptor (struct check *k);
void stage_create (struct check *k);
void stage_use (struct check *k);
void stage_two (struct check *k);
void stage_reload (struct check *k);
void stage_fork (struct check *k);
void stage_configs (struct check *k);
#endif
