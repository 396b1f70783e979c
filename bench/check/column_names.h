/* column_names.h: whether columns are read as the joints and actuators by whose names the file calls them, and in the
 * units and the order of quaternions that these names state. */
#ifndef BENCH_CHECK_COLUMN_NAMES_H
#define BENCH_CHECK_COLUMN_NAMES_H

#include "data_finding.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/system.h"

/* What names say of the columns of a recording. */
typedef struct column_names {
  data_findings found; /* wrong, with the settings by which each column is what it is called, or a warning */
  bool decide;         /* all joints are named, and read as they are called, at least with these settings */
  bool contradict;     /* two lists of names call the columns different joints */
  remedy by_list[2];   /* then: with which the columns are what each list calls them; empty: as they are read */
} column_names;

/* Compares the names, `config` being the settings of the recording. Names that data.joints gives as MODEL=RECORDED are
 * those of the joint MODEL. A warning: names that are no joint's, that data.joints or data.legs contradicts, or that
 * another list of names contradicts (neither is followed then). The
 * caller calls column_names_clear(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status column_names_find(const df_recording* recording, const df_config* config,
                                          const df_system* system, column_names* out);
void column_names_clear(column_names* names);

/* Sets the settings of what is wrong. Errors: those of df_config_set(). */
DF_MUST_CHECK df_status column_names_apply(const column_names* names, df_config* config);

/* data.actuators by the names of joints alone, if the file names no actuators: the joint that each actuator drives, or
 * its own name. Empty if that is the order as read, or not all are found. */
remedy column_names_of_driven(const df_recording* recording, const df_config* config, const df_system* system);

#endif
