/* A plugin built with a sanitizer that its host was not built with ends the whole process when it is loaded. */
#ifndef ELF_SANITIZER_H
#define ELF_SANITIZER_H

/* The name of the sanitizer that a shared object needs and this program lacks ("AddressSanitizer"), or NULL. */
const char *elf_foreign_sanitizer (const char *path);
#endif
