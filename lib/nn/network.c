#include "network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "dynaflow/core/assert.h"

size_t df_net_add(df_net* net, df_tensor_init start, size_t rows, size_t columns, size_t fan_in, size_t fan_out,
                  const char* format, ...) {
  const int i = net->n_tensors++;
  df_tensor* tensor = &net->tensors[i];

  /* name, shape and place */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(tensor->name, sizeof tensor->name, format, arguments);
  va_end(arguments);
  tensor->rank = columns > 0 ? 2 : 1;
  tensor->shape[0] = rows;
  tensor->shape[1] = columns > 0 ? columns : 1;
  tensor->offset = net->n_parameters;
  tensor->count = rows * tensor->shape[1];

  /* weight decay and initialisation: the Glorot limit is sqrt(6 / (fan_in + fan_out)) */
  tensor->decay = columns > 0 && start != DF_INIT_POSITION;
  net->starts[i] = start;
  net->limits[i] = sqrt(6. / (double)((fan_in ? fan_in : columns) + (fan_out ? fan_out : rows)));
  net->n_parameters += tensor->count;
  return tensor->offset;
}

/* ---- activations ---- */
df_real* df_arena_take(df_arena* pieces, size_t n) {
  df_real* piece = pieces->memory ? pieces->memory + pieces->used : NULL;
  /* round up to an odd number of cache lines, so that arrays of equal size do not map to the same cache sets */
  const size_t line = 64 / sizeof(df_real);
  pieces->used += ((n + line - 1) / line | 1) * line;
  DF_ASSERT(!pieces->memory || pieces->used <= pieces->size);
  return piece;
}
