/* safetensors.h: files of named tensors with a dictionary of strings, readable by Python's safetensors package. The
 * layout is: the header length as 8 little-endian bytes, a JSON header, the bytes of the tensors. */
#ifndef DYNAFLOW_IO_SAFETENSORS_H
#define DYNAFLOW_IO_SAFETENSORS_H

#include <stddef.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

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

/* Writes n tensors and n_metadata string pairs atomically (file.h). The same content always gives the same bytes.
 * Errors name the path and the tensor or key: DF_E_ARG (a missing or repeated name, rank above 4, NULL data, text that
 * is not UTF-8, a size that overflows), DF_E_IO, DF_E_MISSING, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_safetensors_write(const char* path, int n, const df_named_tensor* tensors,
                                                    int n_metadata, const df_text_pair* metadata);

/* Writes to `out` a checksum of n tensors in hexadecimal digits: the SHA-256 of a line "NAME DTYPE [SHAPE] SUM" per
 * tensor, where SUM is the SHA-256 of its data. The lines are sorted, so that the order of the tensors does not matter.
 * DF_E_ARG for a NULL argument or a size that overflows; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_safetensors_sum(int n, const df_named_tensor* tensors, char out[DF_SHA256_TEXT]);

typedef struct df_safetensors df_safetensors;

/* Reads a whole file into memory and checks its header, offsets and sizes. The caller releases *out with
 * df_safetensors_close(); on failure *out is NULL. Errors: DF_E_FORMAT, which names the path and the fault;
 * DF_E_MISSING, DF_E_IO, DF_E_NOMEM; DF_E_ARG for a NULL path. */
DF_API DF_MUST_CHECK df_status df_safetensors_open(const char* path, df_safetensors** out);
DF_API void df_safetensors_close(df_safetensors* file); /* NULL is allowed */

/* Returns the string stored under `key`, owned by `file`; NULL if absent. */
DF_API const char* df_safetensors_metadata(const df_safetensors* file, const char* key);

/* The number of tensors, and the name of tensor i, owned by `file`, with its number of elements, in the order of their
 * data in the file; NULL unless 0 <= i < count. `elements` must not be NULL. */
DF_API int df_safetensors_count(const df_safetensors* file);
DF_API const char* df_safetensors_name(const df_safetensors* file, int i, size_t* elements);

/* The checksum of df_safetensors_sum() of the tensors of the file. Errors: the same. */
DF_API DF_MUST_CHECK df_status df_safetensors_file_sum(const df_safetensors* file, char out[DF_SHA256_TEXT]);

/* the entry for the checksum of a file's tensors */
#define DF_TENSORS_SUM_KEY "dynaflow.weights_sha256"

/* DF_E_FORMAT, which names `path`, if the file has an entry DF_TENSORS_SUM_KEY that is not the checksum of its tensors:
 * a bit of them, or the name or shape of one, has changed since they were written. A file without the entry, as older
 * versions wrote, passes. Errors else: those of df_safetensors_file_sum(). */
DF_API DF_MUST_CHECK df_status df_safetensors_check_sum(const df_safetensors* file, const char* path);

/* Copies the tensor `name` to `out`, which has room for its elements. Its type and shape [rank] must be exactly as
 * given: DF_E_MISMATCH names both shapes, or a missing tensor. DF_E_ARG for a NULL argument, rank or dtype out of
 * range. */
DF_API DF_MUST_CHECK df_status df_safetensors_read(const df_safetensors* file, const char* name, df_dtype dtype,
                                                   int rank, const size_t* shape, void* out);

DF_END_DECLS

#endif
