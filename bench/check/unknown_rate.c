#include "unknown_rate.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/arrays.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

bool rate_is_unknown(const df_recording* r, const df_config* config, const df_system* system) {
  bool shown = config->data_actions_key[0] != '\0';
  for (int i = 0; i < df_recording_columns(r) && strcmp(config->data_velocities, "differences") != 0; i++)
    shown = shown || df_recording_column_at(r, i)->state >= df_mujoco_nq(system);
  return !shown && !(config->data_rate > 0) && !(df_recording_rate(r) > 0);
}

/* whether a finding says by forces or speeds, which other durations of a frame change, that a recording is wrong */
static bool is_of_time(data_check check) {
  return check == DATA_CHECK_ROOT_RESIDUAL || check == DATA_CHECK_SLIP || check == DATA_CHECK_SUPPORT ||
         check == DATA_CHECK_FRAME_INTERVAL;
}

/* says which array of the first file is named like a rate and holds more than one number; "": none does */
static char* describe_list(const df_recording* r) {
  df_arrays* arrays;
  char* out = format_text("%s", "");
  if (df_arrays_open(df_recording_file(r, 0), &arrays) != DF_OK) return out;
  for (int i = 0; i < df_arrays_count(arrays) && !out[0]; i++) {
    const df_array_info* info = df_arrays_info(arrays, i);
    const char *slash = strrchr(info->name, '/'), *own = slash ? slash + 1 : info->name, *known;
    bool array, named = false;
    for (int k = 0; (known = df_recording_rate_name(k, &array)); k++) named = named || strcmp(own, known) == 0;
    if (!named || !info->numeric || info->rank == 0) continue;
    df_free(out);
    out = format_text(" ('%s' holds %zu numbers, not one)", info->name, info->shape[0]);
  }
  df_arrays_close(arrays);
  return out;
}

void unknown_rate_judge(const df_recording* r, double h, data_findings* found) {
  char* list = describe_list(r);
  for (int i = 0; i < found->n; i++) {
    data_finding* one = &found->list[i];
    if (one->check == DATA_CHECK_FRAME_INTERVAL) {
      data_finding_judge(
          one, CHECK_WARN,
          "the recording states no frame rate%s, and without velocities nothing shows it: it was checked "
          "with %.6g s per frame, an action of the model, so that speeds and forces tell nothing: give "
          "the rate by --set data.rate=HZ",
          list, h);
      one->limit = NAN;
    } else if (is_of_time(one->check) && one->verdict != CHECK_OK) {
      char* reason = format_text("%s", one->reason);
      data_finding_judge(one, CHECK_WARN, "with %.6g s per frame, since no rate is known: %s", h, reason);
      one->limit = NAN;
      df_free(reason);
    }
  }
  df_free(list);
}
