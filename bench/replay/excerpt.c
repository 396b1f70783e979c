#include "excerpt.h"

#include <string.h>

#include "dynaflow/core/alloc.h"

static void copy_part(const df_dataset* from, const excerpt_part* part, int episode, df_dataset* out) {
  const size_t row = out->first[episode], length = (size_t)part->length;
  const size_t nx = (size_t)from->nx, nu = (size_t)from->nu;
  memcpy(out->states + row * nx, df_dataset_state(from, part->episode, part->start),
         (length + 1) * nx * sizeof(double));
  if (!from->actions) return;
  memcpy(out->actions + df_dataset_action_row(out, episode, 0) * nu,
         df_dataset_action(from, part->episode, part->start), length * nu * sizeof(double));
}

df_status excerpt_new(const df_dataset* data, int n, const excerpt_part* parts, df_dataset** out) {
  int* lengths = df_alloc((size_t)n, sizeof *lengths);
  *out = NULL;
  if (!lengths) return DF_E_NOMEM;
  for (int i = 0; i < n; i++) lengths[i] = parts[i].length;
  const df_dataset_shape shape = {.episodes = n, .lengths = lengths, .nx = data->nx, .nu = data->nu, .dt = data->dt};
  const df_status status = df_dataset_new(&shape, out);
  df_free(lengths);
  DF_TRY(status);
  const size_t numbers = (size_t)data->nx + (size_t)data->nu;
  memcpy((*out)->derived, data->derived, (size_t)data->nx * sizeof *data->derived);
  memcpy((*out)->rounding, data->rounding, numbers * sizeof *data->rounding);
  (*out)->action_precision = data->action_precision;
  for (int i = 0; i < n; i++) copy_part(data, &parts[i], i, *out);
  return DF_OK;
}
