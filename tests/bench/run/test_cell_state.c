/* The lock of the process that works on a cell, and its training states. */
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

/* a training key of shared networks, and the cell of a method that trains the network "net" */
static cell cell_with_network(void) {
  static const df_method with_network = {.name = "one", .networks = {"net"}};
  return (cell){.key = "00112233445566778899", .training_key = "9988776655443322", .method = &with_network};
}

static void a_shared_network_is_taken_unless_the_cell_has_one(void** state) {
  (void)state;
  cell c = cell_with_network();
  char* folder = cell_state_folder(&c, test_folder());
  char* shared = shared_network_path(test_folder(), c.training_key, "net");
  char* place = df_path_folder(shared);
  assert_int_equal(df_dir_make(folder), DF_OK);
  assert_int_equal(df_dir_make(place), DF_OK);
  put(place, "9988776655443322-net.state");
  /* an own state that was saved before counts, too */
  put(folder, "net.state.previous");
  cell_take_networks(&c, test_folder(), folder);
  assert_false(has(folder, "net.state") || network_is_taken(folder, "net"));
  cell_forget_training(&c, test_folder());
  assert_int_equal(df_dir_make(folder), DF_OK);
  cell_take_networks(&c, test_folder(), folder);
  assert_true(has(folder, "net.state") && network_is_taken(folder, "net"));
  /* what cannot be linked, as this folder, is not taken */
  cell_forget_training(&c, test_folder());
  assert_int_equal(unlink(shared), 0);
  assert_int_equal(df_dir_make(shared), DF_OK);
  assert_int_equal(df_dir_make(folder), DF_OK);
  cell_take_networks(&c, test_folder(), folder);
  assert_false(has(folder, "net.state") || network_is_taken(folder, "net"));
  assert_int_equal(rmdir(shared), 0);
  cell_release(&c);
  df_free(place);
  df_free(shared);
  df_free(folder);
}

static void a_network_is_left_to_the_cells_that_share_it(void** state) {
  (void)state;
  cell c = cell_with_network();
  char* folder = cell_state_folder(&c, test_folder());
  char* shared = shared_network_path(test_folder(), c.training_key, "net");
  for (int i = 0; i < 2; i++) {
    c.shared[0] = i == 1;
    assert_int_equal(df_dir_make(folder), DF_OK);
    put(folder, "net.state");
    cell_forget_training(&c, test_folder());
    assert_false(has(folder, "net.state"));
    assert_int_equal(df_file_exists(shared), c.shared[0]);
  }
  cell_release(&c);
  unlink(shared);
  df_free(shared);
  df_free(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lock_file_removed_meanwhile_is_made_again),
      cmocka_unit_test(training_states_are_removed_by_their_owner_only),
      cmocka_unit_test(a_shared_network_is_taken_unless_the_cell_has_one),
      cmocka_unit_test(a_network_is_left_to_the_cells_that_share_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
