/* test_file.h: files of one test program. Programs run at the same time, so none may use a path that another uses. */
#ifndef TESTS_SUPPORT_TEST_FILE_H
#define TESTS_SUPPORT_TEST_FILE_H

/* A new folder of this process under /tmp, made at the first call and removed with its files when the program ends. */
const char* test_folder(void);

/* "<test_folder()>/<name>"; at most 8 different names. The text stays valid. */
const char* test_file(const char* name);

#endif
