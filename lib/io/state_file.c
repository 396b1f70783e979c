#include "dynaflow/io/state_file.h"

#include <stdint.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"

static const char *const IDENTITY = "dynaflow.training", *const CHECKSUM = "dynaflow.sha256";

size_t df_state_array_bytes(const df_state_array* a) {
  return a->n * (a->dtype == DF_F32 ? sizeof(float) : a->dtype == DF_F64 ? sizeof(double) : sizeof(int64_t));
}

/* SHA-256 over the SHA-256 of the identity and of every array */
static df_status checksum(int n, const df_state_array* arrays, const char* identity, char sum[DF_SHA256_TEXT]) {
  char sums[(1 + DF_STATE_ARRAYS_MAX) * (DF_SHA256_TEXT - 1) + 1];
  DF_TRY(df_sha256(identity, strlen(identity), sums));
  for (int i = 0; i < n; i++) {
    DF_TRY(df_sha256(arrays[i].data, df_state_array_bytes(&arrays[i]), sums + (size_t)(i + 1) * (DF_SHA256_TEXT - 1)));
  }
  return df_sha256(sums, (size_t)(n + 1) * (DF_SHA256_TEXT - 1), sum);
}

df_status df_state_write(const char* path, int n, const df_state_array* arrays, const char* identity) {
  DF_REQUIRE(n <= DF_STATE_ARRAYS_MAX, "%s: %d arrays, at most %d", path, n, DF_STATE_ARRAYS_MAX);
  df_named_tensor tensors[DF_STATE_ARRAYS_MAX];
  char sum[DF_SHA256_TEXT];
  for (int i = 0; i < n; i++) {
    const df_state_array* a = &arrays[i];
    tensors[i] = (df_named_tensor){.name = a->name, .dtype = a->dtype, .rank = 1, .shape = {a->n}, .data = a->data};
  }
  DF_TRY(checksum(n, arrays, identity, sum));
  const df_text_pair metadata[] = {{IDENTITY, identity}, {CHECKSUM, sum}};
  return df_safetensors_write(path, n, tensors, 2, metadata);
}

static df_status read_copies(const df_safetensors* file, int n, const df_state_array* copies, const char* identity) {
  const char *found = df_safetensors_metadata(file, IDENTITY), *expected = df_safetensors_metadata(file, CHECKSUM);
  char sum[DF_SHA256_TEXT];
  if (!found || !expected) return df_fail(DF_E_FORMAT, "it has no checksum");
  for (int i = 0; i < n; i++) {
    const df_state_array* a = &copies[i];
    const df_status status = df_safetensors_read(file, a->name, a->dtype, 1, &a->n, a->data);
    if (status == DF_E_MISMATCH) return df_fail(DF_E_FORMAT, "%s", df_error_message());
    DF_TRY(status);
  }
  DF_TRY(checksum(n, copies, found, sum));
  if (strcmp(sum, expected) != 0) return df_fail(DF_E_FORMAT, "its content does not have its checksum");
  if (strcmp(found, identity) != 0) return df_fail(DF_E_MISMATCH, "the state of another training (%s)", found);
  return DF_OK;
}

df_status df_state_read(const char* path, int n, const df_state_array* arrays, const char* identity,
                        df_state_check_fn check, const void* context) {
  DF_REQUIRE(n <= DF_STATE_ARRAYS_MAX, "%s: %d arrays, at most %d", path, n, DF_STATE_ARRAYS_MAX);
  df_state_array copies[DF_STATE_ARRAYS_MAX];
  size_t bytes = 0, used = 0;
  for (int i = 0; i < n; i++) bytes += (df_state_array_bytes(&arrays[i]) + 7) / 8 * 8;
  char* work = df_alloc(bytes, 1);
  if (!work) return DF_E_NOMEM;
  for (int i = 0; i < n; i++) {
    copies[i] = arrays[i];
    copies[i].data = work + used;
    used += (df_state_array_bytes(&arrays[i]) + 7) / 8 * 8;
  }
  df_safetensors* file;
  df_status status = df_safetensors_open(path, &file);
  if (status == DF_OK) status = read_copies(file, n, copies, identity);
  if (status == DF_OK && check) status = check(context, copies);
  for (int i = 0; i < n && status == DF_OK; i++)
    memcpy(arrays[i].data, copies[i].data, df_state_array_bytes(&arrays[i]));
  df_safetensors_close(file);
  df_free(work);
  return status;
}
