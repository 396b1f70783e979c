#define _GNU_SOURCE
#include "fuzz_input.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char* file, int line, const char* condition) {
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
  abort();
}

static void fill(int fd, const uint8_t* data, size_t size) {
  FUZZ_REQUIRE(ftruncate(fd, 0) == 0);
  FUZZ_REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
}

const char* fuzz_file(const uint8_t* data, size_t size) {
  static char path[32];
  static int fd = -1;
  if (fd < 0) {
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_REQUIRE(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  }
  fill(fd, data, size);
  return path;
}

static char folder[64];

static int remove_one(const char* name, const struct stat* info, int kind, struct FTW* where) {
  (void)info, (void)kind, (void)where;
  return remove(name);
}

static void remove_folder(void) {
  nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char* fuzz_folder(void) {
  static int made;
  if (!made) {
    /* in memory where there is such a folder: a disk would take most of the time */
    const char* above = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/dynaflow-fuzz-XXXXXX", above);
    FUZZ_REQUIRE(mkdtemp(folder));
    atexit(remove_folder);
    made = 1;
  }
  return folder;
}

void fuzz_file_in_folder(const char* name, const uint8_t* data, size_t size) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  FUZZ_REQUIRE(fd >= 0);
  fill(fd, data, size);
  close(fd);
}
