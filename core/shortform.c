#include <config.h>

#include "shortform.h"

#include <string.h>

#define NO_ALERTS "no alert is given"
#define NO_UPLOAD "nothing is uploaded"

/* Flat keys have no struct: each is checked by its option here and then handed on as text to the plugin that it is for. */
#define KEY(name_, type_, ...) .option = {.name = (name_), .type = (type_), __VA_ARGS__}

const struct short_key short_keys[] = {
  {.section = "daemon",
   .instance = "file-writer",
   .target = "retention",
   .suffix = "h",
   KEY ("data_retention_hours", KK_OPTION_FLOAT, .def = "24", .min = "0.01", .max = "876000", .unit = "hours",
        .help = "Hours after which recorded files are deleted; 2d is 48")},
  {.section = "daemon",
   .instance = "net",
   KEY ("enable_network_monitoring", KK_OPTION_BOOL, .def = "true", .help = "Record network traffic and TCP connections")},
  {.section = "daemon",
   .instance = "process",
   .target = "track",
   .synonym = true,
   KEY ("track_processes", KK_OPTION_LIST, .def = "[python]", .help = "Names of processes; python takes python3.11 too")},
  {.section = "daemon",
   .instance = "process",
   .target = "auto_track_python",
   .synonym = true,
   KEY ("auto_track_python", KK_OPTION_BOOL, .def = "true", .help = "Track Python whatever the list says")},
  {.section = "daemon",
   .instance = "alert",
   .target = "cpu",
   .turns_on = true,
   .synonym = true,
   .when_absent = NO_ALERTS,
   KEY ("cpu_alert_threshold", KK_OPTION_PERCENT, .min = "0", .max = "100", .unit = "%",
        .help = "When the processor is this busy")},
  {.section = "daemon",
   .instance = "alert",
   .target = "memory",
   .turns_on = true,
   .synonym = true,
   .when_absent = NO_ALERTS,
   KEY ("memory_alert_threshold", KK_OPTION_PERCENT, .min = "0", .max = "100", .unit = "%",
        .help = "When this much memory is in use")},
  {.section = "daemon",
   .instance = "dynamodb-writer",
   .when_absent = NO_UPLOAD,
   KEY ("enable_dynamodb_upload", KK_OPTION_BOOL, .def = "false", .help = "Upload one item a minute")},
  {.section = "daemon",
   .instance = "dynamodb-writer",
   .target = "table",
   .when_absent = NO_UPLOAD,
   KEY ("dynamodb_table_name", KK_OPTION_STRING, .def = "kode-kronical-system",
        .help = "Table of the samples; made when missing")},
  {.section = "daemon",
   .instance = "dynamodb-writer",
   .target = "region",
   .when_absent = NO_UPLOAD,
   KEY ("dynamodb_region", KK_OPTION_STRING, .def = "us-east-1", .help = "AWS region; wins over aws.region")},
  {.section = "daemon",
   .instance = "dynamodb-writer",
   .target = "registry_table",
   .when_absent = NO_UPLOAD,
   KEY ("registry_table_name", KK_OPTION_STRING, .def = "kode-kronical-systems-registry", .help = "Table of the machines")},
  {.section = "aws",
   .instance = "dynamodb-writer",
   .target = "profile",
   .when_absent = NO_UPLOAD,
   KEY ("profile", KK_OPTION_STRING, .def = "default", .help = "Profile in ~/.aws/credentials and ~/.aws/config")},
  {.section = "aws",
   .instance = "dynamodb-writer",
   .target = "aws_region",
   .when_absent = NO_UPLOAD,
   KEY ("region", KK_OPTION_STRING, .def = "", .help = "Used where daemon names none; empty: AWS_REGION, then the profile's")},
};
const size_t n_short_keys = sizeof short_keys / sizeof *short_keys;

const struct short_key *
short_key_find (const char *section, const char *key)
{
  bool monitoring = strcmp (section, "monitoring") == 0;
  for (size_t i = 0; i < n_short_keys; i++) {
    const struct short_key *k = &short_keys[i];
    if (strcmp (k->option.name, key) == 0 && (monitoring ? k->synonym : strcmp (k->section, section) == 0))
      return k;
  }
  return NULL;
}
