/* fuzz_input.h: an input as a file, for readers that take a path. */
#ifndef TESTS_FUZZ_FUZZ_INPUT_H
#define TESTS_FUZZ_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer and replay.c call: hands `data` to one reader. Returns 0; a wrong result ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/* The path of a file in memory that holds these bytes, until the next call. */
const char* fuzz_file(const uint8_t* data, size_t size);

/* A new folder that is removed, with its files, when the program ends; the same one at each call. */
const char* fuzz_folder(void);

/* Writes <fuzz_folder()>/<name>. */
void fuzz_file_in_folder(const char* name, const uint8_t* data, size_t size);

/* Ends the program if the condition does not hold. */
#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char* file, int line, const char* condition);

#endif
