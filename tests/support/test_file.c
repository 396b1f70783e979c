#define _XOPEN_SOURCE 700
#include "test_file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 8 };

static char folder[] = "/tmp/dynaflow-test-XXXXXX";
static char path[FILES][128];
static pid_t owner;

static int remove_one(const char* name, const struct stat* info, int kind, struct FTW* where) {
  (void)info, (void)kind, (void)where;
  return remove(name);
}

static void remove_folder(void) {
  if (owner == getpid()) nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char* test_folder(void) {
  if (owner) return folder;
  if (!mkdtemp(folder)) {
    perror(folder);
    exit(1);
  }
  owner = getpid();
  atexit(remove_folder);
  return folder;
}

const char* test_file(const char* name) {
  char wanted[sizeof path[0]];
  snprintf(wanted, sizeof wanted, "%s/%s", test_folder(), name);
  for (int i = 0; i < FILES; i++) {
    if (!path[i][0]) memcpy(path[i], wanted, sizeof wanted);
    if (strcmp(path[i], wanted) == 0) return path[i];
  }
  fprintf(stderr, "test_file: more than %d names\n", FILES);
  exit(1);
}
