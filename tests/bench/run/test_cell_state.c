/* The lock of the process that works on a cell. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "test_file.h"
#include "unit.h"

static const char* lock_file;
static int removals; /* how often another process releases the cell between our open and our flock */

/* takes the place of flock(): another process may remove the file that was opened, as cell_release() does */
int flock(int fd, int operation) {
  if (removals > 0 && removals--) assert_int_equal(unlink(lock_file), 0);
  return (int)syscall(SYS_flock, fd, operation);
}

static void a_lock_file_removed_meanwhile_is_made_again(void** state) {
  (void)state;
  cell c = {.key = "0123456789abcdef-and-more"}, other = {.key = "0123456789abcdef-and-more"};
  bool taken = false;
  char* folder = cell_state_folder(&c, test_folder());
  char* path = df_path_join(folder, "lock");
  lock_file = path;
  for (removals = 0; removals <= 3; removals++) {
    const int wanted = removals;
    assert_int_equal(cell_claim(&c, test_folder(), &taken), DF_OK);
    assert_true(taken && removals == 0);
    /* the lock is that of the file with this name: nobody else gets it */
    struct stat held, named;
    assert_int_equal(fstat(c.claim_fd, &held), 0);
    assert_int_equal(stat(path, &named), 0);
    assert_int_equal(held.st_ino, named.st_ino);
    assert_int_equal(cell_claim(&other, test_folder(), &taken), DF_OK);
    assert_false(taken);
    cell_release(&c);
    assert_false(df_file_exists(path));
    removals = wanted;
  }
  /* it does not go on for ever */
  removals = 1000000;
  assert_int_equal(cell_claim(&c, test_folder(), &taken), DF_E_IO);
  assert_false(taken);
  removals = 0;
  df_free(path);
  df_free(folder);
}

static void put(const char* folder, const char* name) {
  char* path = df_path_join(folder, name);
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
  df_free(path);
}

static bool has(const char* folder, const char* name) {
  char* path = df_path_join(folder, name);
  const bool found = df_file_exists(path);
  df_free(path);
  return found;
}

static void training_states_are_removed_by_their_owner_only(void** state) {
  (void)state;
  static const df_method without_networks = {.name = "none"};
  cell c = {.key = "fedcba9876543210", .method = &without_networks}, other = c;
  bool taken = false;
  char* folder = cell_state_folder(&c, test_folder());
  assert_int_equal(cell_claim(&other, test_folder(), &taken), DF_OK);
  assert_true(taken);
  put(folder, "a.state");
  put(folder, "a.state.previous");
  put(folder, "a.state.damaged");
  cell_forget_training(&c, test_folder());
  assert_true(has(folder, "a.state") && has(folder, "a.state.previous"));
  cell_release(&other);
  cell_forget_training(&c, test_folder());
  assert_false(has(folder, "a.state") || has(folder, "a.state.previous"));
  assert_true(has(folder, "a.state.damaged"));
  cell_release(&c);
  df_free(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lock_file_removed_meanwhile_is_made_again),
      cmocka_unit_test(training_states_are_removed_by_their_owner_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
