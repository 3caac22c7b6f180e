/* Files of the store, by a directory's descriptor. */
#ifndef ALERT_FILE_H
#define ALERT_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the directory; `make`: where there is none it is made. */
int alert_file_directory (const char *path, bool make, int *ret);
/* -EWOULDBLOCK: somebody else has it, and `wait` is false. */
int alert_file_lock (int directory, const char *name, bool wait, int *ret);
/* The whole of a regular file; the caller frees it. -EFBIG, -ELOOP (no regular file), -ENOENT … */
int alert_file_read (int directory, const char *name, size_t most, char **ret, size_t *ret_length);
/* What is wrong, for people: of an error of any of these. */
const char *alert_file_error (int r);
/* Puts a new file in the place of NAME, that reached the disk first; ret_fd (may be NULL) is open for appending. By root it is
 * made the directory's owner's, so that the daemon can read what a command wrote. */
int alert_file_replace (int directory, const char *name, const char *data, size_t length, int *ret_fd);
/* A copy for whoever wants to know what happened: NAME.damaged, instead of an older one; NAME.damaged.1 …
 * where that cannot be replaced. NAME stays, or is moved. 0 or -errno.
 */
int alert_file_set_aside (int directory, const char *name);
#endif
