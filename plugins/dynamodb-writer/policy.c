#include "policy.h"

#include "schema.h"
#include "text.h"

#include <string.h>

const char *const policy_actions[POLICY_ACTIONS] = {"CreateTable", "DescribeTable", "PutItem", "BatchWriteItem",
                                                    "GetItem",     "Scan",          "Query"};

static const char *
partition_of (const char *region)
{
  return strncmp (region, "cn-", 3) == 0 ? "aws-cn" : strncmp (region, "us-gov-", 7) == 0 ? "aws-us-gov" : "aws";
}

static void
add_arn (struct buf *b, const char *region, const char *table)
{
  struct buf arn BUF_CLEANUP = {0};
  buf_printf (&arn, "arn:%s:dynamodb:%s:*:table/%s", partition_of (region), region, table);
  if (arn.error)
    b->error = arn.error;
  else
    text_json_string (b, arn.data, arn.len);
}

void
policy_json (struct buf *b, const struct policy_names *names)
{
  buf_adds (b, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Sid\": \"KodeKronical\",\n"
               "      \"Effect\": \"Allow\",\n      \"Action\": [\n");
  for (int i = 0; i < POLICY_ACTIONS; i++)
    buf_printf (b, "        \"dynamodb:%s\"%s\n", policy_actions[i], i + 1 < POLICY_ACTIONS ? "," : "");
  buf_adds (b, "      ],\n      \"Resource\": [\n        ");
  add_arn (b, names->region, names->table);
  buf_adds (b, ",\n        ");
  add_arn (b, names->region, names->registry_table);
  buf_adds (b, "\n      ]\n    }\n  ]\n}\n");
}

/* The body of CreateTable, and the tags, which the daemon gives by a request of their own. */
static void
add_table (struct buf *b, enum schema_kind kind, const char *table)
{
  struct buf body BUF_CLEANUP = {0}, tags BUF_CLEANUP = {0};
  schema_create_body (&body, kind, table);
  schema_tags_body (&tags, "");
  const char *list = tags.data ? strstr (tags.data, "\"Tags\":") : NULL;
  if (body.error || !list) {
    b->error = body.error ? body.error : tags.error;
    return;
  }
  buf_add (b, body.data, body.len - 1);
  buf_addc (b, ',');
  buf_adds (b, list);
}

void
policy_tables_json (struct buf *b, const struct policy_names *names)
{
  buf_adds (b, "{\n  \"create_table\": [\n    ");
  add_table (b, SCHEMA_SAMPLES, names->table);
  buf_adds (b, ",\n    ");
  add_table (b, SCHEMA_REGISTRY, names->registry_table);
  buf_adds (b, "\n  ],\n  \"update_time_to_live\": [\n    ");
  schema_ttl_body (b, names->table);
  buf_adds (b, "\n  ]\n}\n");
}
