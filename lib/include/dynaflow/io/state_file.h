/* state_file.h: the state of an interrupted training as a safetensors file of named arrays, with the identity of what
 * it belongs to and a checksum of everything in it, so that a file that is not believed is not used. */
#ifndef DYNAFLOW_IO_STATE_FILE_H
#define DYNAFLOW_IO_STATE_FILE_H

#include "dynaflow/io/safetensors.h"

DF_BEGIN_DECLS

enum { DF_STATE_ARRAYS_MAX = 32 };

typedef struct df_state_array {
  const char* name;
  df_dtype dtype;
  size_t n;
  void* data; /* [n], not owned */
} df_state_array;

/* The size of its data. */
DF_API size_t df_state_array_bytes(const df_state_array* array);

/* Writes n arrays atomically. `identity` is a text that says what the state belongs to, not NULL. Errors: those of
 * df_safetensors_write(); DF_E_ARG for more than DF_STATE_ARRAYS_MAX. */
DF_API DF_MUST_CHECK df_status df_state_write(const char* path, int n, const df_state_array* arrays,
                                              const char* identity);

/* DF_OK if what was read, in the order of the arrays, is believed; else a status with the reason */
typedef df_status (*df_state_check_fn)(const void* context, const df_state_array* copies);

/* Reads n arrays, or none of them: the data are written only if the whole file is good, and `check`, which may be NULL,
 * believes it. Errors: DF_E_FORMAT, with the reason, for a damaged file or one of other arrays; DF_E_MISMATCH for a
 * whole one of another identity, which it names; those of `check`; DF_E_MISSING, DF_E_IO, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_state_read(const char* path, int n, const df_state_array* arrays,
                                             const char* identity, df_state_check_fn check, const void* context);

DF_END_DECLS

#endif
