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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lock_file_removed_meanwhile_is_made_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
