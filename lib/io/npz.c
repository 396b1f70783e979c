#include "dynaflow/io/npz.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "charge.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "npz_header.h"

struct df_npz {
  char* path;
  char* bytes; /* the whole file */
  size_t size;
  zip_t* zip; /* NULL for a lone .npy */
  int count;
  char** key;
  size_t* charged; /* [count] bytes of memory that an array takes, once it is read */
  df_charge charge;
};

/* upper bound of deflate's compression ratio: an entry that claims more is corrupt and would only cost memory */
enum { MAX_INFLATION = 1040 };

/* ---- opening ---- */

/* copies the name of an archive entry without its ".npy" */
static char* key_of(const char* name) {
  const size_t n = strlen(name), tail = strlen(".npy");
  char* key = df_strdup(name);
  if (key && n > tail && strcmp(name + n - tail, ".npy") == 0) key[n - tail] = '\0';
  return key;
}

static df_status fail_zip(const df_npz* npz, zip_error_t* error) {
  const df_status status = zip_error_code_zip(error) == ZIP_ER_MEMORY ? DF_E_NOMEM : DF_E_FORMAT;
  if (zip_error_code_zip(error) == ZIP_ER_EXISTS) {
    return df_fail(status, "%s: two arrays have the same name; write each one once", npz->path);
  }
  return df_fail(status, "%s: not a readable zip archive: %s", npz->path, zip_error_strerror(error));
}

/* opens the zip archive in npz->bytes */
static df_status open_zip(df_npz* npz) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(npz->bytes, npz->size, 0, &error);
  npz->zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
  if (!npz->zip) {
    zip_source_free(source);
    const df_status status = fail_zip(npz, &error);
    zip_error_fini(&error);
    return status;
  }
  zip_error_fini(&error);
  return DF_OK;
}

/* fails if the archive also has an entry `name`.npy, which has the same key as `name` */
static df_status check_twin(const df_npz* npz, const char* name) {
  const size_t n = strlen(name) + sizeof ".npy";
  char* twin = df_alloc(n, 1);
  if (!twin) return DF_E_NOMEM;
  snprintf(twin, n, "%s.npy", name);
  const bool found = zip_name_locate(npz->zip, twin, 0) >= 0;
  df_free(twin);
  if (!found) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: two entries have the key '%s': '%s' and '%s.npy'", npz->path, name, name, name);
}

/* lists the keys of the archive, which must be distinct */
static df_status list_keys(df_npz* npz) {
  const zip_int64_t n = zip_get_num_entries(npz->zip, 0);
  if (n < 0 || n > 1000000) return df_fail(DF_E_FORMAT, "%s: %lld entries, at most 1000000", npz->path, (long long)n);
  npz->key = df_alloc((size_t)n, sizeof *npz->key);
  if (!npz->key) return DF_E_NOMEM;
  for (zip_int64_t i = 0; i < n; i++) {
    const char* name = zip_get_name(npz->zip, (zip_uint64_t)i, 0);
    if (!name) return df_fail(DF_E_FORMAT, "%s: entry %lld has no name", npz->path, (long long)i);
    if (zip_name_locate(npz->zip, name, 0) != i) {
      return df_fail(DF_E_FORMAT, "%s: two entries are named '%s'", npz->path, name);
    }
    npz->key[i] = key_of(name);
    if (!npz->key[i]) return DF_E_NOMEM;
    npz->count++;
    if (strcmp(npz->key[i], name) == 0) DF_TRY(check_twin(npz, name));
  }
  return DF_OK;
}

/* treats a .npy file as an archive of one array */
static df_status open_lone(df_npz* npz) {
  const char* slash = strrchr(npz->path, '/');
  npz->key = df_alloc(1, sizeof *npz->key);
  if (!npz->key) return DF_E_NOMEM;
  npz->key[0] = key_of(slash ? slash + 1 : npz->path);
  if (!npz->key[0]) return DF_E_NOMEM;
  npz->count = 1;
  return DF_OK;
}

static df_status build(df_npz* npz, const char* path) {
  npz->path = df_strdup(path);
  if (!npz->path) return DF_E_NOMEM;
  DF_TRY(df_file_read(path, &npz->bytes, &npz->size));
  npz->charge = (df_charge){.path = npz->path, .file_size = npz->size};
  if (npz->size >= 6 && memcmp(npz->bytes, "\x93NUMPY", 6) == 0) return open_lone(npz);
  /* libzip would accept an empty file as an empty archive */
  if (npz->size == 0) return df_fail(DF_E_FORMAT, "%s: empty file", path);
  DF_TRY(open_zip(npz));
  DF_TRY(list_keys(npz));
  npz->charged = df_alloc((size_t)npz->count, sizeof *npz->charged);
  return npz->charged ? DF_OK : DF_E_NOMEM;
}

df_status df_npz_open(const char* path, df_npz** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  df_npz* npz = df_alloc(1, sizeof *npz);
  if (!npz) return DF_E_NOMEM;
  const df_status status = build(npz, path);
  if (status != DF_OK) {
    df_npz_close(npz);
    return status;
  }
  *out = npz;
  return DF_OK;
}

void df_npz_close(df_npz* npz) {
  if (!npz) return;
  if (npz->zip) zip_discard(npz->zip);
  for (int i = 0; i < npz->count; i++) df_free(npz->key[i]);
  df_free(npz->key);
  df_free(npz->charged);
  df_free(npz->bytes);
  df_free(npz->path);
  df_free(npz);
}

int df_npz_count(const df_npz* npz) {
  return npz->count;
}

const char* df_npz_key(const df_npz* npz, int i) {
  return i >= 0 && i < npz->count ? npz->key[i] : NULL;
}

bool df_npz_is_npy(const df_npz* npz, int i) {
  const char* name = npz->zip ? zip_get_name(npz->zip, (zip_uint64_t)i, 0) : NULL;
  return name && strcmp(name, npz->key[i]) != 0;
}

static int index_of(const df_npz* npz, const char* key) {
  for (int i = 0; i < npz->count; i++) {
    if (strcmp(npz->key[i], key) == 0) return i;
  }
  return -1;
}

bool df_npz_has(const df_npz* npz, const char* key) {
  return index_of(npz, key) >= 0;
}

/* ---- reading ---- */

static df_status fail_missing(const df_npz* npz, const char* key) {
  char list[512] = "";
  size_t n = 0;
  for (int i = 0; i < npz->count && n < sizeof list; i++) {
    n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ", " : "", npz->key[i]);
  }
  return df_fail(DF_E_FORMAT, "%s: no array '%s'; the file has: %s", npz->path, key, npz->count > 0 ? list : "none");
}

static df_status fail_entry(const df_npz* npz, const char* key, zip_error_t* error) {
  return df_fail(zip_error_code_zip(error) == ZIP_ER_MEMORY ? DF_E_NOMEM : DF_E_FORMAT, "%s: array '%s': %s", npz->path,
                 key, zip_error_strerror(error));
}

/* counts n bytes of memory for array i of an archive; fails if its arrays then take more than they may */
static df_status charge(df_npz* npz, int i, size_t n) {
  return npz->charged ? df_charge_array(&npz->charge, npz->key[i], &npz->charged[i], n) : DF_OK;
}

/* reads n bytes and the end of the entry, where libzip checks the CRC */
static df_status read_all(const df_npz* npz, zip_file_t* file, const char* key, unsigned char* bytes, size_t n) {
  size_t done = 0;
  while (done < n) {
    const zip_int64_t k = zip_fread(file, bytes + done, n - done);
    if (k < 0) return fail_entry(npz, key, zip_file_get_error(file));
    if (k == 0) return df_fail(DF_E_FORMAT, "%s: array '%s': truncated", npz->path, key);
    done += (size_t)k;
  }
  unsigned char beyond;
  const zip_int64_t k = zip_fread(file, &beyond, 1);
  if (k < 0) return fail_entry(npz, key, zip_file_get_error(file));
  if (k > 0) return df_fail(DF_E_FORMAT, "%s: array '%s': longer than its size in the archive", npz->path, key);
  return DF_OK;
}

/* reads the bytes of entry i; the caller frees *bytes */
static df_status read_entry(df_npz* npz, int i, unsigned char** bytes, size_t* n) {
  /* check the recorded sizes before allocating */
  const char* key = npz->key[i];
  zip_stat_t info;
  if (zip_stat_index(npz->zip, (zip_uint64_t)i, 0, &info) != 0) {
    return fail_entry(npz, key, zip_get_error(npz->zip));
  }
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if ((info.valid & needed) != needed || info.comp_size > npz->size ||
      info.size > info.comp_size * MAX_INFLATION + MAX_INFLATION) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': inconsistent sizes in the archive", npz->path, key);
  }
  DF_TRY(charge(npz, i, (size_t)info.size));

  /* decompress */
  zip_file_t* file = zip_fopen_index(npz->zip, (zip_uint64_t)i, 0);
  if (!file) return fail_entry(npz, key, zip_get_error(npz->zip));
  unsigned char* memory = df_alloc((size_t)info.size, 1);
  const df_status status = memory ? read_all(npz, file, key, memory, (size_t)info.size) : DF_E_NOMEM;
  zip_fclose(file);
  if (status != DF_OK) {
    df_free(memory);
    return status;
  }
  *bytes = memory;
  *n = (size_t)info.size;
  return DF_OK;
}

/* parses entry `key`; the caller frees *owned, which contains the elements, also on failure, and gets its index */
static df_status parse_entry(df_npz* npz, const char* key, unsigned char** owned, df_npy* npy, int* index) {
  *owned = NULL;
  const int i = *index = index_of(npz, key);
  if (i < 0) return fail_missing(npz, key);
  if (!npz->zip) return df_npy_parse((const unsigned char*)npz->bytes, npz->size, npz->path, key, npy);
  size_t n = 0;
  DF_TRY(read_entry(npz, i, owned, &n));
  return df_npy_parse(*owned, n, npz->path, key, npy);
}

/* reads the beginning of entry i, at most `most` bytes; returns how many */
static df_status read_beginning(df_npz* npz, int i, unsigned char* bytes, size_t most, size_t* n) {
  zip_file_t* file = zip_fopen_index(npz->zip, (zip_uint64_t)i, 0);
  if (!file) return fail_entry(npz, npz->key[i], zip_get_error(npz->zip));
  zip_int64_t k = 1;
  for (*n = 0; *n < most && k > 0; *n += k > 0 ? (size_t)k : 0) k = zip_fread(file, bytes + *n, most - *n);
  const df_status status = k < 0 ? fail_entry(npz, npz->key[i], zip_file_get_error(file)) : DF_OK;
  zip_fclose(file);
  return status;
}

df_status df_npz_header(df_npz* npz, int i, df_npy* out) {
  memset(out, 0, sizeof *out);
  if (!npz->zip) return df_npy_header((const unsigned char*)npz->bytes, npz->size, npz->path, npz->key[i], out);
  unsigned char bytes[DF_NPY_MAX_PREAMBLE + DF_NPY_MAX_HEADER];
  size_t n = 0;
  DF_TRY(read_beginning(npz, i, bytes, sizeof bytes, &n));
  const df_status status = df_npy_header(bytes, n, npz->path, npz->key[i], out);
  out->data = NULL;
  return status;
}

df_status df_npz_read(df_npz* npz, const char* key, df_array* out) {
  DF_REQUIRE_POINTER(out);
  memset(out, 0, sizeof *out);
  DF_REQUIRE_POINTER(npz);
  DF_REQUIRE_POINTER(key);
  unsigned char* owned;
  df_npy npy;
  int i;
  df_status status = parse_entry(npz, key, &owned, &npy, &i);
  /* df_npy_parse() ensures that this does not overflow */
  if (status == DF_OK) status = charge(npz, i, npy.count * sizeof(double));
  if (status == DF_OK) status = df_npy_values(&npy, npz->path, key, out);
  df_free(owned);
  return status;
}

df_status df_npz_read_text(df_npz* npz, const char* key, char** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(npz);
  DF_REQUIRE_POINTER(key);
  unsigned char* owned;
  df_npy npy;
  int i;
  df_status status = parse_entry(npz, key, &owned, &npy, &i);
  if (status == DF_OK) status = charge(npz, i, npy.count * (npy.item + 1));
  if (status == DF_OK) status = df_npy_text(&npy, npz->path, key, out);
  df_free(owned);
  return status;
}

void df_array_clear(df_array* array) {
  if (!array) return;
  df_free(array->values);
  memset(array, 0, sizeof *array);
}

/* ---- writing ---- */

static df_status fail_write(const char* path, zip_error_t* error) {
  return df_fail(zip_error_code_zip(error) == ZIP_ER_MEMORY ? DF_E_NOMEM : DF_E_IO, "%s: %s", path,
                 zip_error_strerror(error));
}

/* adds one array to the archive; the caller frees *bytes after the archive is closed */
static df_status add_entry(zip_t* zip, const char* path, const df_npz_entry* entry, unsigned char** bytes) {
  size_t n = 0;
  DF_TRY(df_npy_format(entry, path, bytes, &n));
  char name[256];
  if ((size_t)snprintf(name, sizeof name, "%s.npy", entry->key) >= sizeof name) {
    return df_fail(DF_E_ARG, "%s: array name '%s' is too long", path, entry->key);
  }
  zip_source_t* source = zip_source_buffer(zip, *bytes, n, 0);
  const zip_int64_t i = source ? zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) : -1;
  if (i < 0) {
    zip_source_free(source);
    return fail_write(path, zip_get_error(zip));
  }

  /* stored uncompressed and dated 1 January 1980: the bytes must not depend on the date or the time zone */
  const zip_uint16_t first_day = 0x21;
  if (zip_set_file_compression(zip, (zip_uint64_t)i, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(zip, (zip_uint64_t)i, 0, first_day, 0) != 0) {
    return fail_write(path, zip_get_error(zip));
  }
  return DF_OK;
}

/* writes the archive into `target`, which the caller still owns */
static df_status fill(zip_source_t* target, const char* path, int n, const df_npz_entry* entries,
                      unsigned char** bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_keep(target);
  zip_t* zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (!zip) {
    zip_source_free(target);
    const df_status status = fail_write(path, &error);
    zip_error_fini(&error);
    return status;
  }
  zip_error_fini(&error);
  df_status status = DF_OK;
  for (int i = 0; i < n && status == DF_OK; i++) status = add_entry(zip, path, &entries[i], &bytes[i]);
  if (status == DF_OK && zip_close(zip) != 0)
    status = fail_write(path, zip_get_error(zip));
  else if (status == DF_OK)
    return DF_OK;
  zip_discard(zip);
  return status;
}

/* copies the finished archive out of `target`; the caller frees *archive */
static df_status take(zip_source_t* target, const char* path, char** archive, size_t* n) {
  zip_stat_t info;
  if (zip_source_open(target) != 0) return fail_write(path, zip_source_error(target));
  if (zip_source_stat(target, &info) != 0 || (info.valid & ZIP_STAT_SIZE) == 0) {
    zip_source_close(target);
    return fail_write(path, zip_source_error(target));
  }
  *n = (size_t)info.size;
  *archive = df_alloc(*n, 1);
  size_t done = 0;
  while (*archive && done < *n) {
    const zip_int64_t k = zip_source_read(target, *archive + done, *n - done);
    if (k <= 0) break;
    done += (size_t)k;
  }
  zip_source_close(target);
  if (!*archive) return DF_E_NOMEM;
  return done == *n ? DF_OK : fail_write(path, zip_source_error(target));
}

static df_status check_entries(const char* path, int n, const df_npz_entry* entries) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(entries);
  DF_REQUIRE(n > 0, "df_npz_write: n is %d, must be at least 1", n);
  for (int i = 0; i < n; i++) {
    DF_REQUIRE(entries[i].key && entries[i].key[0] != '\0', "%s: array %d has no name", path, i);
    for (int j = 0; j < i; j++) {
      DF_REQUIRE(strcmp(entries[i].key, entries[j].key) != 0, "%s: two arrays are named '%s'", path, entries[i].key);
    }
  }
  return DF_OK;
}

df_status df_npz_write(const char* path, int n, const df_npz_entry* entries) {
  DF_TRY(check_entries(path, n, entries));

  /* build the archive in memory, then write it; the arrays' bytes must stay until it is complete */
  unsigned char** bytes = df_alloc((size_t)n, sizeof *bytes);
  if (!bytes) return DF_E_NOMEM;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(NULL, 0, 0, &error);
  char* archive = NULL;
  size_t size = 0;
  df_status status = target ? fill(target, path, n, entries, bytes) : fail_write(path, &error);
  if (status == DF_OK) status = take(target, path, &archive, &size);
  if (status == DF_OK) status = df_file_write(path, archive, size);
  zip_source_free(target);
  zip_error_fini(&error);
  df_free(archive);
  for (int i = 0; i < n; i++) df_free(bytes[i]);
  df_free(bytes);
  return status;
}
