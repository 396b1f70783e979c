/* name_proof.h: whether recorded actions contradict what a file calls its columns. */
#ifndef BENCH_CHECK_NAME_PROOF_H
#define BENCH_CHECK_NAME_PROOF_H

#include <stdbool.h>

#include "check_cfg.h"
#include "column_names.h"

/* *refuted: the actions of the recording in `path` lead to its states (explained.h) with the settings `config`, and do
 * not with `fits` added to them. False where a reading cannot be converted, as where an action is no frame. Errors:
 * DF_E_NOMEM, those of remedy_apply() and df_sim_new(). */
DF_MUST_CHECK df_status name_proof_refutes(const char* path, const df_config* config, const df_system* system,
                                           const check_cfg* cfg, const remedy* fits, bool* refuted);

/* Makes what names say (column_names_find() of the same recording and settings) a warning without settings, if the
 * actions refute it, also if they are in the order of the joints that the file names; else leaves it as it is. Of two
 * lists that contradict each other, the one with which the actions lead to the states is followed, if the other one is
 * not such a list. Errors as above. */
DF_MUST_CHECK df_status name_proof_weigh(const char* path, const df_config* config, const df_system* system,
                                         const check_cfg* cfg, column_names* names);

#endif
