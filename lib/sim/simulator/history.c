#include "history.h"

#include "dynaflow/core/alloc.h"

df_status df_history_init(df_history* history, int length, size_t state_size) {
  history->length = length;
  history->state_size = state_size;
  history->marks = df_alloc((size_t)length, sizeof *history->marks);
  return history->marks ? DF_OK : DF_E_NOMEM;
}

void df_history_free(df_history* history) {
  df_free(history->marks);
  df_free(history->starts);
  df_free(history->actions);
  df_free(history->front);
  *history = (df_history){0};
}

size_t df_history_bytes(const df_history* history, int nu) {
  const size_t n = (size_t)history->length;
  return n * sizeof *history->marks + (n + 1) * history->state_size * sizeof *history->starts +
         n * (size_t)nu * sizeof *history->actions;
}

df_status df_history_keep(df_history* history, int nu) {
  if (history->kept) return DF_OK;
  const size_t n = (size_t)history->length;
  history->starts = df_alloc(n * history->state_size, sizeof *history->starts);
  history->actions = df_alloc(n * (size_t)nu, sizeof *history->actions);
  history->front = df_alloc(history->state_size, sizeof *history->front);
  if (!history->starts || !history->actions || !history->front) return DF_E_NOMEM;
  history->kept = true;
  return DF_OK;
}
