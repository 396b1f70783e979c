#include "data_test.h"
#include "sniff.h"

static void formats_that_are_read_are_told_apart(void** state) {
  (void)state;
  static char block[2048 + 8];
  static const char hdf5[] = "\x89HDF\r\n\x1a\n";
  static const struct {
    const char* text;
    df_sniffed format;
  } cases[] = {{"\x93NUMPY", DF_SNIFFED_NPY},      {"PK\x03\x04", DF_SNIFFED_ZIP},
               {"PK\x05\x06", DF_SNIFFED_ZIP},     {hdf5, DF_SNIFFED_HDF5},
               {" \n{\"a\": 1}", DF_SNIFFED_JSON}, {"\xef\xbb\xbf[1]", DF_SNIFFED_JSON},
               {"1,2", DF_SNIFFED_TABLE},          {"\xef\xbb\xbf# x y", DF_SNIFFED_TABLE}};
  df_sniffed format;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_ok(df_sniff("f", cases[i].text, strlen(cases[i].text), &format));
    assert_int_equal(format, cases[i].format);
  }
  for (size_t at = 512; at <= 2048; at *= 2) {
    memset(block, 0, sizeof block);
    memcpy(block + at, hdf5, 8);
    assert_ok(df_sniff("f", block, sizeof block, &format));
    assert_int_equal(format, DF_SNIFFED_HDF5);
  }
}

/* the bytes, their number, and what the error says */
#define CASE(text, says) text, sizeof text - 1, says
static void others_are_refused_by_their_name(void** state) {
  (void)state;
  static const char convert[] = "which is not read; convert it with docs/examples/convert.py";
  static const struct {
    const char* text;
    size_t n;
    const char *what, *remedy;
  } cases[] = {
      {CASE("PAR1\x15", "a Parquet file"), convert},
      {CASE("ARROW1\0\0", "an Arrow file"), convert},
      {CASE("\x80\x04\x95", "a Python pickle"), convert},
      {CASE("\x80\x02}q", "a Python pickle"), convert},
      {CASE("(dp0\nS'a'\n", "a Python pickle"), convert},
      {CASE("\x1f\x8b\x08\x00", "a gzip file"), "which is not read; unpack it first"},
      {CASE("BZh91AY", "a bzip2 file"), "unpack it first"},
      {CASE("\xfd"
            "7zXZ\0",
            "an xz file"),
       "unpack it first"},
      {CASE("MATLAB 5.0 MAT-file, Platform", "a MATLAB 5 file"), "with the option '-v7.3', which writes HDF5"},
      {CASE("HIERARCHY\nROOT Hips", "a BVH file"), "retarget it"},
      {CASE("\xff\xfe"
            "1\0",
            "text in UTF-16"),
       "save it in UTF-8"},
      {CASE("\n <!DOCTYPE HTML><html>", "an HTML page, not a recording"), "download the file itself"},
      {CASE("<mujoco/>", "an XML file, not a recording"), ""},
      {CASE("", "empty file"), ""},
      {CASE(" \n\t", "the file contains only blanks"), ""},
      {CASE("\x7f"
            "ELF\x02\0",
            "an unknown binary format"),
       "npz, npy, HDF5, JSON and CSV"},
      {CASE("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n",
            "a Git LFS pointer, not the file itself (12345 bytes, sha256:4d7a21); run 'git lfs pull'"),
       "or download the file"},
      {CASE("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not the file itself (? bytes, ?)"), ""},
  };
  df_sniffed format;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    /* a block of its own, so that sanitizers detect a read beyond it */
    char* exact = malloc(cases[i].n + 1);
    assert_non_null(exact);
    memcpy(exact + 1, cases[i].text, cases[i].n);
    assert_int_equal(df_sniff("some/file", exact + 1, cases[i].n, &format), DF_E_FORMAT);
    assert_says("some/file: ", cases[i].what, cases[i].remedy);
    free(exact);
  }
  char tar[300] = "name";
  memcpy(tar + 257, "ustar", 5);
  assert_int_equal(df_sniff("f", tar, sizeof tar, &format), DF_E_FORMAT);
  assert_says("f: a tar archive, which is not read; unpack it first (tar xf)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_that_are_read_are_told_apart),
      cmocka_unit_test(others_are_refused_by_their_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
