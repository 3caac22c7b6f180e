# Makes a later header out of header 1: longer structs, more functions, API 2.
/^#define KK_API_NEWEST 1$/ { print "#include <errno.h>"; sub (/1$/, "2") }
/^struct kk_(field|table|option|table_info) \{$/ { more = "  uint64_t later_number;\n  const char *later_text;" }
/^struct kk_plugin \{$/ { more = "  int (*later) (void *state);" }
/^struct kk_host \{$/ { more = "  int (*later) (struct kk_instance *self, int value);" }
/^};$/ && more { print more; more = "" }
/^\/\* ---- For inputs ---- \*\/$/ {
  print "/* Since API 2; an older host answers -ENOSYS. */"
  print "static inline int"
  print "kk_later (struct kk_instance *self, int value)"
  print "{"
  print "  if (self->host->size < offsetof (struct kk_host, later) + sizeof self->host->later)"
  print "    return -ENOSYS;"
  print "  return self->host->later (self, value);"
  print "}\n"
}
{ print }
