/* csv-writer, an output: one table as comma-separated values. The callbacks are C++; the descriptor is C, because C++17 has no
 * designated initializers. */
#include "csv-writer.h"

static const struct kk_option options[] = {
  KK_OPT_STRING ("table", struct csv_config, table, .def = "system", .help = "Table that is written"),
  KK_OPT_PATH ("file", struct csv_config, file,
               .help = "File to append to; NAME.csv in the data directory when it is not given"),
};

KK_PLUGIN (.kind = KK_OUTPUT, .name = "csv-writer", .version = "1.0", .summary = "Writes a table as comma-separated values",
           KK_OPTIONS (options), .config_size = sizeof (struct csv_config), .create = csv_create, .destroy = csv_destroy,
           .write = csv_write, .flush = csv_flush);
