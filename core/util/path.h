/* Places in the file system. All returned strings are the caller's to free. */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The home directory of the user who runs this: HOME when it is absolute, else the user database. -ENOENT when there is none. */
int path_home (char **ret);
/* "~" and "~/x" with the home directory, "~name/x" with that user's; others as they are. */
int path_expand (const char *path, char **ret);
int path_join (const char *directory, const char *name, char **ret);
/* Directories separated by ':', made absolute as a shell would: "~" expanded, others from the working directory on. */
int path_list_absolute (const char *list, char **ret);
/* Makes a directory and its missing parents with `mode`, whatever the umask says. 0 also when it exists. */
int path_mkdirs (const char *path, mode_t mode);
/* Where the code of an instance may write by itself, plugins/NAME below `data_dir`: not where the data of others is recorded.
 * It is made, or is not there when it cannot be. 0 or -ENOMEM. */
int path_own_directory (const char *data_dir, const char *name, char **ret);
/* Where a program of ours is, into `to`: beside the one that runs (the build tree), where it stands as seen from that in an
 * installation, also when that was moved, or else in the directory `installed`. */
void path_own_program (const char *name, const char *installed, char *to, size_t size);
/* Whether there is such a program to be run, looked for as execvp does: 0, -ENOENT, -EACCES (it may not be run, or is no file)
 * or another -errno. */
int path_find_program (const char *program);
/* Whether a file of this name in the data directory is made by the daemon itself. */
bool path_is_ours (const char *name);
/* The whole of a regular file, 0-terminated, at most max bytes (-EFBIG). */
int path_read_file (const char *path, size_t max, char **ret, size_t *ret_length);
/* Replaces a file by rename, so that a reader sees the old or the new whole; fsynced when `durable`. What is there and is neither a
 * file nor a link to something stays: -EEXIST, or -EISDIR. */
int path_write_file (const char *path, const void *data, size_t length, mode_t mode, int durable);
#endif
