# Makes a later header out of one: longer structs, more functions, the next API.
/^#define KK_API_NEWEST [0-9]+$/ { print "#include <errno.h>"; $3++ }
/^struct kk_(field|table|option|table_info) \{$/ { more = "  uint64_t later_number;\n  const char *later_text;" }
/^struct kk_plugin \{$/ { more = "  int (*later) (void *state);" }
/^struct kk_host \{$/ { more = "  int (*later) (struct kk_instance *self, int value);" }
/^};$/ && more { print more; more = "" }
/^\/\* ---- For inputs ---- \*\/$/ {
  print "/* Since the next API; an older host answers -ENOSYS. */"
  print "static inline int"
  print "kk_later (struct kk_instance *self, int value)"
  print "{"
  print "  if (self->host->size < offsetof (struct kk_host, later) + sizeof self->host->later)"
  print "    return -ENOSYS;"
  print "  return self->host->later (self, value);"
  print "}\n"
}
{ print }
