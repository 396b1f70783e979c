/* import_text.h: the page of an imported task. */
#ifndef BENCH_IMPORT_IMPORT_TEXT_H
#define BENCH_IMPORT_IMPORT_TEXT_H

#include "dynaflow/data/dataset.h"
#include "model_study.h"
#include "source.h"
#include "text.h"

/* Appends README.md: what the task is, its files with their SHA-256, and where licence and source are to be filled in.
 * Errors: those of df_sha256_file(). */
DF_MUST_CHECK df_status import_readme(const char* name, const source* files, const df_dataset* data,
                                      const model_study* model, text* out);

#endif
