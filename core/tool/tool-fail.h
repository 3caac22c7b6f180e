/* What a command says when it cannot go on. */
#ifndef TOOL_FAIL_H
#define TOOL_FAIL_H

/* "kode-kronical-daemon NAME: what" on stderr; returns r. NAME is what TOOL_NAME says where this is used. */
#define tool_fail(r_, ...) tool_fail_as (TOOL_NAME, (r_), __VA_ARGS__)
__attribute__ ((format (printf, 3, 4))) int tool_fail_as (const char *name, int r, const char *format, ...);
/* The same, and how to get help. */
int tool_misused_as (const char *name, int r, const char *what);
#define tool_misused(what_) tool_misused_as (TOOL_NAME, TOOL_USAGE, (what_))
#endif
