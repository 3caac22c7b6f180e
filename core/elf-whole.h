/* Whether a shared object is all there: dlopen maps what the headers promise, and dies of SIGBUS when the file ends before. */
#ifndef ELF_WHOLE_H
#define ELF_WHOLE_H

#include <stdbool.h>

/* False when the file is an ELF object of this machine's kind and shorter than its segments. Whatever else is wrong with it, dlopen
 * says. */
bool elf_whole (const char *path);
#endif
