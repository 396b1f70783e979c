#include "history.h"

#include "dynaflow/core/alloc.h"

df_status df_past_init(df_past* past, int length, size_t state_size) {
  past->length = length;
  past->state_size = state_size;
  past->marks = df_alloc((size_t)length, sizeof *past->marks);
  return past->marks ? DF_OK : DF_E_NOMEM;
}

void df_past_free(df_past* past) {
  df_free(past->marks);
  df_free(past->starts);
  df_free(past->actions);
  df_free(past->front);
  *past = (df_past){0};
}

size_t df_past_bytes(const df_past* past, int nu) {
  const size_t n = (size_t)past->length;
  return n * sizeof *past->marks + (n + 1) * past->state_size * sizeof *past->starts +
         n * (size_t)nu * sizeof *past->actions;
}

df_status df_past_keep(df_past* past, int nu) {
  if (past->kept) return DF_OK;
  const size_t n = (size_t)past->length;
  past->starts = df_alloc(n * past->state_size, sizeof *past->starts);
  past->actions = df_alloc(n * (size_t)nu, sizeof *past->actions);
  past->front = df_alloc(past->state_size, sizeof *past->front);
  if (!past->starts || !past->actions || !past->front) return DF_E_NOMEM;
  past->kept = true;
  return DF_OK;
}
