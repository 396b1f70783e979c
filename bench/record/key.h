/* key.h: the identity of a result: SHA-256 over the canonical text of everything that can change its numbers. */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include <jansson.h>
#include <stdint.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "text.h"

/* Raised by hand when a change of the program makes numbers of the same settings differ: old results then do not
 * count as done. 2: intervals take the windows of an episode as one; the adjoint adds up its sums in another order, so
 * that gradients of models in space have other last bits. */
enum { NUMBERS_VERSION = 2 };

typedef enum key_scope {
  KEY_CELL,    /* trained and evaluated */
  KEY_TRAINING /* the checkpoint alone: eval.* does not count */
} key_scope;

typedef struct cell_identity {
  const df_config* config;
  const char* method;
  uint64_t seed;
  const char* model_sha256;
  const char* data_sha256;
  const char* mujoco_version;
  const char* blas_kernel;   /* "" where no BLAS is used */
  const char* plugin_sha256; /* of the file the method was loaded from; "" or NULL for the program's own: not written */
} cell_identity;

/* The canonical text, one "name value" a line: every configuration value except the task's title and method list and
 * the places files are fetched from, then the rest. The profile's name does not count, only what it sets. */
void cell_key_text(const cell_identity* id, key_scope scope, text* out);

DF_MUST_CHECK df_status cell_key(const cell_identity* id, key_scope scope, char key[DF_SHA256_TEXT]);

/* ---- from a record ---- */

/* The key of KEY_CELL that a cell's record gives by itself: its own settings in the order they stand, its hashes, the
 * MuJoCo and BLAS of its provenance, its "numbers" (1 if it has none). Needs no task file, so a record of
 * a program with other settings still proves its key. DF_E_MISSING if the record lacks compiled_sha256. */
DF_MUST_CHECK df_status record_key(const json_t* record, char key[DF_SHA256_TEXT]);

/* SHA-256 over the record without its "record_sha256": compact, keys sorted, ASCII. It finds slips (an edited number, a
 * script that rounds), not malice: who edits can seal again. */
DF_MUST_CHECK df_status record_sum(const json_t* record, char sum[DF_SHA256_TEXT]);
DF_MUST_CHECK df_status record_seal(json_t* record); /* sets "record_sha256" */

#endif
