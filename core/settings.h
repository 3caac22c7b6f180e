/* The options of the daemon itself: what section `daemon` holds beside the short forms. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "plan.h"
#include "yamltree.h"

extern const struct kk_option settings_options[];
extern const uint32_t settings_n_options;

/* Fills the settings from a map that holds nothing else (NULL: defaults). Empty paths get their defaults. */
int settings_make (const struct yaml_node *section, struct place at, struct diag *d, struct settings **ret);
/* The data directory that a packaged service gives by KODE_KRONICAL_DATA_DIR, or NULL. A file that says data_dir wins. */
const char *settings_data_dir_of_environment (void);
enum kk_level settings_log_level (const struct settings *s);
void settings_free (struct settings *s);
#endif
