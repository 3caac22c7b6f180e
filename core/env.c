#include "env.h"

#include "emit.h"
#include "instance.h"
#include "rows.h"

void
env_init (struct env *env)
{
  *env = (struct env){.host = {.size = sizeof (struct kk_host), .api = KK_API_NEWEST}};
  instance_host_functions (&env->host);
  rows_host_functions (&env->host);
  sample_host_functions (&env->host);
  emit_host_functions (&env->host);
}
