/* The control socket: daemon.sock in the data directory, mode 0600, lines of JSON.
 *
 *   {"command":"status"}                    one line: the status object
 *   {"command":"samples","last":10}         one line per sample of the ring, oldest first, then {"end":true,…}
 *   {"command":"samples","last":10,"tables":["system"]}    the same with these tables only
 *   {"command":"schema"}                    one line: the tables and fields of the newest sample
 *   {"command":"config"}                    one line: what `config show --json` says, of what runs
 *   {"command":"config","yaml":true}        {"yaml":"…"}: the same as text; with "instance":"net" of that one alone
 *   {"command":"tail"}                      one line per sample from now on, until the client hangs up
 *   {"command":"reload"}                    {"ok":true,…} or {"error":"…",…} once it is done; both with
 * "faults":[{"severity","file", "line","column","text"}] and "changes":[{"instance","change","why"}]. With "dry_run":true it
 * only says what it would do. Where "change" is "reorder", "instance" is "pipeline": the common one
 *   {"command":"stop"}                      {"ok":true}
 *
 * An answer that is an error is {"error":"…"}. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* How the error of a command begins that this daemon does not have. */
#define CONTROL_UNKNOWN "unknown command"

/* ---- A client, for commands ---- */

struct control_client;

/* Connects to the daemon of a data directory, however long its path. -ENOENT, -ECONNREFUSED: none is running. */
int control_connect (const char *data_dir, int timeout_ms, struct control_client **ret);
int control_send (struct control_client *c, const char *line);
/* The next line without its newline; the caller's to free. 0, -ETIMEDOUT, -EPIPE at the end. timeout_ms -1: for ever. */
int control_receive (struct control_client *c, int timeout_ms, char **ret);
void control_disconnect (struct control_client *c);
#endif
