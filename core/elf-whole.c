#include "elf-whole.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLASS = sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32 };

static bool
segments_lie_in (int fd, const ElfW (Ehdr) * head, uint64_t size)
{
  for (unsigned i = 0; i < head->e_phnum; i++) {
    ElfW (Phdr) segment;
    uint64_t at = head->e_phoff + (uint64_t)i * head->e_phentsize;
    if (at > size || pread (fd, &segment, sizeof segment, (off_t)at) != sizeof segment)
      return false;
    if (segment.p_type == PT_LOAD && (segment.p_offset > size || segment.p_filesz > size - segment.p_offset))
      return false;
  }
  return true;
}

bool
elf_whole (const char *path)
{
  ElfW (Ehdr) head;
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool whole = true;
  if (fd < 0)
    return true;
  if (fstat (fd, &st) == 0 && pread (fd, &head, sizeof head, 0) == sizeof head && !memcmp (head.e_ident, ELFMAG, SELFMAG)
      && head.e_ident[EI_CLASS] == CLASS && head.e_phentsize == sizeof (ElfW (Phdr)))
    whole = segments_lie_in (fd, &head, (uint64_t)st.st_size);
  close (fd);
  return whole;
}
