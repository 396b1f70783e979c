/* Settings data.*, one per line as KEY VALUE, an empty line, and any bytes as a recording: refused, or demonstrations
 * that are whole. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/data/recording.h"
#include "dynaflow/sim/mujoco.h"
#include "fuzz_input.h"

/* every kind of joint, an activation, and two actuators */
static const char model[] =
    "<mujoco><option timestep='.01'/><worldbody><body><freejoint name='root'/><geom size='.1' mass='1'/>"
    "<body><joint name='ball' type='ball'/><geom size='.05' mass='.1'/></body>"
    "<body><joint name='FL_hip'/><geom size='.05' mass='.1'/></body>"
    "<body><joint name='FR_slide' type='slide'/><geom size='.05' mass='.1'/></body></body></worldbody>"
    "<actuator><motor name='a' joint='FL_hip'/><general name='b' joint='FR_slide' dyntype='filter' dynprm='.1'/>"
    "</actuator></mujoco>";

static df_system* system_of(void) {
  static df_system* system;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  if (!system) FUZZ_REQUIRE(df_mujoco_system_from_xml(model, "fuzz", &cfg, &system) == DF_OK);
  return system;
}

/* sets what the lines say; returns the bytes after the empty line */
static size_t read_settings(const uint8_t* data, size_t size, df_config* config) {
  size_t at = 0;
  while (at < size && data[at] != '\n') {
    const uint8_t* end = memchr(data + at, '\n', size - at);
    const size_t n = end ? (size_t)(end - data) - at : size - at;
    char line[600];
    snprintf(line, sizeof line, "data.%.*s", (int)(n < 500 ? n : 500), (const char*)data + at);
    char* value = strchr(line, ' ');
    if (value) *value++ = '\0';
    if (df_config_set(config, line, value ? value : "", "fuzz") != DF_OK) value = NULL; /* the setting stays */
    at += n + (end != NULL);
  }
  return at < size ? at + 1 : size;
}

static void check_whole(const df_dataset* data) {
  FUZZ_REQUIRE(data->episodes >= 1);
  for (int e = 0; e < data->episodes; e++) {
    FUZZ_REQUIRE(data->lengths[e] >= 1);
    for (int t = 0; t <= data->lengths[e]; t++) {
      for (int i = 0; i < data->nx; i++) FUZZ_REQUIRE(isfinite(df_dataset_state(data, e, t)[i]));
      for (int i = 0; i < data->nc; i++) FUZZ_REQUIRE(isfinite(df_dataset_condition(data, e, t)[i]));
      for (int i = 0; i < data->nu && t < data->lengths[e]; i++) {
        FUZZ_REQUIRE(isfinite(df_dataset_action(data, e, t)[i]));
      }
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static df_config config;
  df_recording* recording;
  df_dataset* converted;
  config = df_config_default();
  config.window_horizon = 1;
  const size_t at = read_settings(data, size, &config);
  if (size - at >= 4 && memcmp(data + at, "\x89HDF", 4) == 0) return 0; /* each would start a process */
  const char* path = fuzz_file(data + at, size - at);
  if (df_recording_open(path, &config, system_of(), &recording) != DF_OK) return 0;
  FUZZ_REQUIRE(df_recording_rate(recording) >= 0);
  if (df_recording_convert(recording, &config, system_of(), &converted) == DF_OK) {
    check_whole(converted);
    df_dataset_free(converted);
  }
  df_recording_free(recording);
  return 0;
}
