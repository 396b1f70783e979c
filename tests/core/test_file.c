#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "unit.h"

static char folder[64];
static char path[128];

static int make_folder(void** state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/dynaflow-test-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static int remove_folder(void** state) {
  (void)state;
  unlink(path);
  return rmdir(folder); /* fails if anything else was left behind */
}

static int entries(void) {
  int n = 0;
  DIR* dir = opendir(folder);
  if (!dir) return -1;
  for (const struct dirent* e; (e = readdir(dir));) n += e->d_name[0] != '.';
  closedir(dir);
  return n;
}

static void assert_content(const char* expected, size_t n) {
  char* bytes;
  size_t size;
  assert_int_equal(df_file_read(path, &bytes, &size), DF_OK);
  assert_int_equal(size, n);
  assert_memory_equal(bytes, expected, n);
  assert_int_equal(bytes[n], 0);
  df_free(bytes);
}

static void what_is_written_is_read_back(void** state) {
  (void)state;
  assert_int_equal(df_file_write(path, "a\0b", 3), DF_OK);
  assert_content("a\0b", 3);
  assert_int_equal(df_file_write(path, "", 0), DF_OK);
  assert_content("", 0);
}

static void writing_leaves_one_file_and_no_part(void** state) {
  (void)state;
  assert_int_equal(df_file_write(path, "old", 3), DF_OK);
  assert_int_equal(df_file_write(path, "newer", 5), DF_OK);
  assert_content("newer", 5);
  assert_int_equal(entries(), 1);
}

/* a file size limit simulates a full disk */
static void a_write_that_fails_half_way_leaves_the_old_content(void** state) {
  (void)state;
  enum { BIG = 1 << 20 };
  char* bytes = calloc(BIG, 1);
  assert_non_null(bytes);
  assert_int_equal(df_file_write(path, "old", 3), DF_OK);
  struct rlimit kept, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
  small = kept;
  small.rlim_cur = 4096;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  const df_status status = df_file_write(path, bytes, BIG);
  setrlimit(RLIMIT_FSIZE, &kept);
  signal(SIGXFSZ, handler);
  free(bytes);
  assert_int_equal(status, DF_E_IO);
  assert_non_null(strstr(df_error_message(), path));
  assert_content("old", 3);
  assert_int_equal(entries(), 1);
}

static void a_write_over_a_folder_leaves_it_and_no_part(void** state) {
  (void)state;
  char inside[160];
  assert_int_equal(mkdir(path, 0755), 0);
  snprintf(inside, sizeof inside, "%s/kept", path);
  assert_int_equal(df_file_write(inside, "x", 1), DF_OK);
  assert_int_equal(df_file_write(path, "y", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), path));
  assert_int_equal(entries(), 1);
  unlink(inside);
  rmdir(path);
}

static void a_write_into_a_folder_that_is_not_there_is_missing_by_name(void** state) {
  (void)state;
  char there[160];
  snprintf(there, sizeof there, "%s/none/file", folder);
  assert_int_equal(df_file_write(there, "x", 1), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), there));
  assert_int_equal(entries(), 0);
}

static void reading_what_is_no_file_fails_and_owns_nothing(void** state) {
  (void)state;
  char* bytes = folder;
  size_t n = 7;
  assert_int_equal(df_file_read(path, &bytes, &n), DF_E_MISSING);
  assert_null(bytes);
  assert_int_equal(n, 0);
  assert_int_equal(df_file_read(folder, &bytes, &n), DF_E_IO);
  assert_null(bytes);
  assert_non_null(strstr(df_error_message(), folder));
}

static void the_beginning_of_a_file_is_read_with_its_size(void** state) {
  (void)state;
  char bytes[4] = "....";
  size_t n, size;
  assert_int_equal(df_file_write(path, "abcdef", 6), DF_OK);
  assert_int_equal(df_file_read_beginning(path, bytes, 3, &n, &size), DF_OK);
  assert_int_equal(n, 3);
  assert_int_equal(size, 6);
  assert_memory_equal(bytes, "abc.", 4);
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
  assert_int_equal(df_file_read_beginning(path, bytes, 3, &n, &size), DF_OK);
  assert_int_equal(n, 1);
  assert_int_equal(df_file_read_beginning(folder, bytes, 3, &n, &size), DF_E_IO);
  assert_int_equal(df_file_read_beginning(NULL, bytes, 3, &n, &size), DF_E_ARG);
  assert_int_equal(n, 0);
  assert_int_equal(size, 0);
}

/* a pipe without a writer: opening it for reading waits, so an alarm ends the test */
static void a_pipe_is_neither_waited_for_nor_replaced(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  char sum[DF_SHA256_TEXT];
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(10);
  assert_int_equal(df_file_read(path, &bytes, &n), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "not a regular file"));
  assert_int_equal(df_sha256_file(path, sum), DF_E_IO);
  assert_int_equal(df_file_check(path), DF_E_IO);
  assert_int_equal(df_file_write(path, "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "no program reads from this pipe"));
  assert_int_equal(df_file_write_below(folder, "file", "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "not a regular file"));

  /* with a reader the content goes through the pipe */
  char read_back[8];
  const int reader = open(path, O_RDONLY | O_NONBLOCK);
  assert_true(reader >= 0);
  assert_int_equal(df_file_write(path, "xyz", 3), DF_OK);
  assert_int_equal(read(reader, read_back, sizeof read_back), 3);
  assert_memory_equal(read_back, "xyz", 3);
  close(reader);
  alarm(0);
  struct stat info;
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISFIFO(info.st_mode));
  assert_int_equal(entries(), 1);
}

static void assert_link(const char* name, const char* leads_to) {
  char target[160];
  const ssize_t n = readlink(name, target, sizeof target - 1);
  assert_true(n > 0);
  target[n] = '\0';
  assert_string_equal(target, leads_to);
}

/* links with the names of the next temporary files lead to a file with content */
static void a_temporary_file_follows_no_symbolic_link(void** state) {
  (void)state;
  char victim[128], part[160], *bytes;
  size_t n;
  snprintf(victim, sizeof victim, "%s/victim", folder);
  assert_int_equal(df_file_write(victim, "kept", 4), DF_OK);
  static const char* const tails[] = {"", ".0", ".1"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(part, sizeof part, "%s.part.%ld%s", path, (long)getpid(), tails[i]);
    assert_int_equal(symlink(victim, part), 0);
  }
  assert_int_equal(df_file_write(path, "new", 3), DF_OK);
  assert_content("new", 3);
  assert_int_equal(df_file_read(victim, &bytes, &n), DF_OK);
  assert_string_equal(bytes, "kept");
  df_free(bytes);
  assert_int_equal(entries(), 5);
  for (size_t i = 0; i < 3; i++) {
    snprintf(part, sizeof part, "%s.part.%ld%s", path, (long)getpid(), tails[i]);
    assert_int_equal(unlink(part), 0);
  }
  unlink(victim);
}

/* a link to a link, both relative, to a file in another folder: first to none, then to an old one; then a circle */
static void a_write_follows_links_to_a_file_and_keeps_them(void** state) {
  (void)state;
  char top[128], middle[160], target[160], *bytes;
  size_t n;
  snprintf(top, sizeof top, "%s/top", folder);
  snprintf(middle, sizeof middle, "%s/middle", top);
  snprintf(target, sizeof target, "%s/target", folder);
  assert_int_equal(mkdir(top, 0755), 0);
  assert_int_equal(symlink("top/middle", path), 0);
  assert_int_equal(symlink("../target", middle), 0);
  static const char* const contents[] = {"first", "second"};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(df_file_write(path, contents[i], strlen(contents[i])), DF_OK);
    assert_link(path, "top/middle");
    assert_link(middle, "../target");
    assert_int_equal(df_file_read(target, &bytes, &n), DF_OK);
    assert_string_equal(bytes, contents[i]);
    df_free(bytes);
    assert_int_equal(entries(), 3);
  }
  unlink(middle);
  assert_int_equal(symlink("../file", middle), 0);
  assert_int_equal(df_file_write(path, "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), path));
  unlink(middle);
  unlink(target);
  rmdir(top);
}

/* nodes in the test's folder; making them needs root */
static void devices_are_written_to_or_refused_and_stay(void** state) {
  (void)state;
  char link[160];
  struct stat info;
  snprintf(link, sizeof link, "%s/link", folder);
  if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) != 0) skip_because("making a device needs root");
  const int fd = open(path, O_WRONLY);
  if (fd < 0) skip_because("the temporary folder has no devices");
  close(fd);
  assert_int_equal(symlink("file", link), 0);
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
  assert_int_equal(df_file_write(link, "x", 1), DF_OK);
  assert_link(link, "file");
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3));
  unlink(path);

  /* the device that is always full */
  assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(1, 7)), 0);
  assert_int_equal(df_file_write(path, "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "No space left"));
  unlink(path);

  /* a block device that no driver has: it is refused before it is opened */
  assert_int_equal(mknod(path, S_IFBLK | 0600, makedev(240, 250)), 0);
  assert_int_equal(df_file_write(link, "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "link: a block device, not a regular file"));
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISBLK(info.st_mode));
  unlink(link);
}

/* a link to this program's output, as /dev/stdout is one, that leads to a regular file */
static void a_replaced_file_follows_no_link(void** state) {
  (void)state;
  char victim[128], *bytes;
  size_t n;
  struct stat info;
  snprintf(victim, sizeof victim, "%s/victim", folder);
  assert_int_equal(df_file_write(victim, "kept", 4), DF_OK);
  assert_int_equal(symlink("victim", path), 0);
  assert_int_equal(df_file_replace(path, "new", 3), DF_OK);
  assert_content("new", 3);
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISREG(info.st_mode));
  assert_int_equal(df_file_read(victim, &bytes, &n), DF_OK);
  assert_string_equal(bytes, "kept");
  df_free(bytes);
  /* a pipe is an error, and stays */
  assert_int_equal(remove(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(df_file_replace(path, "new", 3), DF_E_IO);
  assert_int_equal(lstat(path, &info), 0);
  assert_true(S_ISFIFO(info.st_mode));
  assert_int_equal(remove(victim), 0);
}

static void a_link_to_the_own_output_is_written_to(void** state) {
  (void)state;
  char link[160];
  snprintf(link, sizeof link, "%s/link", folder);
  fflush(stdout);
  const int kept = dup(STDOUT_FILENO), fd = open(path, O_RDWR | O_CREAT, 0600);
  assert_true(kept >= 0 && fd >= 0);
  assert_int_equal(symlink("/proc/self/fd/1", link), 0);
  assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
  const df_status status = df_file_write(link, "abc", 3);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  assert_int_equal(status, DF_OK);
  char content[4] = "";
  assert_int_equal(pread(fd, content, 3, 0), 3); /* the file that was open, not a new one of its name */
  assert_string_equal(content, "abc");
  close(fd);
  assert_link(link, "/proc/self/fd/1");
  unlink(link);
}

static void names_that_leave_their_folder_are_not_inside(void** state) {
  (void)state;
  static const char* const inside[] = {"a", "a/b", "..a", "a../b", "...", ".a", "a b"};
  static const char* const outside[] = {"",  "/",   "/a",    "..",   "../a", "a/..", "a/../b", "a/../../b",
                                        ".", "./a", "a/./b", "a//b", "a/",   "//a",  "a/.",    "/.."};
  for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) assert_true(df_path_is_inside(inside[i]));
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    assert_false(df_path_is_inside(outside[i]));
    assert_int_equal(df_file_write_below(folder, outside[i], "x", 1), DF_E_ARG);
    assert_non_null(strstr(df_error_message(), folder));
  }
  assert_int_equal(entries(), 0);
}

static void a_write_below_a_folder_stays_there(void** state) {
  (void)state;
  char top[128], there[160], link[160], *bytes;
  size_t n;
  snprintf(top, sizeof top, "%s/top", folder);
  snprintf(there, sizeof there, "%s/a/b", top);
  /* folders are made, and a second write finds them */
  assert_int_equal(df_file_write_below(top, "a/b", "x", 1), DF_OK);
  assert_int_equal(df_file_write_below(top, "a/b", "yz", 2), DF_OK);
  assert_int_equal(df_file_read(there, &bytes, &n), DF_OK);
  assert_string_equal(bytes, "yz");
  df_free(bytes);
  unlink(there);
  snprintf(there, sizeof there, "%s/a", top);
  rmdir(there);
  /* a link in between is refused, also one that leads back into the folder; the last name replaces a link */
  snprintf(link, sizeof link, "%s/out", top);
  assert_int_equal(symlink("..", link), 0);
  assert_int_equal(df_file_write_below(top, "out/file", "x", 1), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "top/out/file"));
  assert_false(df_file_exists(path));
  assert_int_equal(unlink(link), 0);
  assert_int_equal(symlink(".", link), 0);
  assert_int_equal(df_file_write_below(top, "out/file", "x", 1), DF_E_IO);
  assert_int_equal(unlink(link), 0);
  assert_int_equal(symlink(path, link), 0);
  assert_int_equal(df_file_write_below(top, "out", "x", 1), DF_OK);
  assert_false(df_file_exists(path));
  unlink(link);
  assert_int_equal(rmdir(top), 0);
}

static void folders_are_made_with_those_above_them(void** state) {
  (void)state;
  char deep[160];
  snprintf(deep, sizeof deep, "%s/a/b", folder);
  assert_int_equal(df_dir_make(deep), DF_OK);
  assert_int_equal(df_dir_make(deep), DF_OK);
  assert_true(df_file_exists(deep));
  rmdir(deep);
  snprintf(deep, sizeof deep, "%s/a", folder);
  rmdir(deep);
}

static void a_folder_cannot_be_made_over_a_file(void** state) {
  (void)state;
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
  assert_int_equal(df_dir_make(path), DF_E_IO);
  assert_non_null(strstr(df_error_message(), path));
}

static void a_folder_without_a_name_is_refused(void** state) {
  (void)state;
  assert_int_equal(df_dir_make(""), DF_E_ARG);
  assert_string_equal(df_error_message(), "the path of a folder is empty");
  /* the shortest names, and slashes at the end and in a row */
  assert_int_equal(df_dir_make("/"), DF_OK);
  assert_int_equal(df_dir_make("."), DF_OK);
  assert_int_equal(df_dir_make("//tmp//"), DF_OK);
}

static void paths_are_joined_and_taken_apart(void** state) {
  (void)state;
  static const struct {
    const char *folder, *name, *joined;
  } joins[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"", "b", "b"}, {NULL, "b", "b"}};
  static const char* const folders[][2] = {{"a/b", "a"}, {"b", "."}, {"/b", "/"}, {"/a/b", "/a"}, {"a/b/c", "a/b"}};
  for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
    char* joined = df_path_join(joins[i].folder, joins[i].name);
    assert_string_equal(joined, joins[i].joined);
    df_free(joined);
  }
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char* part = df_path_folder(folders[i][0]);
    assert_string_equal(part, folders[i][1]);
    df_free(part);
  }
}

static void a_failed_allocation_is_out_of_memory(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
  df_alloc_fail_at(1);
  assert_int_equal(df_file_read(path, &bytes, &n), DF_E_NOMEM);
  assert_null(bytes);
  df_alloc_fail_at(1);
  assert_null(df_path_join("a", "b"));
  df_alloc_fail_at(1);
  /* a failing sync of the folder is not an error: the content is written */
  assert_int_equal(df_file_write(path, "new", 3), DF_OK);
  df_alloc_fail_at(0);
  assert_content("new", 3);
}

/* makes the file `name` below the folder */
static void make(const char* name) {
  assert_int_equal(df_file_write_below(folder, name, "", 0), DF_OK);
}

/* whether the pattern below the folder fits exactly these names below it, separated by blanks */
static void fits(const char* pattern, const char* names) {
  char whole[256], found[512] = "", **paths;
  size_t n;
  snprintf(whole, sizeof whole, "%s/%s", folder, pattern);
  assert_int_equal(df_file_glob(whole, &paths, &n), names[0] ? DF_OK : DF_E_MISSING);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(strncmp(paths[i], folder, strlen(folder)), 0);
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "", paths[i] + strlen(folder) + 1);
  }
  df_file_glob_free(paths, n);
  assert_string_equal(found, names);
}

static void what_exists_is_no_pattern(void** state) {
  (void)state;
  static const char* const files[] = {"my[1]/b.txt", "my[1]/a.txt",  "my[1]/a*.txt", "my1/c.txt",
                                      "a\\b/d.txt",  "c{d,e}/f.txt", "g,h/i.txt"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) make(files[i]);
  fits("my[1]/*.txt", "my[1]/a*.txt my[1]/a.txt my[1]/b.txt");
  fits("my[1]/a*.txt", "my[1]/a*.txt");
  fits("my[1]/c.txt", "");
  fits("my?/*.txt", "my1/c.txt");
  fits("my[12]/*.txt", "my1/c.txt");
  fits("a\\b/?.txt", "a\\b/d.txt");
  fits("my1/[a-c].txt", "my1/c.txt");
  fits("my[1]/{b,a}.txt", "my[1]/b.txt my[1]/a.txt");
  fits("my[1]/{b,{a,a\\*}}.txt", "my[1]/b.txt my[1]/a.txt my[1]/a*.txt");
  fits("my[1]/{}.txt", "");
  fits("my[1]/{b.txt,a\\*.txt}", "my[1]/b.txt my[1]/a*.txt");
  fits("c{d,e}/?.txt", "c{d,e}/f.txt");
  fits("g,h/?.txt", "g,h/i.txt");
  fits("c\\{d\\,e\\}/{f.txt,f.*}", "c{d,e}/f.txt c{d,e}/f.txt");
  /* every alternative has to fit something; the one that does not is named */
  fits("my[1]/{b,x,a}.txt", "");
  assert_non_null(strstr(df_error_message(), "/x.txt: no file fits this part of a list"));
  fits("{my1,my2}/{c,d}.txt", "");
  assert_non_null(strstr(df_error_message(), "my1/d.txt: no file fits"));
  fits("my[1]/{b,{a,y}}.txt", "");
  assert_non_null(strstr(df_error_message(), "/y.txt: no file fits"));
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char one[256];
    snprintf(one, sizeof one, "%s/%s", folder, files[i]);
    assert_int_equal(unlink(one), 0);
    *strrchr(one, '/') = '\0';
    (void)rmdir(one);
  }
}

static void remove_parts_and_end(int number) {
  (void)number;
  df_file_remove_parts();
  _exit(130);
}

/* Ends a process that writes a large file as soon as its temporary file is there; returns how many files it leaves. */
static int left_by_signal(int number) {
  enum { SIZE = 1 << 26, TRIES = 20000 };
  char* bytes = calloc(1, SIZE);
  assert_non_null(bytes);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGTERM, remove_parts_and_end);
    alarm(60);
    while (df_file_write(path, bytes, SIZE) == DF_OK) unlink(path);
    _exit(1);
  }
  free(bytes);
  for (int i = 0; i < TRIES && entries() == 0; i++) usleep(500);
  assert_true(entries() > 0);
  assert_int_equal(kill(child, number), 0);
  int state;
  assert_int_equal(waitpid(child, &state, 0), child);
  return entries();
}

/* a handler that ends the program leaves no temporary file; a kill that cannot be handled does, so that the signals of
 * this test arrive while the file is written */
static void a_signal_leaves_no_part(void** state) {
  (void)state;
  enum { TRIES = 5 };
  int handled = 0, killed = 0;
  for (int i = 0; i < TRIES; i++) {
    handled += left_by_signal(SIGTERM) - (access(path, F_OK) == 0);
    unlink(path);
  }
  for (int i = 0; i < TRIES; i++) {
    killed += left_by_signal(SIGKILL) - (access(path, F_OK) == 0);
    unlink(path);
    char part[128];
    DIR* dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent* e; (e = readdir(dir));) {
      if (e->d_name[0] == '.') continue;
      snprintf(part, sizeof part, "%s/%.60s", folder, e->d_name);
      unlink(part);
    }
    closedir(dir);
  }
  print_message("    left by a handled signal: %d, by a kill: %d\n", handled, killed);
  assert_int_equal(handled, 0);
  assert_true(killed > 0);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      IN_FOLDER(what_is_written_is_read_back),
      IN_FOLDER(writing_leaves_one_file_and_no_part),
      IN_FOLDER(a_signal_leaves_no_part),
      IN_FOLDER(a_write_that_fails_half_way_leaves_the_old_content),
      IN_FOLDER(a_write_over_a_folder_leaves_it_and_no_part),
      IN_FOLDER(a_write_into_a_folder_that_is_not_there_is_missing_by_name),
      IN_FOLDER(the_beginning_of_a_file_is_read_with_its_size),
      IN_FOLDER(reading_what_is_no_file_fails_and_owns_nothing),
      IN_FOLDER(a_pipe_is_neither_waited_for_nor_replaced),
      IN_FOLDER(a_temporary_file_follows_no_symbolic_link),
      IN_FOLDER(a_write_follows_links_to_a_file_and_keeps_them),
      IN_FOLDER(devices_are_written_to_or_refused_and_stay),
      IN_FOLDER(a_replaced_file_follows_no_link),
      IN_FOLDER(a_link_to_the_own_output_is_written_to),
      IN_FOLDER(names_that_leave_their_folder_are_not_inside),
      IN_FOLDER(a_write_below_a_folder_stays_there),
      IN_FOLDER(folders_are_made_with_those_above_them),
      IN_FOLDER(a_folder_cannot_be_made_over_a_file),
      IN_FOLDER(a_folder_without_a_name_is_refused),
      IN_FOLDER(paths_are_joined_and_taken_apart),
      IN_FOLDER(a_failed_allocation_is_out_of_memory),
      IN_FOLDER(what_exists_is_no_pattern),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
