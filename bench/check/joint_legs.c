#include "joint_legs.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"

/* bytes of the name up to its first '_'; 0: none */
static size_t prefix_of(const char* name) {
  const char* end = strchr(name, '_');
  return end && end - name < 48 ? (size_t)(end - name) : 0;
}

/* joints from `at` on whose names have the same prefix */
static int run_of(const chain* c, int at) {
  const size_t n = c->own[at] ? prefix_of(c->joint[at]->name) : 0;
  int end = at;
  while (n && end < c->n && prefix_of(c->joint[end]->name) == n &&
         memcmp(c->joint[end]->name, c->joint[at]->name, n) == 0)
    end++;
  return end - at;
}

/* whether the joints from a and from b on have the same names after their prefixes */
static bool alike(const chain* c, int a, int b, int n) {
  for (int i = 0; i < n; i++) {
    const char *x = c->joint[a + i]->name, *y = c->joint[b + i]->name;
    if (strcmp(x + prefix_of(x), y + prefix_of(y)) != 0) return false;
  }
  return true;
}

/* whether one of two joints moves the body of the other, as a chest does a neck */
static bool in_one_line(const df_system* system, const chain* c, int a, int b) {
  const int first = df_mujoco_joint_body(system, c->index[a]), second = df_mujoco_joint_body(system, c->index[b]);
  int up = first, down = second;
  while (up > 0 && up != second) up = df_mujoco_body_parent(system, up);
  while (down > 0 && down != first) down = df_mujoco_body_parent(system, down);
  return up > 0 || down > 0;
}

/* whether the run at `at` hangs on one of the legs, or one of them on it */
static bool hangs_on_a_leg(const df_system* system, const chain* c, int at) {
  for (int l = 0; l < c->legs; l++) {
    if (in_one_line(system, c, c->leg_of[l], at)) return true;
  }
  return false;
}

/* the runs of joints with the names of the run at `from` but for the prefix; `from` first */
static chain legs_like(const df_system* system, const chain* c, int from) {
  chain out = *c;
  out.legs = 0;
  out.per_leg = run_of(c, from);
  for (int at = from; at < c->n && out.per_leg >= 2 && out.legs < LEGS_MAX;) {
    const int n = run_of(c, at);
    if (n == out.per_leg && alike(c, from, at, n) && !hangs_on_a_leg(system, &out, at)) {
      snprintf(out.prefix[out.legs], sizeof out.prefix[0], "%.*s", (int)prefix_of(c->joint[at]->name),
               c->joint[at]->name);
      out.leg_of[out.legs++] = at;
    }
    at += n > 0 ? n : 1;
  }
  return out;
}

static void find_legs(const df_system* system, chain* c) {
  chain most = *c;
  for (int at = 0; at<c->n; at += run_of(c, at)> 0 ? run_of(c, at) : 1) {
    const chain some = legs_like(system, c, at);
    if (some.legs > most.legs) most = some;
  }
  *c = most;
  if (c->legs < 2) c->legs = 0;
}

df_status chain_of(const df_system* system, chain* out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool* of_robot = df_alloc((size_t)df_mujoco_body_count(system), sizeof *of_robot);
  *out = (chain){.joint = df_alloc((size_t)n, sizeof *out->joint),
                 .index = df_alloc((size_t)n, sizeof *out->index),
                 .own = df_alloc((size_t)n, sizeof *out->own)};
  if (!of_robot || !out->joint || !out->index || !out->own) {
    df_free(of_robot);
    return DF_E_NOMEM;
  }
  df_robot_bodies(system, NULL, of_robot);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_HINGE && joints[j].kind != DF_JOINT_SLIDE) continue;
    out->joint[out->n] = &joints[j];
    out->own[out->n] = of_robot[df_mujoco_joint_body(system, j)];
    out->index[out->n++] = j;
  }
  df_free(of_robot);
  find_legs(system, out);
  return DF_OK;
}

void chain_clear(chain* c) {
  df_free(c->joint);
  df_free(c->index);
  df_free(c->own);
  *c = (chain){0};
}

/* the leg whose joints are order[0 .. per_leg - 1]; -1: none */
static int leg_at(const chain* c, const int* order) {
  for (int l = 0; l < c->legs; l++) {
    int same = 0;
    while (same < c->per_leg && order[same] == c->index[c->leg_of[l] + same]) same++;
    if (same == c->per_leg) return l;
  }
  return -1;
}

bool joint_legs_of(const df_system* system, int n, const int* order, text* out) {
  chain c;
  bool whole = chain_of(system, &c) == DF_OK && c.legs > 0 && c.n == n && c.legs * c.per_leg == n;
  for (int k = 0; k < n && whole; k += c.per_leg) {
    const int l = leg_at(&c, order + k);
    whole = l >= 0;
    if (whole) text_add(out, "%s%s", k ? "," : "", c.prefix[l]);
  }
  chain_clear(&c);
  return whole;
}
