#include "sniff.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char convert[] = "convert it with docs/examples/convert.py";
static const char unpack[] = "unpack it first";

/* files of other formats, by the bytes at one place */
static const struct {
  size_t at, n;
  const char *bytes, *what, *remedy;
} others[] = {
    {0, 4, "PAR1", "a Parquet file", convert},
    {0, 6, "ARROW1", "an Arrow file", convert},
    {0, 2, "\x80\x02", "a Python pickle", convert},
    {0, 2, "\x80\x03", "a Python pickle", convert},
    {0, 2, "\x80\x04", "a Python pickle", convert},
    {0, 2, "\x80\x05", "a Python pickle", convert},
    {0, 2, "\x1f\x8b", "a gzip file", "unpack it first (gunzip, or tar xzf)"},
    {0, 3, "BZh", "a bzip2 file", unpack},
    {0, 6, "\xfd\x37zXZ", "an xz file", unpack},
    {0, 4, "\x28\xb5\x2f\xfd", "a Zstandard file", unpack},
    {0, 4, "Rar!", "a RAR archive", unpack},
    {0, 4, "7z\xbc\xaf", "a 7z archive", unpack},
    {257, 5, "ustar", "a tar archive", "unpack it first (tar xf) and name one of its files"},
    {0, 19, "MATLAB 5.0 MAT-file", "a MATLAB 5 file", "save it in MATLAB with the option '-v7.3', which writes HDF5"},
    {0, 7, "#ROSBAG", "a ROS bag", "save its topics as arrays in an npz or HDF5 file"},
    {0, 5, "\x89MCAP", "an MCAP recording", "save its topics as arrays in an npz or HDF5 file"},
    {0, 9, "HIERARCHY", "a BVH file", "retarget it to the joints of the model first"},
    {0, 2, "\xff\xfe", "text in UTF-16", "save it in UTF-8"},
    {0, 2, "\xfe\xff", "text in UTF-16", "save it in UTF-8"},
};

size_t df_byte_order_mark(const char* bytes, size_t n) {
  return n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static bool holds(const char* bytes, size_t n, size_t at, const char* wanted, size_t length) {
  return n >= at + length && memcmp(bytes + at, wanted, length) == 0;
}

/* the signature of HDF5 may follow a block of a user, of 512, 1024, ... bytes */
static bool is_hdf5(const char* bytes, size_t n) {
  if (holds(bytes, n, 0, "\x89HDF\r\n\x1a\n", 8)) return true;
  for (size_t at = 512; at < n; at *= 2) {
    if (holds(bytes, n, at, "\x89HDF\r\n\x1a\n", 8)) return true;
  }
  return false;
}

/* copies what follows `label` on its line */
static void field(const char* text, const char* label, char* out, size_t size) {
  const char* found = strstr(text, label);
  const char* value = found ? found + strlen(label) : "?";
  snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
}

/* a file of Git Large File Storage that was not downloaded */
static df_status fail_pointer(const char* path, const char* text) {
  char oid[80], size[24];
  field(text, "\noid ", oid, sizeof oid);
  field(text, "\nsize ", size, sizeof size);
  return df_fail(DF_E_FORMAT,
                 "%s: a Git LFS pointer, not the file itself (%s bytes, %s); run 'git lfs pull' in its repository, or "
                 "download the file",
                 path, size, oid);
}

static bool begins_with(const char* text, const char* word) {
  return strncasecmp(text, word, strlen(word)) == 0;
}

/* text: a page, a pointer, JSON or a table; `bytes` ends with a zero */
static df_status sniff_text(const char* path, const char* bytes, df_sniffed* out) {
  const char* text = bytes + df_byte_order_mark(bytes, strlen(bytes));
  while (isspace((unsigned char)*text)) text++;
  if (begins_with(text, "version https://git-lfs")) return fail_pointer(path, text);
  if (begins_with(text, "<!doctype html") || begins_with(text, "<html")) {
    return df_fail(DF_E_FORMAT,
                   "%s: an HTML page, not a recording; download the file itself (on GitHub: the link 'raw')", path);
  }
  if (*text == '<') return df_fail(DF_E_FORMAT, "%s: an XML file, not a recording", path);
  if (*text == '\0') return df_fail(DF_E_FORMAT, "%s: the file contains only blanks", path);
  *out = *text == '{' || *text == '[' ? DF_SNIFFED_JSON : DF_SNIFFED_TABLE;
  return DF_OK;
}

df_status df_sniff(const char* path, const char* bytes, size_t n, df_sniffed* out) {
  if (n == 0) return df_fail(DF_E_FORMAT, "%s: empty file", path);

  /* formats that are read, then formats that are known */
  *out = DF_SNIFFED_NPY;
  if (holds(bytes, n, 0, "\x93NUMPY", 6)) return DF_OK;
  *out = DF_SNIFFED_ZIP;
  if (holds(bytes, n, 0, "PK\x03\x04", 4) || holds(bytes, n, 0, "PK\x05\x06", 4)) return DF_OK;
  *out = DF_SNIFFED_HDF5;
  if (is_hdf5(bytes, n)) return DF_OK;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (holds(bytes, n, others[i].at, others[i].bytes, others[i].n)) {
      return df_fail(DF_E_FORMAT, "%s: %s, which is not read; %s", path, others[i].what, others[i].remedy);
    }
  }

  /* pickles of protocol 0 are text: a mark, a dictionary or list, and a memo */
  if (holds(bytes, n, 0, "(dp", 3) || holds(bytes, n, 0, "(lp", 3) || holds(bytes, n, 0, "ccopy_reg", 9)) {
    return df_fail(DF_E_FORMAT, "%s: a Python pickle, which is not read; %s", path, convert);
  }
  char text[DF_SNIFF_BYTES + 1];
  if (n > DF_SNIFF_BYTES) n = DF_SNIFF_BYTES;
  if (memchr(bytes, '\0', n)) {
    return df_fail(DF_E_FORMAT,
                   "%s: an unknown binary format; recordings are read from npz, npy, HDF5, JSON and CSV files", path);
  }
  memcpy(text, bytes, n);
  text[n] = '\0';
  return sniff_text(path, text, out);
}
