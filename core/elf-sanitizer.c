#include "elf-sanitizer.h"

#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLASS = sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32, MAX_TABLE = 64 << 20 };

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define WITH_ADDRESS true
#else
#define WITH_ADDRESS false
#endif
#if defined __SANITIZE_THREAD__ || __has_feature(thread_sanitizer)
#define WITH_THREAD true
#else
#define WITH_THREAD false
#endif
#if __has_feature(memory_sanitizer)
#define WITH_MEMORY true
#else
#define WITH_MEMORY false
#endif

/* What the code of a sanitizer calls first. That of UBSan alone loads into any program. */
static const struct {
  const char *symbol, *name;
  bool ours;
} sanitizers[] = {
  {"__asan_init", "AddressSanitizer", WITH_ADDRESS},
  {"__tsan_init", "ThreadSanitizer", WITH_THREAD},
  {"__msan_init", "MemorySanitizer", WITH_MEMORY},
  {"__hwasan_init", "HWAddressSanitizer", false},
};

static const char *
judge (const char *symbol)
{
  for (size_t i = 0; i < sizeof sanitizers / sizeof sanitizers[0]; i++)
    if (!sanitizers[i].ours && !strcmp (symbol, sanitizers[i].symbol))
      return sanitizers[i].name;
  return NULL;
}

static void *
read_section (int fd, const ElfW (Shdr) * section)
{
  if (section->sh_size == 0 || section->sh_size > MAX_TABLE)
    return NULL;
  char *bytes = calloc (1, section->sh_size + 1); /* ends a string that has no end */
  if (bytes && pread (fd, bytes, section->sh_size, (off_t) section->sh_offset) == (ssize_t) section->sh_size)
    return bytes;
  free (bytes);
  return NULL;
}

static const char *
search_symbols (int fd, const ElfW (Shdr) * symbols, const ElfW (Shdr) * strings)
{
  const ElfW (Sym) *table = read_section (fd, symbols);
  const char *names = read_section (fd, strings), *found = NULL;
  for (size_t i = 0; table && names && !found && i < symbols->sh_size / sizeof *table; i++)
    if (table[i].st_shndx == SHN_UNDEF && table[i].st_name < strings->sh_size)
      found = judge (names + table[i].st_name);
  free ((void *) (uintptr_t) table);
  free ((void *) (uintptr_t) names);
  return found;
}

static const char *
search (int fd, const ElfW (Ehdr) * head)
{
  ElfW (Shdr) symbols, strings;
  for (unsigned i = 0; i < head->e_shnum; i++) {
    off_t at = (off_t) (head->e_shoff + (uint64_t) i * sizeof symbols);
    if (pread (fd, &symbols, sizeof symbols, at) != sizeof symbols)
      return NULL;
    if (symbols.sh_type != SHT_DYNSYM || symbols.sh_link >= head->e_shnum)
      continue;
    at = (off_t) (head->e_shoff + (uint64_t) symbols.sh_link * sizeof strings);
    if (pread (fd, &strings, sizeof strings, at) == sizeof strings)
      return search_symbols (fd, &symbols, &strings);
  }
  return NULL;
}

const char *
elf_foreign_sanitizer (const char *path)
{
  ElfW (Ehdr) head;
  const char *found = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return NULL;
  if (pread (fd, &head, sizeof head, 0) == sizeof head && !memcmp (head.e_ident, ELFMAG, SELFMAG)
      && head.e_ident[EI_CLASS] == CLASS && head.e_shentsize == sizeof (ElfW (Shdr)))
    found = search (fd, &head);
  close (fd);
  return found;
}
