/* generating_setting.h: the settings on which generated demonstrations depend. */
#ifndef BENCH_DATA_GENERATING_SETTING_H
#define BENCH_DATA_GENERATING_SETTING_H

#include <stdbool.h>

#include "dynaflow/config/config.h"

/* Whether generated data depend on a setting with this value: those of system.* and data.* but the places of files, and
 * those of gait.* that are not at their defaults, so that data that were generated before there were such settings keep
 * their names. */
bool setting_generates(const df_config_key* key, const char* value);

#endif
