/* What the descriptor (csv-writer.c) and the callbacks (csv-writer.cpp) share. */
#ifndef CSV_WRITER_H
#define CSV_WRITER_H

#define KK_API 1
#include <kode-kronical/plugin.h>

struct csv_config {
  const char *table;
  const char *file;
};

#ifdef __cplusplus
extern "C" {
#endif
int csv_create (struct kk_instance *self, const void *config, void **state);
void csv_destroy (void *state);
int csv_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done);
int csv_flush (void *state);
#ifdef __cplusplus
}
#endif
#endif
