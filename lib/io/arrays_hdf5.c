#include <hdf5.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "arrays_format.h"
#include "dynaflow/core/alloc.h"

/* MOST_DEPTH: of groups; libhdf5 visits them by recursion */
enum { MOST_DEPTH = 64 };

/* ---- errors ---- */

/* keeps the description of the error that came first */
static herr_t keep_first(unsigned n, const H5E_error2_t* error, void* out) {
  if (n == 0) snprintf(out, 200, "%s", error->desc ? error->desc : "unknown error");
  return 0;
}

static df_status fail_hdf5(const df_arrays* arrays, const char* name, const char* what) {
  char reason[200] = "unknown error";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
  if (!name) return df_fail(DF_E_FORMAT, "%s: %s: %s", arrays->path, what, reason);
  return df_fail(DF_E_FORMAT, "%s: array '%s': %s: %s", arrays->path, name, what, reason);
}

/* ---- what a dataset or an attribute is ---- */

/* an open dataset or attribute */
typedef struct object {
  hid_t id, type, space;
  bool attribute;
} object;

static void close_object(const object* o) {
  if (o->space >= 0) H5Sclose(o->space);
  if (o->type >= 0) H5Tclose(o->type);
  if (o->id >= 0) o->attribute ? H5Aclose(o->id) : H5Dclose(o->id);
}

/* takes ownership of `id`, which may be negative; false if anything is not there */
static bool open_object(hid_t id, bool attribute, object* o) {
  *o = (object){.id = id, .type = -1, .space = -1, .attribute = attribute};
  if (id < 0) return false;
  o->type = attribute ? H5Aget_type(id) : H5Dget_type(id);
  o->space = attribute ? H5Aget_space(id) : H5Dget_space(id);
  return o->type >= 0 && o->space >= 0;
}

/* an enumeration of FALSE and TRUE, as h5py writes truth values */
static bool is_bool(hid_t type) {
  char* name = H5Tget_nmembers(type) == 2 ? H5Tget_member_name(type, 0) : NULL;
  const bool found = name && (strcmp(name, "FALSE") == 0 || strcmp(name, "TRUE") == 0);
  H5free_memory(name);
  return found;
}

/* name of an element type; sets `numeric` for those that are read as numbers */
static const char* type_name(hid_t type, char* text, size_t n, bool* numeric) {
  const size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      *numeric = true;
      snprintf(text, n, "%sint%zu", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
      return text;
    case H5T_FLOAT:
      *numeric = true;
      snprintf(text, n, "float%zu", bits);
      return text;
    case H5T_ENUM:
      *numeric = is_bool(type);
      return *numeric ? "bool" : "enumeration";
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "compound";
    case H5T_VLEN:
      return "ragged list";
    case H5T_REFERENCE:
      return "reference";
    default:
      return "opaque";
  }
}

/* why the elements of a dataset cannot be read from its file; NULL if they can */
static const char* find_obstacle(hid_t dataset, char* text, size_t n) {
  const hid_t list = H5Dget_create_plist(dataset);
  if (list < 0) return "damaged";
  const char* obstacle = NULL;
  if (H5Pget_layout(list) == H5D_VIRTUAL) obstacle = "virtual (in other files)";
  if (H5Pget_external_count(list) > 0) obstacle = "external (in other files)";
  for (int i = 0; !obstacle && i < H5Pget_nfilters(list); i++) {
    char name[32] = "";
    size_t none = 0;
    unsigned flags;
    const H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &none, NULL, sizeof name, name, NULL);
    if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
    snprintf(text, n, "compressed (filter %d '%.24s')", (int)filter, name);
    obstacle = text;
  }
  H5Pclose(list);
  return obstacle;
}

/* How numbers of a floating-point dataset are rounded: by its type, if that has fewer bits than any other of its size,
 * or by the scaleoffset filter, whose parameters are the kind of scale and the number of decimals. */
static df_array_rounding find_rounding(const object* o) {
  enum { DECIMALS = 1, PARAMETERS = 20 };
  df_array_rounding out = {DF_ARRAY_PLAIN, 0};
  if (o->attribute || H5Tget_class(o->type) != H5T_FLOAT) return out;
  size_t sign, exponent, exponent_bits, fraction, fraction_bits;
  if (H5Tget_fields(o->type, &sign, &exponent, &exponent_bits, &fraction, &fraction_bits) >= 0) {
    const size_t bytes = H5Tget_size(o->type);
    const size_t usual = bytes == 2 ? 10 : bytes == 4 ? 23 : 52;
    const bool brain = bytes == 2 && exponent_bits == 8; /* bfloat16, whose numbers show it */
    if (fraction_bits < usual && !brain) out = (df_array_rounding){DF_ARRAY_BITS, (int)fraction_bits + 1};
  }
  const hid_t list = H5Dget_create_plist(o->id);
  for (int i = 0; list >= 0 && i < H5Pget_nfilters(list); i++) {
    unsigned flags, parameter[PARAMETERS] = {0};
    size_t n = PARAMETERS;
    const H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &n, parameter, 0, NULL, NULL);
    if (filter == H5Z_FILTER_SCALEOFFSET && n > DECIMALS && parameter[0] == H5Z_SO_FLOAT_DSCALE)
      out = (df_array_rounding){DF_ARRAY_STEPS, (int)parameter[DECIMALS]};
  }
  if (list >= 0) H5Pclose(list);
  return out;
}

/* adds an open object to the list, also one that cannot be read */
static df_status add_object(df_arrays* arrays, const char* name, const object* o) {
  /* shape */
  hsize_t extent[H5S_MAX_RANK] = {0};
  size_t shape[DF_NPZ_MAX_RANK] = {0};
  int rank = H5Sget_simple_extent_ndims(o->space);
  char text[64];
  const char* obstacle = rank < 0 ? "damaged" : o->attribute ? NULL : find_obstacle(o->id, text, sizeof text);
  if (H5Sget_simple_extent_type(o->space) == H5S_NULL) obstacle = "empty";
  if (rank > DF_NPZ_MAX_RANK) obstacle = "array of more than 8 dimensions";
  if (rank < 0 || rank > DF_NPZ_MAX_RANK || H5Sget_simple_extent_dims(o->space, extent, NULL) < 0) rank = 0;
  for (int i = 0; i < rank; i++) shape[i] = (size_t)extent[i];

  /* type */
  char type[32];
  bool numeric = false;
  const char* what = type_name(o->type, type, sizeof type, &numeric);
  DF_TRY(df_arrays_add(arrays, name, rank, shape, obstacle ? obstacle : what, numeric && !obstacle));
  arrays->item[arrays->count - 1].info.rounding = find_rounding(o);
  return DF_OK;
}

/* ---- listing ---- */

typedef struct listing {
  df_arrays* arrays;
  const char* parent; /* of attributes */
  df_status status;
} listing;

static df_status list_attribute(df_arrays* arrays, const char* parent, hid_t location, const char* attribute) {
  char name[DF_ARRAYS_NAME];
  DF_TRY(df_arrays_join(arrays, parent, '@', attribute, name));
  object o;
  df_status status;
  if (open_object(H5Aopen(location, attribute, H5P_DEFAULT), true, &o)) {
    status = add_object(arrays, name, &o);
  } else {
    status = df_arrays_add(arrays, name, 0, NULL, "damaged", false);
  }
  close_object(&o);
  /* the attribute's name in the array's */
  if (status == DF_OK) {
    df_arrays_item* item = &arrays->item[arrays->count - 1];
    item->own = item->text + strlen(parent) + 1;
  }
  return status;
}

static herr_t on_attribute(hid_t location, const char* name, const H5A_info_t* info, void* data) {
  (void)info;
  listing* l = data;
  l->status = list_attribute(l->arrays, l->parent, location, name);
  return l->status == DF_OK ? 0 : -1;
}

static df_status list_attributes(df_arrays* arrays, const char* parent, hid_t location) {
  listing l = {arrays, parent, DF_OK};
  const herr_t done = H5Aiterate2(location, H5_INDEX_NAME, H5_ITER_INC, NULL, on_attribute, &l);
  if (l.status != DF_OK) return l.status;
  return done < 0 ? fail_hdf5(arrays, parent, "its attributes cannot be listed") : DF_OK;
}

static df_status list_object(df_arrays* arrays, const char* name, hid_t group) {
  const hid_t id = H5Oopen(group, name, H5P_DEFAULT);
  if (id < 0) return df_arrays_add(arrays, name, 0, NULL, "damaged", false);
  const H5I_type_t kind = H5Iget_type(id);
  df_status status = DF_OK;
  if (kind == H5I_DATASET) {
    object o;
    const hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    status = open_object(dataset, false, &o) ? add_object(arrays, name, &o)
                                             : df_arrays_add(arrays, name, 0, NULL, "damaged", false);
    close_object(&o);
  }
  if (status == DF_OK && kind != H5I_DATATYPE) status = list_attributes(arrays, name, id);
  H5Oclose(id);
  return status;
}

static df_status list_link(df_arrays* arrays, hid_t group, const char* name, H5L_type_t type) {
  int depth = 0;
  for (const char* p = name; *p; p++) depth += *p == '/';
  if (depth >= MOST_DEPTH) {
    return df_fail(DF_E_FORMAT, "%s: '%.60s...': groups more than %d deep", arrays->path, name, MOST_DEPTH);
  }
  if (type == H5L_TYPE_HARD) return list_object(arrays, name, group);
  const char* kind = type == H5L_TYPE_SOFT ? "soft link" : type == H5L_TYPE_EXTERNAL ? "external link" : "link";
  return df_arrays_add(arrays, name, 0, NULL, kind, false);
}

static herr_t on_link(hid_t group, const char* name, const H5L_info_t* info, void* data) {
  listing* l = data;
  l->status = list_link(l->arrays, group, name, info->type);
  return l->status == DF_OK ? 0 : -1;
}

static df_status list_all(df_arrays* arrays, hid_t file) {
  DF_TRY(list_attributes(arrays, "", file));
  listing l = {arrays, NULL, DF_OK};
  const herr_t done = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, on_link, &l);
  if (l.status != DF_OK) return l.status;
  return done < 0 ? fail_hdf5(arrays, NULL, "its groups cannot be listed") : DF_OK;
}

static df_status open_hdf5(df_arrays* arrays) {
  /* libhdf5 prints errors and loads plugins of filters unless told otherwise */
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);

  hid_t* file = arrays->state = df_alloc(1, sizeof *file);
  if (!file) return DF_E_NOMEM;
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access, 0, 1); /* reading needs no lock, and some file systems have none */
#endif
  *file = H5Fopen(arrays->path, H5F_ACC_RDONLY, access);
  /* the next call forgets the error */
  const df_status status = *file < 0 ? fail_hdf5(arrays, NULL, "not a readable HDF5 file") : DF_OK;
  H5Pclose(access);
  return status == DF_OK ? list_all(arrays, *file) : status;
}

/* ---- reading ---- */

/* the error for an array that is listed, but not numeric */
static df_status fail_kind(const df_arrays* arrays, const df_array_info* info) {
  const char* type = info->type;
  const char* remedy = strcmp(type, "soft link") == 0          ? "; name the array that it leads to"
                       : strstr(type, "link")                  ? "; copy the array that it leads to into this file"
                       : strstr(type, "other files")           ? "; copy its values into this file"
                       : strncmp(type, "compressed", 10) == 0  ? "; write it again with gzip or without compression"
                       : strncmp(type, "ragged list", 11) == 0 ? "; write its rows as arrays of their own"
                       : strncmp(type, "compound", 8) == 0     ? "; write its fields as arrays of their own"
                                                               : "";
  return df_fail(DF_E_FORMAT, "%s: array '%s': expected numbers, found %s%s", arrays->path, info->name, type, remedy);
}

/* opens array i again; the caller closes the object, also after a failure */
static df_status open_again(const df_arrays* arrays, int i, object* o) {
  const df_array_info* info = &arrays->item[i].info;
  const hid_t file = *(const hid_t*)arrays->state;
  const char* attribute = arrays->item[i].own;
  hid_t id;
  if (attribute) {
    char parent[DF_ARRAYS_NAME];
    const int n = (int)(attribute - info->name) - 1;
    snprintf(parent, sizeof parent, "%.*s", n > 0 ? n : 1, n > 0 ? info->name : ".");
    id = H5Aopen_by_name(file, parent, attribute, H5P_DEFAULT, H5P_DEFAULT);
  } else {
    id = H5Dopen2(file, info->name, H5P_DEFAULT);
  }
  return open_object(id, attribute != NULL, o) ? DF_OK : fail_hdf5(arrays, info->name, "cannot be opened");
}

static herr_t read_elements(const object* o, hid_t memory_type, void* out) {
  return o->attribute ? H5Aread(o->id, memory_type, out)
                      : H5Dread(o->id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
}

/* bytes of one chunk, which libhdf5 holds in memory as a whole; 0 for a dataset that is not chunked */
static size_t chunk_bytes(const object* o) {
  if (o->attribute) return 0;
  const hid_t list = H5Dget_create_plist(o->id);
  hsize_t extent[H5S_MAX_RANK];
  const int rank = H5Pget_layout(list) == H5D_CHUNKED ? H5Pget_chunk(list, H5S_MAX_RANK, extent) : 0;
  double bytes = rank > 0 ? (double)H5Tget_size(o->type) : 0;
  for (int i = 0; i < rank; i++) bytes *= (double)extent[i];
  H5Pclose(list);
  return bytes < 1e18 ? (size_t)bytes : SIZE_MAX / 2;
}

/* replaces integers, which were read into the place of the doubles */
static df_status convert_integers(const df_arrays* arrays, const char* name, bool has_sign, size_t n, double* values) {
  for (size_t k = 0; k < n; k++) {
    int64_t integer;
    memcpy(&integer, &values[k], sizeof integer);
    const int64_t most = INT64_C(1) << 53;
    if (integer > most || integer < (has_sign ? -most : 0)) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': integer at position %zu is beyond 2^53, not exact as a double",
                     arrays->path, name, k);
    }
    values[k] = (double)integer;
  }
  return DF_OK;
}

/* reads an open object as doubles; the caller frees *values */
static df_status read_values(df_arrays* arrays, int i, const object* o, size_t count, double** values) {
  const df_array_info* info = &arrays->item[i].info;
  const bool floating = H5Tget_class(o->type) == H5T_FLOAT;
  const bool has_sign = H5Tget_class(o->type) != H5T_INTEGER || H5Tget_sign(o->type) != H5T_SGN_NONE;
  DF_TRY(df_charge_array(&arrays->charge, info->name, &arrays->item[i].charged, count * 8 + chunk_bytes(o)));
  *values = df_alloc(count, sizeof **values);
  if (!*values) return DF_E_NOMEM;
  const hid_t memory = floating ? H5T_NATIVE_DOUBLE : has_sign ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
  if (count > 0 && read_elements(o, memory, *values) < 0) return fail_hdf5(arrays, info->name, "cannot be read");
  return floating ? DF_OK : convert_integers(arrays, info->name, has_sign, count, *values);
}

static df_status read_open(df_arrays* arrays, int i, const object* o, df_array* out) {
  const df_array_info* info = &arrays->item[i].info;
  size_t count;
  double* values = NULL;
  DF_TRY(df_arrays_elements(arrays, i, sizeof *values, &count));
  const df_status status = read_values(arrays, i, o, count, &values);
  if (status != DF_OK) {
    df_free(values);
    return status;
  }
  *out = (df_array){.rank = info->rank, .count = count, .values = values};
  memcpy(out->shape, info->shape, sizeof out->shape);
  return DF_OK;
}

static df_status read_hdf5(df_arrays* arrays, int i, df_array* out) {
  if (!arrays->item[i].info.numeric) return fail_kind(arrays, &arrays->item[i].info);
  object o;
  df_status status = open_again(arrays, i, &o);
  if (status == DF_OK) status = read_open(arrays, i, &o, out);
  close_object(&o);
  return status;
}

/* ---- reading text ---- */

/* n strings: of one length, padded with zeros, one after the other; or, if length is 0, pointers to zero-terminated
 * ones */
typedef struct strings {
  const void* bytes;
  size_t n, length;
} strings;

/* string k and its length; a NULL string is empty */
static const char* string_at(const strings* s, size_t k, size_t* length) {
  const char* text = s->length ? (const char*)s->bytes + k * s->length : ((const char* const*)s->bytes)[k];
  if (!text) text = "";
  const char* end = s->length ? memchr(text, '\0', s->length) : NULL;
  *length = end ? (size_t)(end - text) : s->length ? s->length : strlen(text);
  return text;
}

static df_status join_lines(const df_arrays* arrays, const df_array_info* info, const strings* s, char** out) {
  size_t total = 1, length;
  for (size_t k = 0; k < s->n; k++) {
    const char* text = string_at(s, k, &length);
    if (info->rank > 0 && memchr(text, '\n', length)) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': text %zu contains a line break", arrays->path, info->name, k);
    }
    total += length + 1;
  }
  char* at = *out = df_alloc(total, 1);
  if (!at) return DF_E_NOMEM;
  for (size_t k = 0; k < s->n; k++) {
    const char* text = string_at(s, k, &length);
    if (k > 0) *at++ = '\n';
    memcpy(at, text, length);
    at += length;
  }
  return DF_OK;
}

/* Bytes that n strings of an open object take, at most. The strings of an attribute may all be one part of the file; of
 * a dataset they can be counted before they are read, unless it is a single one: libhdf5 1.10 crashes on that. */
static size_t text_bytes(const df_arrays* arrays, const object* o, size_t n) {
  hsize_t bytes = 0;
  if (H5Tis_variable_str(o->type) <= 0) return n * H5Tget_size(o->type);
  const bool uncounted = o->attribute || H5Sget_simple_extent_type(o->space) == H5S_SCALAR;
  if (uncounted) return arrays->charge.file_size > SIZE_MAX / 2 / n ? SIZE_MAX / 2 : n * arrays->charge.file_size;
  if (H5Dvlen_get_buf_size(o->id, o->type, o->space, &bytes) < 0) return SIZE_MAX / 2;
  return (size_t)bytes + n * sizeof(char*);
}

static df_status read_lines(df_arrays* arrays, int i, const object* o, char** out) {
  const df_array_info* info = &arrays->item[i].info;
  const bool variable = H5Tis_variable_str(o->type) > 0;
  const size_t length = variable ? 0 : H5Tget_size(o->type);
  size_t count, charged = 0;
  DF_TRY(df_arrays_elements(arrays, i, length + sizeof(char*), &count));
  if (count == 0) return (*out = df_strdup("")) ? DF_OK : DF_E_NOMEM;
  df_charge trial = arrays->charge; /* the text is gone after this call, or the caller's */
  DF_TRY(df_charge_array(&trial, info->name, &charged, text_bytes(arrays, o, count) + chunk_bytes(o)));
  char* bytes = df_alloc(count, variable ? sizeof(char*) : length);
  if (!bytes) return DF_E_NOMEM;
  df_status status = DF_OK;
  if (read_elements(o, o->type, bytes) < 0) {
    status = fail_hdf5(arrays, info->name, "cannot be read");
  } else {
    status = join_lines(arrays, info, &(strings){bytes, count, length}, out);
    if (variable) H5Dvlen_reclaim(o->type, o->space, H5P_DEFAULT, bytes);
  }
  df_free(bytes);
  return status;
}

static df_status read_hdf5_text(df_arrays* arrays, int i, char** out) {
  const df_array_info* info = &arrays->item[i].info;
  if (strcmp(info->type, "text") != 0 || info->rank > 1) return df_arrays_fail_text(arrays, i);
  object o;
  df_status status = open_again(arrays, i, &o);
  if (status == DF_OK) status = read_lines(arrays, i, &o, out);
  close_object(&o);
  return status;
}

/* ---- in a process of its own, because libhdf5 does not withstand damaged files; its end closes the file ---- */

static df_status open_apart(df_arrays* arrays) {
  static const df_arrays_reader inside = {.open = open_hdf5, .read = read_hdf5, .read_text = read_hdf5_text};
  return df_apart_open(arrays, &inside);
}

const df_arrays_reader df_arrays_hdf5 = {
    .open = open_apart, .read = df_apart_read, .read_text = df_apart_read_text, .close = df_apart_close};
