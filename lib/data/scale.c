#include "scale.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/assert.h"
#include "dynaflow/sim/mujoco.h"

/* The floor of a limited joint is at most this share of its range, so that a joint with a small range (a finger, or a
 * model in other units) keeps its own scale. The floor of its velocity is reduced by the same factor. */
static const double RANGE_SHARE = 0.05;

static void set_floor(const df_config* c, const char* group, scale_channel* channel) {
#define SET_FLOOR(id, name, unit, key)      \
  if (strcmp(group, #name) == 0) {          \
    channel->setting = "scale_floor." #key; \
    channel->floor = c->scale_floor_##key;  \
    return;                                 \
  }
  CHART_GROUPS(SET_FLOOR)
#undef SET_FLOOR
  DF_ASSERT(false);
}

/* the name of the dof `k` of a joint, or of its velocity */
static void name_dof(const df_joint* joint, int index, int k, scale_channel* channel) {
  const bool single = joint->kind == DF_JOINT_SLIDE || joint->kind == DF_JOINT_HINGE;
  char own[72], component[3] = {' ', "xyz"[k % 3], '\0'};
  if (joint->name[0]) {
    snprintf(own, sizeof own, "%s", joint->name);
  } else {
    snprintf(own, sizeof own, "joint %d", index);
  }
  snprintf(channel->name, sizeof channel->name, "%.64s %.20s%s", own, channel->group, single ? "" : component);
}

/* names the coordinates of a joint, and reduces their floors to its range */
static void set_joint(const df_joint* joint, int index, int nv, scale_channel* channels) {
  scale_channel *pos = channels + joint->dof, *vel = pos + nv;
  const int n = joint->kind == DF_JOINT_FREE ? 6 : joint->kind == DF_JOINT_BALL ? 3 : 1;
  for (int k = 0; k < n; k++) {
    name_dof(joint, index, k, pos + k);
    name_dof(joint, index, k, vel + k);
  }
  const double most = RANGE_SHARE * joint->width;
  if (!(most > 0 && most < pos->floor)) return;
  vel->floor *= most / pos->floor;
  pos->floor = most;
}

double df_action_half_range(const df_config* config, const df_system* system, int i) {
  const df_list* set = &config->action_half_range;
  const double half = set->n > 0 ? set->v[i % set->n] : 0.5 * (system->u_hi[i] - system->u_lo[i]);
  return isfinite(half) && half > 0 ? half : 1;
}

void scale_channels(const df_system* system, const df_config* config, int n, const df_chart_group* groups,
                    scale_channel* channels) {
  /* coordinates: floor by group, then name and range by joint */
  for (int g = 0; g < n; g++) {
    for (int i = 0; i < groups[g].n; i++) {
      scale_channel* channel = &channels[groups[g].channel[i]];
      channel->group = groups[g].name;
      snprintf(channel->name, sizeof channel->name, "%s %d", groups[g].name, i);
      channel->unit = groups[g].unit;
      set_floor(config, groups[g].name, channel);
    }
  }
  const df_joint* joints;
  const int n_joints = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n_joints; j++) set_joint(&joints[j], j, df_mujoco_nv(system), channels);

  /* actions */
  for (int i = 0; i < system->nu; i++) {
    scale_channel* channel = &channels[system->ndx + i];
    channel->setting = "scale_floor.action";
    snprintf(channel->name, sizeof channel->name, "action %d", i);
    channel->unit = "";
    channel->floor = config->scale_floor_action * df_action_half_range(config, system, i);
  }
}
