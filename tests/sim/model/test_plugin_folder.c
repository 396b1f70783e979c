/* What is loaded from the folder of plugins beside MuJoCo's library, in which order, and what is said of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "models.h"
#include "mujoco_error.h"
#include "plugins.h"
#include "test_file.h"

/* stands before the C library's function of that name: MuJoCo's library lies in the folder of this test */
static bool moved;
int dladdr(const void* address, Dl_info* info) {
  int (*next)(const void*, Dl_info*);
  *(void**)&next = dlsym(RTLD_NEXT, "dladdr");
  if (!moved) return next(address, info);
  *info = (Dl_info){.dli_fname = test_file("libmujoco.so")};
  return 1;
}

/* none of the files is a library, so the text names each one that was loaded */
static void libraries_are_loaded_in_the_order_of_their_names(void** state) {
  (void)state;
  static const char* const names[] = {"c.so", "a.so", "e.so", "notes.txt", "b.so", "d.so", "so", ".so", "a.so.1"};
  char path[512], start[512];
  OK(df_file_write(test_file("libmujoco.so"), "x", 1));
  OK(df_dir_make(test_file("mujoco_plugin")));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", test_file("mujoco_plugin"), names[i]);
    OK(df_file_write(path, "x", 1));
  }
  df_mujoco_silence();
  moved = true;
  df_mujoco_load_plugins();
  moved = false;
  const char* at = df_mujoco_plugins_text();
  const size_t n = (size_t)snprintf(start, sizeof start, "plugins are loaded from %s; ", test_file("mujoco_plugin"));
  if (strncmp(at, start, n) != 0) fail_msg("%s", at);
  at += n;
  for (char c = 'a'; c <= 'e'; c++) {
    snprintf(path, sizeof path, "%s/%c.so", test_file("mujoco_plugin"), c);
    const char *found = strstr(at, path), *end = strstr(at, "; ");
    if (!found || (end && found > end)) fail_msg("%s is not next in: %s", path, at);
    assert_int_equal(end != NULL, c < 'e');
    at = end ? end + 2 : at;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(libraries_are_loaded_in_the_order_of_their_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
