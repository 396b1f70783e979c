/* safetensors.h: named tensors with a string dictionary, in the layout that Python's safetensors package opens:
 * 8 bytes of little-endian header length, a JSON header, the bytes of the tensors. */
#ifndef DYNAFLOW_DATA_SAFETENSORS_H
#define DYNAFLOW_DATA_SAFETENSORS_H

#include <stddef.h>

#include "dynaflow/core/status.h"

typedef enum df_dtype { DF_F32, DF_F64, DF_I64 } df_dtype;

typedef struct df_named_tensor {
  const char* name;
  df_dtype dtype;
  int rank;
  size_t shape[4];
  const void* data; /* row-major, little-endian */
} df_named_tensor;

typedef struct df_text_pair {
  const char* key;
  const char* value;
} df_text_pair;

/* Writes atomically; the same content gives the same bytes. */
DF_API DF_MUST_CHECK df_status df_safetensors_write(const char* path, int n, const df_named_tensor* tensors,
                                                    int n_metadata, const df_text_pair* metadata);

typedef struct df_safetensors df_safetensors;

/* Reads a whole file and checks header, offsets and sizes. DF_E_FORMAT names path and what is wrong. */
DF_API DF_MUST_CHECK df_status df_safetensors_open(const char* path, df_safetensors** out);
DF_API void df_safetensors_close(df_safetensors* file);
DF_API const char* df_safetensors_metadata(const df_safetensors* file, const char* key); /* NULL if absent */

/* Copies tensor `name` of exactly this type and shape to `out`; DF_E_MISMATCH names both shapes otherwise. */
DF_API DF_MUST_CHECK df_status df_safetensors_read(const df_safetensors* file, const char* name, df_dtype dtype,
                                                   int rank, const size_t* shape, void* out);

#endif
