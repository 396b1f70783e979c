#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"

/* FIPS 180-4 examples, NIST */
static const struct {
  const char *text, *hash;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void sha256_gives_the_published_known_answers(void** state) {
  (void)state;
  char out[DF_SHA256_TEXT];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    assert_int_equal(df_sha256(known[i].text, strlen(known[i].text), out), DF_OK);
    assert_string_equal(out, known[i].hash);
  }
}

/* one million 'a' (FIPS 180-4): longer than one read block of the file hash */
static void a_file_has_the_hash_of_its_bytes(void** state) {
  (void)state;
  char folder[] = "/tmp/dynaflow-test-XXXXXX", path[64], out[DF_SHA256_TEXT];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/million", folder);
  char* bytes = malloc(1000000);
  assert_non_null(bytes);
  memset(bytes, 'a', 1000000);
  assert_int_equal(df_file_write(path, bytes, 1000000), DF_OK);
  free(bytes);
  assert_int_equal(df_sha256_file(path, out), DF_OK);
  assert_string_equal(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  unlink(path);
  rmdir(folder);
}

static void a_file_that_is_not_there_is_missing_by_name(void** state) {
  (void)state;
  char out[DF_SHA256_TEXT];
  assert_int_equal(df_sha256_file("/nonexistent/file", out), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), "/nonexistent/file"));
}

static void a_folder_has_no_hash(void** state) {
  (void)state;
  char out[DF_SHA256_TEXT];
  assert_int_equal(df_sha256_file("/tmp", out), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "/tmp"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_gives_the_published_known_answers),
      cmocka_unit_test(a_file_has_the_hash_of_its_bytes),
      cmocka_unit_test(a_file_that_is_not_there_is_missing_by_name),
      cmocka_unit_test(a_folder_has_no_hash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
