/* What a check found, step by step: lines for people as it goes on, or one JSON object at the end. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stdio.h>

enum report_result {
  REPORT_OK,
  REPORT_NOTE, /* to know, or what could not be found out and is not needed */
  REPORT_WARN, /* it works, but not as meant */
  REPORT_FAIL,
  REPORT_RESULTS,
};

struct report {
  json_object *json; /* NULL: for people */
  FILE *to;
  int width;
  unsigned counts[REPORT_RESULTS];
};

/* 0 or -ENOMEM. */
int report_begin (struct report *r, bool json, FILE *to);
/* One step: a short name, and what there is to say: one sentence, without a secret. */
__attribute__ ((format (printf, 4, 5))) void report_step (struct report *r, enum report_result result, const char *name,
                                                          const char *format, ...);
/* What to do about the step before. */
__attribute__ ((format (printf, 2, 3))) void report_advice (struct report *r, const char *format, ...);
/* A fact for programs; takes `value`. */
void report_fact (struct report *r, const char *name, json_object *value);
/* The last line, or the object. Whether nothing failed. */
bool report_end (struct report *r);
#endif
