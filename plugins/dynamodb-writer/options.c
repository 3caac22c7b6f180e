#include "options.h"

#include "http.h"
#include "schema.h"

#include <string.h>

const struct kk_option options_table[OPTIONS] = {
  KK_OPT_STRING ("table", struct options, table, .def = "kode-kronical-system",
                 .help = "Table with an item a minute; made when missing"),
  KK_OPT_STRING ("registry_table", struct options, registry_table, .def = "kode-kronical-systems-registry",
                 .help = "Table with a row for each machine; made when missing"),
  KK_OPT_STRING ("region", struct options, region,
                 .help =
                   "AWS region; empty: aws_region, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's, us-east-1"),
  KK_OPT_STRING ("aws_region", struct options, aws_region, .flags = KK_ADVANCED,
                 .help = "AWS region where region names none; what section aws says as region"),
  KK_OPT_STRING ("profile", struct options, profile, .def = "default",
                 .help = "Profile in ~/.aws/credentials and ~/.aws/config; default: AWS_PROFILE, if that is set"),
  KK_OPT_STRING ("endpoint", struct options, endpoint,
                 .help = "Address of DynamoDB, such as http://localhost:8000; empty: as the AWS tools find it"),
  KK_OPT_PATH ("ca_file", struct options, ca_file, .flags = KK_ADVANCED,
               .help = "Certificates (PEM) to trust; empty: AWS_CA_BUNDLE, the profile's ca_bundle, those of the system"),
  KK_OPT_INT ("ttl_days", struct options, ttl_days, .def = "30", .min = "1", .max = "3650", .unit = "days",
              .help = "Days after which DynamoDB deletes an item"),
  KK_OPT_BOOL ("create_tables", struct options, create_tables, .def = "true",
               .help = "Make missing tables, and switch their expiry on"),
  KK_OPT_BYTES ("spool_bytes", struct options, spool_bytes, .def = "16MiB", .min = "64KiB", .max = "16GiB",
                .help = "Room on disk for minutes that wait to be uploaded; the oldest are dropped beyond it"),
  KK_OPT_DURATION ("spool_age", struct options, spool_age_ns, .def = "30d", .min = "1h", .max = "3650d",
                   .help = "Age at which waiting minutes are dropped"),
  KK_OPT_PATH ("spool_dir", struct options, spool_dir, .flags = KK_ADVANCED,
               .help = "Where minutes wait; empty: a directory named after the instance in data_dir"),
  KK_OPT_BOOL ("fsync", struct options, fsync, .def = "true", .flags = KK_ADVANCED,
               .help = "Make each waiting minute durable against a power cut"),
  KK_OPT_DURATION ("spread", struct options, spread_ns, .def = "60s", .min = "0", .max = "60s", .flags = KK_ADVANCED,
                   .help = "Part of a minute over which many machines spread their uploads; 0: as soon as a minute is over"),
};

static int
check_table (const char *name, const char *option, struct kk_fault *fault)
{
  return schema_is_name (name)
           ? 0
           : kk_refuse (fault, option, "'%.80s' is no name of a table: give 3 to 255 letters, digits, '_', '-' or '.'", name);
}

static int
check_region (const char *name, const char *option, struct kk_fault *fault)
{
  size_t n = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-");
  bool fine = !name[n] && n < ENDPOINT_REGION_SIZE - 1 && (!n || (name[0] != '-' && name[n - 1] != '-'));
  return fine ? 0 : kk_refuse (fault, option, "'%.80s' is no name of a region: one looks like eu-central-1", name);
}

int
options_check (const void *options, struct kk_fault *fault)
{
  const struct options *o = options;
  int r = check_table (o->table, "table", fault);
  if (r == 0)
    r = check_table (o->registry_table, "registry_table", fault);
  if (r == 0)
    r = check_region (o->region, "region", fault);
  if (r == 0)
    r = check_region (o->aws_region, "aws_region", fault);
  if (r == 0 && strcmp (o->table, o->registry_table) == 0)
    return kk_refuse (fault, "registry_table", "the machines need a table of their own: '%.80s' is that of the minutes",
                      o->table);
  if (r == 0 && *o->endpoint && (strchr (o->endpoint, '?') || http_split_url (o->endpoint, NULL, NULL, NULL, NULL) == -EINVAL))
    return kk_refuse (fault, "endpoint", "'%.80s' is no address: one looks like https://host or http://host:port", o->endpoint);
  return r;
}

struct session_settings
options_session (const struct options *options)
{
  return (struct session_settings){.profile = options->profile,
                                   .region = *options->region ? options->region : options->aws_region,
                                   .endpoint = options->endpoint,
                                   .ca_file = options->ca_file,
                                   .stop_fd = -1};
}
