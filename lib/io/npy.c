#include "npy.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

enum { PREAMBLE_V1 = 10, ALIGNMENT = 64 };

/* a position in the header text, and the names for error messages */
typedef struct cursor {
  const char *at, *end;
  const char *path, *key;
} cursor;

static df_status bad_header(const cursor* c, const char* what) {
  return df_fail(DF_E_FORMAT, "%s: array '%s': malformed header: %s", c->path, c->key, what);
}

/* ---- the header: a Python dictionary literal ---- */

static void skip_space(cursor* c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) c->at++;
}

static bool accept(cursor* c, char wanted) {
  skip_space(c);
  if (c->at >= c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

/* a quoted string without escapes */
static bool quoted(cursor* c, char* out, size_t n) {
  skip_space(c);
  if (c->at >= c->end || (*c->at != '\'' && *c->at != '"')) return false;
  const char quote = *c->at++;
  size_t length = 0;
  while (c->at < c->end && *c->at != quote) {
    if (*c->at < 32 || *c->at > 126 || *c->at == '\\' || length + 1 >= n) return false;
    out[length++] = *c->at++;
  }
  if (c->at >= c->end) return false;
  c->at++;
  out[length] = '\0';
  return true;
}

static bool word(cursor* c, const char* wanted) {
  skip_space(c);
  const size_t n = strlen(wanted);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, wanted, n) != 0) return false;
  c->at += n;
  return true;
}

static bool size_number(cursor* c, size_t* out) {
  skip_space(c);
  const char* first = c->at;
  size_t value = 0;
  while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
    const size_t digit = (size_t)(*c->at++ - '0');
    if (value > (SIZE_MAX - digit) / 10) return false;
    value = 10 * value + digit;
  }
  if (c->at == first) return false;
  if (c->at < c->end && *c->at == 'L') c->at++; /* written by Python 2 */
  *out = value;
  return true;
}

/* skips the value of 'descr' of a structured dtype, a list */
static df_status skip_fields(cursor* c, df_npy* npy) {
  int depth = 0;
  for (char quote = 0; c->at < c->end; c->at++) {
    const char x = *c->at;
    if (quote || x == '\'' || x == '"') {
      if (!quote || x == quote) quote = quote ? 0 : x;
    } else if (x == '[') {
      depth++;
    } else if (x == ']' && --depth == 0) {
      c->at++;
      snprintf(npy->type, sizeof npy->type, "structured");
      return DF_OK;
    }
  }
  return bad_header(c, "'descr' has no end");
}

/* finds what the elements of npy->descr are; `kind` stays 0 for those that cannot be read */
static void identify(df_npy* npy) {
  static const struct {
    const char *descr, *type;
    char kind;
    size_t item;
  } known[] = {{"f2", "float16", 'f', 2},    {"f4", "float32", 'f', 4},      {"f8", "float64", 'f', 8},
               {"i1", "int8", 'i', 1},       {"i2", "int16", 'i', 2},        {"i4", "int32", 'i', 4},
               {"i8", "int64", 'i', 8},      {"u1", "uint8", 'u', 1},        {"u2", "uint16", 'u', 2},
               {"u4", "uint32", 'u', 4},     {"u8", "uint64", 'u', 8},       {"b1", "bool", 'b', 1},
               {"c8", "complex64", '\0', 8}, {"c16", "complex128", '\0', 16}};
  const char* code = npy->descr + 1;
  snprintf(npy->type, sizeof npy->type, "%s", npy->descr);
  if (strchr(npy->descr, 'O')) snprintf(npy->type, sizeof npy->type, "object (pickled)");

  /* the byte order is stated, or irrelevant (one byte) */
  const bool ordered = npy->descr[0] == '<' || npy->descr[0] == '>', unordered = npy->descr[0] == '|';
  npy->big_endian = npy->descr[0] == '>';
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if ((ordered || (unordered && known[i].item == 1)) && strcmp(code, known[i].descr) == 0) {
      npy->kind = known[i].kind;
      npy->item = known[i].item;
      snprintf(npy->type, sizeof npy->type, "%s", known[i].type);
    }
  }

  /* text of a fixed number of characters: UTF-32, or bytes */
  const bool wide = ordered && code[0] == 'U', bytes = (ordered || unordered) && code[0] == 'S';
  if ((wide || bytes) && code[1] >= '0' && code[1] <= '9') {
    char* end = NULL;
    const unsigned long length = strtoul(code + 1, &end, 10);
    if (*end == '\0' && length <= 1000000) {
      npy->kind = 'U';
      npy->character = wide ? 4 : 1;
      npy->item = npy->character * (size_t)length;
      snprintf(npy->type, sizeof npy->type, "text");
    }
  }
}

/* parses the value of 'descr': the element type */
static df_status parse_descr(cursor* c, df_npy* npy) {
  skip_space(c);
  if (c->at < c->end && *c->at == '[') return skip_fields(c, npy);
  if (!quoted(c, npy->descr, sizeof npy->descr)) return bad_header(c, "'descr' is not a string");
  if (npy->descr[0]) identify(npy);
  return DF_OK;
}

/* the error for elements that cannot be read */
static df_status fail_type(const df_npy* npy, const char* path, const char* key) {
  if (strcmp(npy->type, "structured") == 0) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': a structured dtype is not supported; save each field as an array",
                   path, key);
  }
  if (strchr(npy->descr, 'O')) {
    return df_fail(DF_E_FORMAT,
                   "%s: array '%s': dtype '%s' (pickled Python objects) is not supported; save the numbers with "
                   "numpy.asarray(values, dtype=float), or convert the file with docs/examples/convert.py",
                   path, key, npy->descr);
  }
  if (strncmp(npy->type, "complex", 7) == 0) {
    return df_fail(DF_E_FORMAT,
                   "%s: array '%s': dtype '%s' is complex, which is not supported; save the real and the imaginary "
                   "part as two arrays",
                   path, key, npy->descr);
  }
  return df_fail(DF_E_FORMAT, "%s: array '%s': dtype '%s' is not supported (f2 f4 f8 i1..i8 u1..u8 b1)", path, key,
                 npy->descr);
}

/* parses the value of 'shape': a tuple of sizes, in which a trailing comma is optional except for one dimension */
static df_status parse_shape(cursor* c, df_npy* npy) {
  if (!accept(c, '(')) return bad_header(c, "'shape' is not a tuple");
  bool comma = true;
  while (!accept(c, ')')) {
    if (!comma) return bad_header(c, "missing comma in 'shape'");
    if (npy->rank == DF_NPZ_MAX_RANK) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': more than %d dimensions", c->path, c->key, DF_NPZ_MAX_RANK);
    }
    if (!size_number(c, &npy->shape[npy->rank])) return bad_header(c, "'shape' contains an invalid size");
    npy->rank++;
    comma = accept(c, ',');
  }
  if (npy->rank == 1 && !comma) return bad_header(c, "'shape' is not a tuple");
  return DF_OK;
}

/* parses one "key: value" of the dictionary */
static df_status parse_pair(cursor* c, df_npy* npy, bool seen[3]) {
  static const char* const names[] = {"descr", "fortran_order", "shape"};
  char name[32];
  if (!quoted(c, name, sizeof name)) return bad_header(c, "a key is not a string");
  int which = 0;
  while (which < 3 && strcmp(name, names[which]) != 0) which++;
  if (which == 3) return df_fail(DF_E_FORMAT, "%s: array '%s': unknown header key '%s'", c->path, c->key, name);
  if (seen[which]) return df_fail(DF_E_FORMAT, "%s: array '%s': header key '%s' twice", c->path, c->key, name);
  seen[which] = true;
  if (!accept(c, ':')) return bad_header(c, "':' expected");
  if (which == 0) return parse_descr(c, npy);
  if (which == 2) return parse_shape(c, npy);
  npy->fortran = word(c, "True");
  if (!npy->fortran && !word(c, "False")) return bad_header(c, "'fortran_order' is neither True nor False");
  return DF_OK;
}

static df_status parse_header(cursor* c, df_npy* npy) {
  bool seen[3] = {false, false, false};
  if (!accept(c, '{')) return bad_header(c, "'{' expected");
  bool comma = true;
  while (!accept(c, '}')) {
    if (!comma) return bad_header(c, "',' expected");
    DF_TRY(parse_pair(c, npy, seen));
    comma = accept(c, ',');
  }
  skip_space(c);
  if (c->at != c->end) return bad_header(c, "text after '}'");
  if (!seen[0] || !seen[1] || !seen[2]) return bad_header(c, "one of 'descr', 'fortran_order', 'shape' is missing");
  return DF_OK;
}

/* checks magic, version and header length and sets the cursor to the header text */
static df_status find_header(const unsigned char* bytes, size_t n, cursor* c) {
  static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (n < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': not a .npy array (wrong magic)", c->path, c->key);
  }

  /* version; its first number decides the size of the length field */
  if (n < PREAMBLE_V1) return df_fail(DF_E_FORMAT, "%s: array '%s': truncated header", c->path, c->key);
  const int major = bytes[6];
  if (major < 1 || major > 3) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': format version %d.%d is not supported", c->path, c->key, major,
                   bytes[7]);
  }

  /* header length, little-endian, of 2 or 4 bytes */
  const size_t start = major == 1 ? PREAMBLE_V1 : PREAMBLE_V1 + 2;
  if (n < start) return df_fail(DF_E_FORMAT, "%s: array '%s': truncated header", c->path, c->key);
  size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
  if (major > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > DF_NPY_MAX_HEADER) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': header of %zu bytes, at most %d are supported", c->path, c->key,
                   length, DF_NPY_MAX_HEADER);
  }
  if (length > n - start) return df_fail(DF_E_FORMAT, "%s: array '%s': truncated header", c->path, c->key);
  c->at = (const char*)bytes + start;
  c->end = c->at + length;
  return DF_OK;
}

df_status df_npy_header(const unsigned char* bytes, size_t n, const char* path, const char* key, df_npy* out) {
  memset(out, 0, sizeof *out);
  cursor c = {.path = path, .key = key};
  DF_TRY(find_header(bytes, n, &c));
  out->data = (const unsigned char*)c.end;
  return parse_header(&c, out);
}

df_status df_npy_parse(const unsigned char* bytes, size_t n, const char* path, const char* key, df_npy* out) {
  DF_TRY(df_npy_header(bytes, n, path, key, out));
  if (!out->kind) return fail_type(out, path, key);

  /* count the elements; count * 8 must not overflow either, since elements become doubles */
  const size_t widest = out->item > sizeof(double) ? out->item : sizeof(double);
  out->count = 1;
  for (int i = 0; i < out->rank; i++) {
    if (out->shape[i] != 0 && out->count > SIZE_MAX / widest / out->shape[i]) {
      return bad_header(&(cursor){.path = path, .key = key}, "shape too large");
    }
    out->count *= out->shape[i];
  }

  /* the rest of the file must be exactly the elements */
  const size_t held = n - (size_t)(out->data - bytes);
  const size_t wanted = out->count * out->item;
  if (held != wanted) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': %s: %zu bytes of elements, shape and dtype need %zu", path, key,
                   held < wanted ? "truncated" : "too long", held, wanted);
  }
  return DF_OK;
}

/* ---- elements ---- */

/* loads n bytes as an integer, for any byte order and alignment of the machine */
static uint64_t load_bits(const unsigned char* p, size_t n, bool big_endian) {
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++) bits |= (uint64_t)p[big_endian ? n - 1 - i : i] << (8 * i);
  return bits;
}

/* IEEE 754 half precision: sign, 5 bits of exponent, 10 of fraction; every value is exact as a double */
static double load_half(uint64_t bits) {
  const int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
  const double size = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                      : exponent == 0 ? ldexp(fraction, -24)
                                      : ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

/* converts one element to a double; false for an integer beyond 2^53 in magnitude, which a double may not hold */
static bool load(const df_npy* npy, const unsigned char* p, double* out) {
  const uint64_t bits = load_bits(p, npy->item, npy->big_endian);
  if (npy->kind == 'f' && npy->item == 8) {
    memcpy(out, &bits, sizeof *out);
  } else if (npy->kind == 'f' && npy->item == 2) {
    *out = load_half(bits);
  } else if (npy->kind == 'f') {
    const uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    *out = (double)value;
  } else if (npy->kind == 'i') {
    const unsigned shift = (unsigned)(64 - 8 * npy->item);
    const int64_t value = (int64_t)(bits << shift) >> shift;
    *out = (double)value;
    return value >= -(INT64_C(1) << 53) && value <= INT64_C(1) << 53;
  } else {
    *out = npy->kind == 'b' ? (double)(bits != 0) : (double)bits;
    return bits <= UINT64_C(1) << 53;
  }
  return true;
}

/* position in a column-major array of the element with row-major index `index` */
static size_t fortran_position(const df_npy* npy, size_t index) {
  size_t subscript[DF_NPZ_MAX_RANK];
  for (int i = npy->rank - 1; i >= 0; i--) {
    subscript[i] = index % npy->shape[i];
    index /= npy->shape[i];
  }
  size_t position = 0;
  for (int i = npy->rank - 1; i >= 0; i--) position = position * npy->shape[i] + subscript[i];
  return position;
}

df_status df_npy_values(const df_npy* npy, const char* path, const char* key, df_array* out) {
  memset(out, 0, sizeof *out);
  if (npy->kind == 'U') return df_fail(DF_E_FORMAT, "%s: array '%s': expected numbers, found text", path, key);
  double* values = df_alloc(npy->count, sizeof *values);
  if (!values) return DF_E_NOMEM;
  for (size_t i = 0; i < npy->count; i++) {
    const size_t at = npy->fortran && npy->rank > 1 ? fortran_position(npy, i) : i;
    if (!load(npy, npy->data + at * npy->item, &values[i])) {
      df_free(values);
      return df_fail(DF_E_FORMAT, "%s: array '%s': integer at position %zu is beyond 2^53, not exact as a double", path,
                     key, i);
    }
  }
  out->rank = npy->rank;
  memcpy(out->shape, npy->shape, sizeof out->shape);
  out->count = npy->count;
  out->values = values;
  return DF_OK;
}

/* ---- text: UTF-32 in the file, UTF-8 in memory ---- */

/* encodes a code point; returns the number of bytes written */
static size_t utf8_put(uint32_t code, char* out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  const size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
  out[0] = (char)(unsigned char)(lead[more] | code >> (6 * more));
  for (size_t i = 1; i <= more; i++) out[i] = (char)(unsigned char)(0x80 | ((code >> (6 * (more - i))) & 0x3f));
  return more + 1;
}

/* decodes a code point; returns the number of bytes read, 0 for invalid UTF-8 */
static size_t utf8_get(const char* text, uint32_t* code) {
  const unsigned char* p = (const unsigned char*)text;
  if (p[0] < 0x80) {
    *code = p[0];
    return 1;
  }
  const size_t more = p[0] >= 0xf0 && p[0] < 0xf8 ? 3 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 : p[0] >= 0xc2 ? 1 : 0;
  if (more == 0 || p[0] >= 0xf8) return 0;
  *code = p[0] & (0x3fu >> more);
  for (size_t i = 1; i <= more; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (p[i] & 0x3f);
  }
  return *code <= 0x10ffff ? more + 1 : 0;
}

/* appends one element, without its padding of zeros, to `text`; `at` is its number in errors */
static df_status append_text(const df_npy* npy, size_t at, const char* path, const char* key, char* text, size_t* n) {
  const unsigned char* p = npy->data + at * npy->item;
  size_t length = npy->item / npy->character;
  while (length > 0 && load_bits(p + npy->character * (length - 1), npy->character, false) == 0) length--;
  for (size_t i = 0; i < length; i++) {
    const uint32_t code = (uint32_t)load_bits(p + npy->character * i, npy->character, npy->big_endian);
    if (code == 0 || code > 0x10ffff || (npy->character == 1 && code > 127)) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': character %zu is not a Unicode code point", path, key, i);
    }
    if (code == '\n' && npy->rank > 0) {
      return df_fail(DF_E_FORMAT, "%s: array '%s': text %zu contains a line break", path, key, at);
    }
    *n += utf8_put(code, text + *n);
  }
  return DF_OK;
}

df_status df_npy_text(const df_npy* npy, const char* path, const char* key, char** out) {
  *out = NULL;
  if (npy->kind != 'U' || npy->rank > 1) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': expected a string or a list of strings, found %s of rank %d", path,
                   key, npy->type, npy->rank);
  }
  /* the file bounds the number of all other strings */
  if (npy->item == 0 && npy->count > 1) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': %zu strings of 0 bytes", path, key, npy->count);
  }
  char* text = df_alloc(npy->count * (npy->item + 1) + 1, 1);
  if (!text) return DF_E_NOMEM;
  size_t n = 0;
  for (size_t i = 0; i < npy->count; i++) {
    if (i > 0) text[n++] = '\n';
    const df_status status = append_text(npy, i, path, key, text, &n);
    if (status != DF_OK) {
      df_free(text);
      return status;
    }
  }
  *out = text;
  return DF_OK;
}

/* ---- writing ---- */

static void store_bits(uint64_t bits, size_t n, unsigned char* p) {
  for (size_t i = 0; i < n; i++) p[i] = (unsigned char)(bits >> (8 * i));
}

/* writes preamble and header, padded so that the elements begin at a multiple of 64 bytes; returns their length */
static size_t format_header(const char* descr, int rank, const size_t* shape, char out[512]) {
  size_t n = PREAMBLE_V1;
  n += (size_t)snprintf(out + n, 512 - n, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
  for (int i = 0; i < rank; i++) {
    n += (size_t)snprintf(out + n, 512 - n, "%zu%s", shape[i], rank == 1 ? "," : i + 1 < rank ? ", " : "");
  }
  n += (size_t)snprintf(out + n, 512 - n, "), }");
  const size_t total = (n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  memset(out + n, ' ', total - 1 - n);
  out[total - 1] = '\n';
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  store_bits(total - PREAMBLE_V1, 2, (unsigned char*)out + 8);
  return total;
}

/* number of code points of a text, at least 1 (numpy stores '' as one NUL); 0 for invalid UTF-8 */
static size_t text_length(const char* text) {
  size_t count = 0;
  for (uint32_t code; *text; count++) {
    const size_t taken = utf8_get(text, &code);
    if (taken == 0) return 0;
    text += taken;
  }
  return count > 0 ? count : 1;
}

/* writes the elements of an entry in its type */
static void store_elements(const df_npz_entry* entry, size_t count, unsigned char* p) {
  if (entry->kind == DF_NPZ_TEXT) {
    const char* text = entry->text;
    for (uint32_t code; *text; p += 4) {
      text += utf8_get(text, &code);
      store_bits(code, 4, p);
    }
    return;
  }
  for (size_t i = 0; i < count; i++) {
    if (entry->kind == DF_NPZ_F64) {
      uint64_t bits;
      memcpy(&bits, &entry->values[i], sizeof bits);
      store_bits(bits, 8, p + 8 * i);
    } else {
      const float value = (float)entry->values[i];
      uint32_t bits;
      memcpy(&bits, &value, sizeof bits);
      store_bits(bits, 4, p + 4 * i);
    }
  }
}

df_status df_npy_format(const df_npz_entry* entry, const char* path, unsigned char** bytes, size_t* n) {
  /* check the entry and count its elements */
  *bytes = NULL;
  *n = 0;
  const bool text = entry->kind == DF_NPZ_TEXT;
  const int rank = text ? 0 : entry->rank;
  DF_REQUIRE(rank >= 0 && rank <= DF_NPZ_MAX_RANK, "%s: array '%s': rank %d", path, entry->key, rank);
  DF_REQUIRE(!text || entry->text, "%s: array '%s': no text", path, entry->key);
  size_t count = 1;
  for (int i = 0; i < rank; i++) {
    DF_REQUIRE(entry->shape[i] == 0 || count <= SIZE_MAX / 16 / entry->shape[i], "%s: array '%s': shape too large",
               path, entry->key);
    count *= entry->shape[i];
  }
  DF_REQUIRE(text || count == 0 || entry->values, "%s: array '%s': no values", path, entry->key);

  /* element type and size */
  char descr[32];
  size_t item = entry->kind == DF_NPZ_F64 ? 8 : 4;
  snprintf(descr, sizeof descr, "<f%zu", item);
  if (text) {
    const size_t length = text_length(entry->text);
    DF_REQUIRE(length > 0, "%s: array '%s': the text is not UTF-8", path, entry->key);
    snprintf(descr, sizeof descr, "<U%zu", length);
    item = 4 * length;
  }

  /* header and elements */
  char header[512];
  const size_t start = format_header(descr, rank, entry->shape, header);
  unsigned char* memory = df_alloc(start + count * item, 1);
  if (!memory) return DF_E_NOMEM;
  memcpy(memory, header, start);
  store_elements(entry, count, memory + start);
  *bytes = memory;
  *n = start + count * item;
  return DF_OK;
}
