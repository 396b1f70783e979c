#include "action_scale.h"

#include "action_steps.h"
#include "exit_code.h"

/* Whether the states follow with these numbers, and say anything about the actions: those of a robot that only holds a
 * pose follow from any actions times 0. */
static bool is_worth_a_replay(const action_fit* fit) {
  static const double FOLLOWS = 0.02, MATTERS = 2;
  return fit->left < FOLLOWS && fit->constant > MATTERS * fit->left;
}

bool action_scale_is_plain(const action_fit* fit, int nu) {
  bool plain = true;
  for (int j = 0; j < nu; j++) plain = plain && fit->scale[j] == 1 && fit->offset[j] == 0;
  return plain;
}

df_status action_scale_fit(const df_dataset* data, const df_system* system, action_fit* out, bool* worth) {
  df_dataset* some;
  *worth = false;
  DF_TRY(action_sample_new(data, &some));
  const df_status status = fit_actions(some, system, out);
  df_dataset_free(some);
  if (status == DF_OK) *worth = !action_scale_is_plain(out, system->nu) && is_worth_a_replay(out);
  return status;
}

/* whether the recording follows from actions in this unit */
static df_status follows(const replay_input* in, const recording* r, const action_unit* unit, bool* out) {
  df_dataset scaled;
  replay_study study = {0};
  replay_input other = *in;
  df_status status = actions_read_otherwise(r, NULL, unit, &scaled);
  other.data = &scaled;
  if (status == DF_OK) status = replay_study_run(&other, &study);
  *out = status == DF_OK && replay_verdict_exit(study.verdict) == EXIT_DONE;
  replay_study_clear(&study);
  actions_clear(&scaled);
  return status;
}

df_status action_scale_explain(const replay_input* in, const recording* r, char** out) {
  action_fit fit;
  action_unit unit = {.words = NULL};
  const int nu = in->system->nu;
  bool worth, explains = false;
  *out = NULL;
  if (nu > DF_LIST_MAX || in->config->data_action_scale.n || in->config->data_action_offset.n) return DF_OK;
  DF_TRY(action_scale_fit(in->data, in->system, &fit, &worth));
  if (!worth) return DF_OK;
  for (int j = 0; j < nu; j++) {
    unit.scale[j] = fit.scale[j];
    unit.offset[j] = fit.offset[j];
  }
  DF_TRY(follows(in, r, &unit, &explains));
  if (explains) *out = action_unit_setting(&unit, in->config, nu);
  return DF_OK;
}
