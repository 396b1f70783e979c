/* data_check.h: the checks of a recording, with or without actions: what is wrong, and what it would be right as. */
#ifndef BENCH_CHECK_DATA_CHECK_H
#define BENCH_CHECK_DATA_CHECK_H

#include <stdbool.h>

#include "check_cfg.h"
#include "data_finding.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

extern const check_cfg check_thorough; /* 100000, 2000, with orders */
extern const check_cfg check_quick;    /* 10000, 100, without: before a training */

/* Adds the findings of all checks of the states as they are, without settings that would fit. `system` is a MuJoCo
 * model. Errors: those of trace_of() and df_sim_new(). */
DF_MUST_CHECK df_status data_check_states(const df_dataset* data, const df_system* system, const check_cfg* cfg,
                                          data_findings* out);

/* Adds what check_frame_intervals() finds in the recording in the file `path`, which demonstrations at another rate do
 * not show. Errors: those of df_recording_open(). */
DF_MUST_CHECK df_status data_check_intervals(const char* path, const df_config* config, const df_system* system,
                                             data_findings* out);

/* Adds DF_E_NONFINITE, an error that a recording could not be read with, as a finding whose reason is its message, and
 * returns DF_OK; returns any other status as it is. */
DF_MUST_CHECK df_status data_check_finite(df_status status, data_findings* out);

/* Whether such findings leave a doubt that only data_check_recording() can settle: something that is not right, or
 * velocities that follow less well than several physics steps per frame explain. */
bool data_check_is_doubtful(const data_findings* f);

/* The root residual of findings, weights; NAN: none. */
double data_check_residual(const data_findings* f);
/* Whether a motion that has been moved because of a finding of `check` needs clearly more force on what no actuator
 * drives than `before`: then it was where it belongs. One that nothing carried, and that is put on the floor
 * (DATA_CHECK_FLOOR), may need what is no evidence against a motion. */
bool data_check_strains(double before, data_check check, const data_findings* after);

/* The same of the recording in the file `path` (df_recording_open()), after a search for the conventions by which it
 * fits: settings that differ from the task's are findings with verdict wrong, and the checks are those of the states
 * read with them, as they are recorded. Settings that would fit have been tried: with them the finding is gone, and
 * nothing is wrong that was not before. *data, unless NULL, is set to these states, for df_dataset_free(), if there
 * are any. A number that is not finite is a finding, and ends the checks. Errors: those of reading_find(). */
DF_MUST_CHECK df_status data_check_recording(const char* path, const df_config* config, const df_system* system,
                                             const check_cfg* cfg, data_findings* out, df_dataset** data);

#endif
