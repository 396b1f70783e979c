/* key.h: the key of a result: SHA-256 of the canonical text of everything that can change its numbers. */
#ifndef BENCH_RECORD_KEY_H
#define BENCH_RECORD_KEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "text.h"

/* Raised by hand when a change of the program changes the numbers of the same settings; results of an older version
 * then no longer count as done. 2: intervals resample the windows of an episode together; the adjoint sums in another
 * order, which changes the last bits of the gradients of spatial models. */
enum { NUMBERS_VERSION = 2 };

typedef enum key_scope {
  KEY_CELL,    /* of a cell: training and evaluation */
  KEY_TRAINING /* of a checkpoint: settings that train nothing (df_config_trains()) are left out. With "" as the
                  method: of the networks that methods with the same settings share (flow/method.h) */
} key_scope;

typedef struct cell_identity {
  const df_config* config;
  const char* method;
  uint64_t seed;
  const char* model_sha256; /* of the compiled model */
  const char* data_sha256;
  const char* mujoco_version;
  const char* blas_kernel;   /* "" if the method uses no BLAS */
  const char* plugin_sha256; /* of the plugin file; "" or NULL for a built-in method, then left out of the key */
  const char* trials;        /* of an expert: what it was tried on; "" or NULL for other methods, then left out */
  /* of eval.profile, left out of the key without it: the SHA-256 of its demonstrations, and its settings by which they
   * are read and windows are held out (setting_measures()), an object of texts; NULL without */
  /* of eval.profile, left out of the key without it: the SHA-256 of its demonstrations ("" or NULL without), and its
   * settings by which they are read and windows held out (setting_measures()), an object of texts (NULL without) */
  const char* eval_data_sha256;
  const json_t* eval_settings;
} cell_identity;

/* Whether a setting is newer than results which keep their keys, and is left out of keys while it has its default:
 * flow.* but flow.sigma and flow.time_power, the settings that key.c lists, and those of imitation (experts.h). */
bool setting_is_newer(const char* name);

/* Whether a setting says which demonstrations there are, how they are read, or which of their windows are held out:
 * data.* but data.url, gait.*, split.*, window.first, last and stride. */
bool setting_measures(const char* name);

/* Appends the canonical text to `out`, one "name value" per line: the configuration values except task.title,
 * task.methods, system.model_url, data.url, train.tape_mib, train.checkpoint_every and net.preset, then the other
 * members of `id`, NUMBERS_VERSION and the scope. Newer settings (setting_is_newer()) are left out while they have
 * their defaults. Of an expert (experts.h), only the settings of its policy, task.name, task.version and eval.seed. The
 * name of the profile is not part of it, only the settings that it makes. */
void cell_key_text(const cell_identity* id, key_scope scope, text* out);

/* The SHA-256 of that text as hexadecimal digits. Errors: those of df_sha256(). */
DF_MUST_CHECK df_status cell_key(const cell_identity* id, key_scope scope, char key[DF_SHA256_TEXT]);

/* ---- from a record ---- */

/* Recomputes the KEY_CELL key from a cell's record alone: its settings in their recorded order, its hashes, the MuJoCo
 * version and BLAS kernel of its provenance, and its "numbers" (1 if missing). It needs no task file, so the key of a
 * record written by a program with other settings can be verified too. DF_E_MISSING if the record has no
 * compiled_sha256. */
DF_MUST_CHECK df_status record_key(const json_t* record, char key[DF_SHA256_TEXT]);

/* Appends the text of which the KEY_TRAINING key with "" as the method is the hash (cell_key_text()): cells of one
 * method with equal texts have the same weights. DF_E_MISSING as above. */
DF_MUST_CHECK df_status record_training_text(const json_t* record, text* out);

/* SHA-256 of the record without its "record_sha256", written as compact ASCII JSON with sorted keys. It detects
 * accidental changes (an edited number, a script that rounds), not forgery: whoever edits a record can also recompute
 * the hash. DF_E_NONFINITE if the record cannot be written as JSON. */
DF_MUST_CHECK df_status record_sum(const json_t* record, char sum[DF_SHA256_TEXT]);

/* Sets "record_sha256" to record_sum(). Errors: those of record_sum(). */
DF_MUST_CHECK df_status record_seal(json_t* record);

#endif
