/* Making the request of a webhook, and handing it to the program that sends it. */
#ifndef ALERT_HOOK_REQUEST_H
#define ALERT_HOOK_REQUEST_H

#include "options.h"
#include "post.h"

#include <sys/types.h>

/* Starts the program for a letter; its answer comes from *ret_fd. 0; -EBADMSG: this message
 * cannot be posted, ever; other -errno; with `why`. */
int hook_request_start (const struct options *o, const struct alert_letter *l, pid_t *ret_pid, int *ret_fd, char *why,
                        size_t size);
#endif
