/* The names of files for TensorBoard, which it reads in their order. */
#define _GNU_SOURCE
#include "event_file.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "unit.h"

static long microseconds(void) {
  struct timeval now;
  gettimeofday(&now, NULL);
  return (long)now.tv_usec;
}

/* seconds and microseconds have leading zeros, so that names are in the order of time: a file made early in a second */
static void names_are_in_the_order_of_time(void** state) {
  (void)state;
  char folder[] = "/tmp/test_event_file.XXXXXX";
  event_file* file;
  assert_non_null(mkdtemp(folder));
  while (microseconds() >= 50000) usleep(5000);
  assert_int_equal(event_file_open(folder, 0, &file), DF_OK);
  event_file_close(file);
  DIR* list = opendir(folder);
  const struct dirent* entry;
  int files = 0;
  assert_non_null(list);
  while ((entry = readdir(list))) {
    if (entry->d_name[0] == '.') continue;
    files++;
#define DIGIT "[0-9]"
    assert_int_equal(fnmatch("events.out.tfevents." DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT
                             ".0" DIGIT DIGIT DIGIT DIGIT DIGIT ".*",
                             entry->d_name, 0),
                     0);
    assert_int_equal(unlinkat(dirfd(list), entry->d_name, 0), 0);
  }
  assert_int_equal(files, 1);
  closedir(list);
  assert_int_equal(rmdir(folder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_in_the_order_of_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
