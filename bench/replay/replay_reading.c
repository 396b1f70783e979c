#include "replay_reading.h"

#include "action_order.h"
#include "action_shift.h"
#include "dynaflow/core/alloc.h"
#include "joint_reading.h"
#include "offset_reading.h"
#include "text.h"

void replay_reading_clear(replay_reading* r) {
  df_free(r->words);
  df_free(r->remedy);
  *r = (replay_reading){0};
}

/* what the actions are in another order (`column` != NULL) or unit, if the recording follows */
static df_status try_actions(const reading_search* s, const int* column, const action_unit* unit, bool* follows) {
  df_dataset other;
  df_status status = actions_read_otherwise(s->r, column, unit, &other);
  if (status == DF_OK) status = s->follows(&other, s->context, follows);
  actions_clear(&other);
  return status;
}

df_status reading_find_rows(const reading_search* s, replay_reading* out) {
  action_shift shift;
  df_dataset* moved = NULL;
  bool follows = false;
  DF_TRY(action_shift_find(s->r, s->system, s->threads, &shift));
  if (shift.rows >= -1 && shift.rows <= 1) return DF_OK;
  df_status status = action_shift_apply(s->r->data, shift.rows, &moved);
  if (status == DF_OK && moved) status = s->follows(moved, s->context, &follows);
  df_dataset_free(moved);
  if (status == DF_OK && follows)
    *out = (replay_reading){.words = action_shift_words(shift.rows),
                            .remedy = action_shift_remedy(shift.rows),
                            .mean = true,
                            .as_is = shift.as_is,
                            .best = shift.best};
  return status;
}

df_status reading_find_unit(const reading_search* s, replay_reading* out) {
  action_unit unit;
  bool follows = false;
  DF_TRY(action_unit_find(s->r, s->system, s->threads, &unit));
  if (!unit.words) return DF_OK;
  DF_TRY(try_actions(s, NULL, &unit, &follows));
  if (follows)
    *out = (replay_reading){.words = format_text("%s", unit.words),
                            .remedy = action_unit_setting(&unit, s->config, s->system->nu),
                            .as_is = unit.as_is,
                            .best = unit.best};
  return DF_OK;
}

df_status reading_find_order(const reading_search* s, replay_reading* out) {
  action_order order;
  bool follows = false;
  DF_TRY(action_order_find(s->r, s->system, s->threads, &order));
  if (!order.column) return DF_OK;
  char* names = action_order_setting(&order, s->config, s->system);
  const df_status status = *names ? try_actions(s, order.column, NULL, &follows) : DF_OK;
  if (status == DF_OK && follows)
    *out = (replay_reading){.words = format_text("the action columns are in another order"),
                            .remedy = format_text("data.actuators = %s", names),
                            .as_is = order.as_is,
                            .best = order.best};
  df_free(names);
  action_order_clear(&order);
  return status;
}

df_status reading_find_joints(const reading_search* s, replay_reading* out) {
  joint_reading joints;
  df_dataset other;
  bool follows = false;
  DF_TRY(joint_reading_find(s->r, s->system, s->threads, &joints));
  if (!joints.joint) return DF_OK;
  df_status status = joint_reading_data(s->r, &joints, &other);
  if (status == DF_OK) status = s->follows(&other, s->context, &follows);
  recording_free_data(&other);
  if (status == DF_OK && follows)
    *out = (replay_reading){.words = format_text("joints are exchanged or have the opposite sign in the recording"),
                            .remedy = joint_reading_words(s->r, s->system, &joints),
                            .states = true,
                            .as_is = joints.as_is,
                            .best = joints.best};
  joint_reading_clear(&joints);
  return status;
}

df_status reading_find_offset(const reading_search* s, replay_reading* out) {
  offset_reading offset;
  df_dataset other;
  bool follows = false;
  DF_TRY(offset_reading_find(s->r, s->system, s->threads, &offset));
  if (offset.joint < 0) return DF_OK;
  df_status status = offset_reading_data(s->r, &offset, &other);
  if (status == DF_OK) status = s->follows(&other, s->context, &follows);
  recording_free_data(&other);
  if (status == DF_OK && follows)
    *out = (replay_reading){.words = format_text("the zero of a joint is off by a constant in the recording"),
                            .remedy = offset_reading_words(s->r, s->system, &offset),
                            .states = true,
                            .as_is = offset.as_is,
                            .best = offset.best};
  return status;
}
