#include "dynaflow/io/safetensors.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

enum { LENGTH_BYTES = 8, MAX_RANK = 4, MAX_HEADER = 100000000 };

/* tensors are copied between memory and file without conversion, and the format is little-endian */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors.c assumes a little-endian machine");

static const struct {
  const char* name;
  size_t size;
} dtypes[] = {[DF_F32] = {"F32", 4}, [DF_F64] = {"F64", 8}, [DF_I64] = {"I64", 8}};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* the size of a tensor in bytes; false if it exceeds INT64_MAX */
static bool tensor_bytes(df_dtype dtype, int rank, const size_t* shape, size_t* out) {
  size_t n = dtypes[dtype].size;
  for (int i = 0; i < rank; i++) {
    if (shape[i] != 0 && n > (size_t)INT64_MAX / shape[i]) return false;
    n *= shape[i];
  }
  *out = n;
  return true;
}

static void shape_text(int rank, const size_t* shape, char out[128]) {
  size_t n = (size_t)snprintf(out, 128, "[");
  for (int i = 0; i < rank; i++) n += (size_t)snprintf(out + n, 128 - n, "%s%zu", i > 0 ? "," : "", shape[i]);
  snprintf(out + n, 128 - n, "]");
}

/* ---- checksums ---- */

/* a line per tensor, "name dtype shape sum", which are sorted */
typedef struct sums {
  char** line; /* [n] owned */
  size_t n, bytes;
} sums;

static df_status sums_new(int n, sums* out) {
  *out = (sums){.line = df_alloc((size_t)n + 1, sizeof *out->line)};
  return out->line ? DF_OK : DF_E_NOMEM;
}

static df_status sums_add(sums* s, const df_named_tensor* t, size_t bytes) {
  char shape[128], sum[DF_SHA256_TEXT];
  shape_text(t->rank, t->shape, shape);
  DF_TRY(df_sha256(bytes ? t->data : "", bytes, sum));
  const size_t n = strlen(t->name) + strlen(shape) + sizeof sum + 16;
  char* line = df_alloc(n, 1);
  if (!line) return DF_E_NOMEM;
  s->bytes += (size_t)snprintf(line, n, "%s %s %s %s\n", t->name, dtypes[t->dtype].name, shape, sum);
  s->line[s->n++] = line;
  return DF_OK;
}

static int by_text(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

/* the sum of the sorted lines, which are freed */
static df_status sums_end(sums* s, df_status status, char out[DF_SHA256_TEXT]) {
  char* all = df_alloc(s->bytes + 1, 1);
  size_t at = 0;
  if (!all && status == DF_OK) status = DF_E_NOMEM;
  qsort(s->line, s->n, sizeof *s->line, by_text);
  for (size_t i = 0; i < s->n; i++) {
    const size_t n = strlen(s->line[i]);
    if (all) memcpy(all + at, s->line[i], n);
    at += n;
    df_free(s->line[i]);
  }
  if (status == DF_OK) status = df_sha256(all, at, out);
  df_free(all);
  df_free(s->line);
  return status;
}

df_status df_safetensors_sum(int n, const df_named_tensor* tensors, char out[DF_SHA256_TEXT]) {
  DF_REQUIRE(n == 0 || tensors, "df_safetensors_sum: tensors is NULL");
  DF_REQUIRE_POINTER(out);
  sums all;
  DF_TRY(sums_new(n, &all));
  df_status status = DF_OK;
  for (int i = 0; i < n && status == DF_OK; i++) {
    const df_named_tensor* t = &tensors[i];
    size_t bytes = 0;
    status = tensor_bytes(t->dtype, t->rank, t->shape, &bytes)
                 ? sums_add(&all, t, bytes)
                 : df_fail(DF_E_ARG, "df_safetensors_sum: tensor '%s' is too large", t->name);
  }
  return sums_end(&all, status, out);
}

/* ---- writing ---- */

/* the header entry of a tensor; NULL if memory is short */
static json_t* describe(const df_named_tensor* tensor, size_t begin, size_t end) {
  json_t* shape = json_array();
  for (int i = 0; shape && i < tensor->rank; i++) {
    if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i])) != 0) {
      json_decref(shape);
      return NULL;
    }
  }
  return json_pack("{s:s, s:o, s:[I,I]}", "dtype", dtypes[tensor->dtype].name, "shape", shape, "data_offsets",
                   (json_int_t)begin, (json_int_t)end);
}

/* adds the string pairs to the header */
static df_status add_metadata(const char* path, json_t* header, int n, const df_text_pair* pairs) {
  if (n == 0) return DF_OK;
  json_t* dictionary = json_object();
  if (!dictionary || json_object_set_new(header, "__metadata__", dictionary) != 0) {
    return df_fail(DF_E_NOMEM, "%s: not enough memory for the header", path);
  }
  for (int i = 0; i < n; i++) {
    DF_REQUIRE(pairs[i].key && pairs[i].value, "%s: metadata pair %d has no key or no value", path, i);
    DF_REQUIRE(!json_object_get(dictionary, pairs[i].key), "%s: metadata key '%s' occurs twice", path, pairs[i].key);
    json_t* text = json_string(pairs[i].value);
    DF_REQUIRE(text, "%s: metadata '%s' is not UTF-8", path, pairs[i].key);
    if (json_object_set_new(dictionary, pairs[i].key, text) != 0) {
      return df_fail(DF_E_ARG, "%s: metadata key '%s' is not UTF-8", path, pairs[i].key);
    }
  }
  return DF_OK;
}

/* adds the entries of all tensors to the header; *total: size of their data */
static df_status add_tensors(const char* path, json_t* header, int n, const df_named_tensor* tensors, size_t* total) {
  *total = 0;
  for (int i = 0; i < n; i++) {
    const df_named_tensor* t = &tensors[i];
    DF_REQUIRE(t->name && strcmp(t->name, "__metadata__") != 0, "%s: tensor %d has no valid name", path, i);
    DF_REQUIRE(t->rank >= 0 && t->rank <= MAX_RANK && (int)t->dtype >= 0 && (int)t->dtype < DTYPES,
               "%s: tensor '%s': invalid rank %d or type %d", path, t->name, t->rank, (int)t->dtype);
    DF_REQUIRE(!json_object_get(header, t->name), "%s: tensor '%s' occurs twice", path, t->name);
    size_t bytes = 0;
    DF_REQUIRE(tensor_bytes(t->dtype, t->rank, t->shape, &bytes) && *total <= (size_t)INT64_MAX / 2 - bytes / 2,
               "%s: tensor '%s': too large", path, t->name);
    DF_REQUIRE(bytes == 0 || t->data, "%s: tensor '%s': no data", path, t->name);
    json_t* entry = describe(t, *total, *total + bytes);
    if (!entry || json_object_set_new(header, t->name, entry) != 0) {
      return df_fail(DF_E_NOMEM, "%s: tensor '%s': not enough memory for the header", path, t->name);
    }
    *total += bytes;
  }
  return DF_OK;
}

/* writes the file: header length, header padded with spaces to a multiple of 8 bytes, tensors */
static df_status assemble(const char* path, const char* text, int n, const df_named_tensor* tensors, size_t total) {
  const size_t used = strlen(text), padded = (used + 7) / 8 * 8;
  char* bytes = df_alloc(LENGTH_BYTES + padded + total, 1);
  if (!bytes) return DF_E_NOMEM;
  const uint64_t length = padded;
  memcpy(bytes, &length, LENGTH_BYTES);
  memcpy(bytes + LENGTH_BYTES, text, used);
  memset(bytes + LENGTH_BYTES + used, ' ', padded - used);
  char* at = bytes + LENGTH_BYTES + padded;
  for (int i = 0; i < n; i++) {
    size_t size = 0;
    if (tensor_bytes(tensors[i].dtype, tensors[i].rank, tensors[i].shape, &size) && size > 0) {
      memcpy(at, tensors[i].data, size);
    }
    at += size;
  }
  const df_status status = df_file_write(path, bytes, LENGTH_BYTES + padded + total);
  df_free(bytes);
  return status;
}

df_status df_safetensors_write(const char* path, int n, const df_named_tensor* tensors, int n_metadata,
                               const df_text_pair* metadata) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE(n >= 0 && n_metadata >= 0, "df_safetensors_write: negative count: n = %d, n_metadata = %d", n, n_metadata);
  DF_REQUIRE(n == 0 || tensors, "df_safetensors_write: tensors is NULL");
  DF_REQUIRE(n_metadata == 0 || metadata, "df_safetensors_write: metadata is NULL");
  json_t* header = json_object();
  if (!header) return df_fail(DF_E_NOMEM, "%s: not enough memory for the header", path);
  size_t total = 0;
  df_status status = add_metadata(path, header, n_metadata, metadata);
  if (status == DF_OK) status = add_tensors(path, header, n, tensors, &total);
  char* text = status == DF_OK ? json_dumps(header, JSON_COMPACT) : NULL;
  json_decref(header);
  if (status == DF_OK && !text) status = df_fail(DF_E_NOMEM, "%s: not enough memory for the header", path);
  if (status == DF_OK) status = assemble(path, text, n, tensors, total);
  free(text);
  return status;
}

/* ---- reading ---- */

/* a tensor of an open file */
typedef struct entry {
  const char* name; /* owned by the header */
  df_dtype dtype;
  int rank;
  size_t shape[MAX_RANK];
  size_t begin, end; /* byte range in the data */
} entry;

struct df_safetensors {
  char* path;
  char* bytes;      /* the whole file */
  const char* data; /* the tensors, inside `bytes` */
  size_t data_size;
  json_t* header;
  int n;
  entry* tensor; /* sorted by position */
};

/* reads the file and parses its JSON header */
static df_status read_header(df_safetensors* file) {
  size_t size = 0;

  /* header length */
  DF_TRY(df_file_read(file->path, &file->bytes, &size));
  if (size < LENGTH_BYTES) return df_fail(DF_E_FORMAT, "%s: truncated: %zu bytes", file->path, size);
  uint64_t length;
  memcpy(&length, file->bytes, LENGTH_BYTES);
  if (length > MAX_HEADER || length > size - LENGTH_BYTES) {
    return df_fail(DF_E_FORMAT, "%s: header length %llu in a file of %zu bytes: not a safetensors file, or truncated",
                   file->path, (unsigned long long)length, size);
  }

  /* JSON header, then data */
  if (length == 0 || file->bytes[LENGTH_BYTES] != '{') {
    return df_fail(DF_E_FORMAT, "%s: the header is not a JSON object", file->path);
  }
  json_error_t error;
  file->header = json_loadb(file->bytes + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
  if (!file->header) {
    return df_fail(DF_E_FORMAT, "%s: header: %s at byte %d", file->path, error.text, error.position);
  }
  file->data = file->bytes + LENGTH_BYTES + length;
  file->data_size = size - LENGTH_BYTES - (size_t)length;
  return DF_OK;
}

static bool get_size(const json_t* value, size_t* out) {
  if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
  *out = (size_t)json_integer_value(value);
  return true;
}

static df_status fail_tensor(const df_safetensors* file, const char* name, const char* what) {
  return df_fail(DF_E_FORMAT, "%s: tensor '%s': %s", file->path, name, what);
}

/* parses and checks the header entry of one tensor */
static df_status read_entry(const df_safetensors* file, const char* name, const json_t* value, entry* out) {
  const json_t* dtype = json_object_get(value, "dtype");
  const json_t* shape = json_object_get(value, "shape");
  const json_t* offsets = json_object_get(value, "data_offsets");
  if (!json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets) || json_object_size(value) != 3) {
    return fail_tensor(file, name, "expected dtype, shape and data_offsets, and nothing else");
  }

  /* dtype and shape */
  int which = 0;
  while (which < DTYPES && strcmp(dtypes[which].name, json_string_value(dtype)) != 0) which++;
  if (which == DTYPES) {
    return df_fail(DF_E_FORMAT, "%s: tensor '%s': dtype '%s' is not supported (F32, F64, I64)", file->path, name,
                   json_string_value(dtype));
  }
  if (json_array_size(shape) > MAX_RANK) return fail_tensor(file, name, "more than 4 dimensions");
  *out = (entry){.name = name, .dtype = (df_dtype)which, .rank = (int)json_array_size(shape)};
  for (int i = 0; i < out->rank; i++) {
    if (!get_size(json_array_get(shape, (size_t)i), &out->shape[i])) return fail_tensor(file, name, "bad shape");
  }

  /* the byte range must lie in the file and have the size of the tensor */
  size_t bytes = 0;
  if (!tensor_bytes(out->dtype, out->rank, out->shape, &bytes)) return fail_tensor(file, name, "shape too large");
  if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &out->begin) ||
      !get_size(json_array_get(offsets, 1), &out->end) || out->begin > out->end) {
    return fail_tensor(file, name, "bad data_offsets");
  }
  if (out->end > file->data_size) return fail_tensor(file, name, "data_offsets beyond the end of the file: truncated");
  if (out->end - out->begin != bytes) return fail_tensor(file, name, "data_offsets differ from dtype and shape");
  return DF_OK;
}

static int by_position(const void* a, const void* b) {
  const entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static df_status check_metadata(const df_safetensors* file, json_t* dictionary) {
  if (!json_is_object(dictionary)) return df_fail(DF_E_FORMAT, "%s: __metadata__ is not an object", file->path);
  const char* key;
  json_t* value;
  json_object_foreach(dictionary, key, value) {
    if (!json_is_string(value)) return df_fail(DF_E_FORMAT, "%s: metadata '%s' is not a string", file->path, key);
  }
  return DF_OK;
}

static df_status build(df_safetensors* file, const char* path) {
  file->path = df_strdup(path);
  if (!file->path) return DF_E_NOMEM;
  DF_TRY(read_header(file));

  /* parse the entries of all tensors and check the metadata */
  file->tensor = df_alloc(json_object_size(file->header), sizeof *file->tensor);
  if (!file->tensor) return DF_E_NOMEM;
  const char* name;
  json_t* value;
  json_object_foreach(file->header, name, value) {
    if (strcmp(name, "__metadata__") == 0) {
      DF_TRY(check_metadata(file, value));
      continue;
    }
    DF_TRY(read_entry(file, name, value, &file->tensor[file->n]));
    file->n++;
  }

  /* the tensors must cover the data without gap or overlap */
  if (file->n > 0) qsort(file->tensor, (size_t)file->n, sizeof *file->tensor, by_position);
  size_t at = 0;
  for (int i = 0; i < file->n; i++) {
    if (file->tensor[i].begin != at) return fail_tensor(file, file->tensor[i].name, "gap or overlap in data_offsets");
    at = file->tensor[i].end;
  }
  if (at != file->data_size) {
    return df_fail(DF_E_FORMAT, "%s: %zu bytes of tensors, but the header describes %zu", file->path, file->data_size,
                   at);
  }
  return DF_OK;
}

df_status df_safetensors_open(const char* path, df_safetensors** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  df_safetensors* file = df_alloc(1, sizeof *file);
  if (!file) return DF_E_NOMEM;
  const df_status status = build(file, path);
  if (status != DF_OK) {
    df_safetensors_close(file);
    return status;
  }
  *out = file;
  return DF_OK;
}

void df_safetensors_close(df_safetensors* file) {
  if (!file) return;
  json_decref(file->header);
  df_free(file->tensor);
  df_free(file->bytes);
  df_free(file->path);
  df_free(file);
}

df_status df_safetensors_file_sum(const df_safetensors* file, char out[DF_SHA256_TEXT]) {
  DF_REQUIRE_POINTER(file);
  DF_REQUIRE_POINTER(out);
  sums all;
  DF_TRY(sums_new(file->n, &all));
  df_status status = DF_OK;
  for (int i = 0; i < file->n && status == DF_OK; i++) {
    const entry* e = &file->tensor[i];
    df_named_tensor t = {.name = e->name, .dtype = e->dtype, .rank = e->rank, .data = file->data + e->begin};
    memcpy(t.shape, e->shape, sizeof e->shape);
    status = sums_add(&all, &t, e->end - e->begin);
  }
  return sums_end(&all, status, out);
}

df_status df_safetensors_check_sum(const df_safetensors* file, const char* path) {
  DF_REQUIRE_POINTER(file);
  DF_REQUIRE_POINTER(path);
  char sum[DF_SHA256_TEXT];
  const char* written = df_safetensors_metadata(file, DF_TENSORS_SUM_KEY);
  if (!written) return DF_OK;
  DF_TRY(df_safetensors_file_sum(file, sum));
  if (strcmp(sum, written) == 0) return DF_OK;
  return df_fail(DF_E_FORMAT,
                 "%s: damaged: its tensors do not have the checksum that was written with them; restore the file, or "
                 "train again",
                 path);
}

const char* df_safetensors_metadata(const df_safetensors* file, const char* key) {
  return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

int df_safetensors_count(const df_safetensors* file) {
  return file->n;
}

const char* df_safetensors_name(const df_safetensors* file, int i, size_t* elements) {
  if (i < 0 || i >= file->n) return NULL;
  *elements = 1;
  for (int k = 0; k < file->tensor[i].rank; k++) *elements *= file->tensor[i].shape[k];
  return file->tensor[i].name;
}

df_status df_safetensors_read(const df_safetensors* file, const char* name, df_dtype dtype, int rank,
                              const size_t* shape, void* out) {
  DF_REQUIRE_POINTER(file);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(rank >= 0 && rank <= MAX_RANK && (int)dtype >= 0 && (int)dtype < DTYPES,
             "df_safetensors_read: rank %d or dtype %d is out of range", rank, (int)dtype);
  DF_REQUIRE(rank == 0 || shape, "df_safetensors_read: shape is NULL");
  const entry* found = NULL;
  for (int i = 0; i < file->n && !found; i++) {
    if (strcmp(file->tensor[i].name, name) == 0) found = &file->tensor[i];
  }
  if (!found) return df_fail(DF_E_MISMATCH, "%s: no tensor '%s'", file->path, name);

  /* type and shape must match exactly */
  bool same = found->dtype == dtype && found->rank == rank;
  for (int i = 0; same && i < rank; i++) same = found->shape[i] == shape[i];
  if (!same) {
    char has[128], wanted[128];
    shape_text(found->rank, found->shape, has);
    shape_text(rank, shape, wanted);
    return df_fail(DF_E_MISMATCH, "%s: tensor '%s' is %s %s, expected %s %s", file->path, name,
                   dtypes[found->dtype].name, has, dtypes[dtype].name, wanted);
  }
  if (found->end > found->begin) memcpy(out, file->data + found->begin, found->end - found->begin);
  return DF_OK;
}
