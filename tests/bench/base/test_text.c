/* Texts: their width on a terminal, and files that are appended to. */
#define _GNU_SOURCE
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "unit.h"

static bool close_fails;

/* takes the place of close(), which may be the first to say that a disk is full */
int close(int fd) {
  const int result = (int)syscall(SYS_close, fd);
  if (!close_fails) return result;
  errno = EDQUOT;
  return -1;
}

static void interrupt(int signal_number) {
  (void)signal_number;
}

/* lets a signal interrupt slow calls every so often (below 1000 ms); 0 ends it */
static void interrupt_every(long ms) {
  const struct sigaction action = {.sa_handler = interrupt};
  const struct itimerval timer = {{0, 1000 * ms}, {0, 1000 * ms}};
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* a path of this process, at which there is no file */
static const char* own_file(void) {
  static char path[64];
  snprintf(path, sizeof path, "/tmp/dynaflow-text-%d", (int)getpid());
  unlink(path);
  return path;
}

static void a_character_takes_a_column(void** state) {
  (void)state;
  assert_int_equal(text_width(""), 0);
  assert_int_equal(text_width("a\xc3\xa4\xe2\x82\xac!"), 4);
  static const size_t bytes[] = {0, 1, 3, 6, 7, 7};
  for (int n = 0; n < 6; n++) assert_int_equal(text_cut("a\xc3\xa4\xe2\x82\xac!", n), bytes[n]);
  assert_int_equal(text_cut("abc", -1), 0);
  /* characters of two columns (U+4E2D, U+AC00, U+1F600) and of none (U+0301) */
  static const char wide[] =
      "\xe4\xb8\xad\xea\xb0\x80\xf0\x9f\x98\x80"
      "e\xcc\x81!";
  static const size_t cut[] = {0, 0, 3, 3, 6, 6, 10, 13, 14, 14};
  assert_int_equal(text_width(wide), 8);
  for (int n = 0; n < 10; n++) assert_int_equal(text_cut(wide, n), cut[n]);
}

enum { LENGTH = 1 << 20 }; /* more than a pipe holds */

/* reads a pipe only after its writer has filled it */
static void* read_late(void* context) {
  int* const fd = context;
  char* data = malloc(LENGTH + 1);
  size_t n = 0;
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarms, NULL);
  usleep(100000);
  (void)fcntl(*fd, F_SETFL, 0);
  for (ssize_t k = 1; k > 0 && n <= LENGTH; n += k > 0 ? (size_t)k : 0) k = read(*fd, data + n, LENGTH + 1 - n);
  int right = n == LENGTH;
  for (size_t i = 0; right && i < n; i++) right = data[i] == 'x';
  free(data);
  *fd = right;
  return NULL;
}

static void a_slow_reader_of_a_pipe_gets_everything(void** state) {
  (void)state;
  const char* path = own_file();
  pthread_t reader;
  char wanted[256];
  text t = {0};
  for (int i = 0; i < LENGTH; i++) text_add_bytes(&t, "x", 1);
  assert_int_equal(mkfifo(path, 0600), 0);
  const int fd = open(path, O_RDONLY | O_NONBLOCK);
  int got = fd;
  assert_int_equal(pthread_create(&reader, NULL, read_late, &got), 0);
  interrupt_every(5);
  const df_status status = text_append_output(&t, path);
  interrupt_every(0);
  pthread_join(reader, NULL);
  close(fd);
  if (status != DF_OK) fail_msg("%s", df_error_message());
  assert_true(got);
  /* a pipe that nobody reads is not waited for */
  interrupt_every(500);
  assert_int_equal(text_append_output(&t, path), DF_E_IO);
  interrupt_every(0);
  snprintf(wanted, sizeof wanted, "%s: %s", path, strerror(ENXIO));
  assert_string_equal(df_error_message(), wanted);
  unlink(path);
  text_clear(&t);
}

static void a_file_grows(void** state) {
  (void)state;
  char *data, wanted[256];
  size_t n;
  const char* path = own_file();
  text t = {0};
  text_add(&t, "one\n");
  for (int i = 0; i < 2; i++) assert_int_equal(text_append_output(&t, path), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_string_equal(data, "one\none\n");
  df_free(data);
  unlink(path);
  /* the mask of the user decides who may read it */
  struct stat info;
  const mode_t mask = umask(0);
  assert_int_equal(text_append_output(&t, path), DF_OK);
  umask(mask);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0666);
  /* an error that only close reports */
  close_fails = true;
  const df_status status = text_append_output(&t, path);
  close_fails = false;
  snprintf(wanted, sizeof wanted, "%s: %s", path, strerror(EDQUOT));
  assert_int_equal(status, DF_E_IO);
  assert_string_equal(df_error_message(), wanted);
  unlink(path);
  /* the reason of a failed write, not of the close after it */
  snprintf(wanted, sizeof wanted, "/dev/full: %s", strerror(ENOSPC));
  assert_int_equal(text_append_output(&t, "/dev/full"), DF_E_IO);
  assert_string_equal(df_error_message(), wanted);
  text_clear(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_character_takes_a_column),
      cmocka_unit_test(a_slow_reader_of_a_pipe_gets_everything),
      cmocka_unit_test(a_file_grows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
