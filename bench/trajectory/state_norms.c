#include "state_norms.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/quaternion_norm.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

/* the quaternions whose norm is off */
typedef struct off_norms {
  size_t n, trajectory, frame; /* where the first one is */
  const char* joint;
  double norm;
} off_norms;

static df_status fail_norm(const char* path, const off_norms* one, const char* why) {
  return df_fail(DF_E_FORMAT, "%s: states[%zu][%zu]: the quaternion of joint '%s' has norm %.6g, not 1: %s", path,
                 one->trajectory, one->frame, one->joint, one->norm, why);
}

/* one joint, whose quaternion begins at x[at], in the frames of a trajectory */
static df_status check_joint(const char* path, int nx, size_t frames, int at, off_norms one, double* x,
                             off_norms* all) {
  off_norms own = {0};
  for (size_t t = 0; t < frames; t++) {
    double* q = x + t * (size_t)nx + at;
    const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    const df_norm_kind kind = df_quaternion_norm_kind(norm);
    if (isnan(norm) || kind == DF_NORM_ONE) continue;
    one.frame = t;
    one.norm = norm;
    if (kind == DF_NORM_NONE)
      return fail_norm(path, &one, "norms from 0.707 to 1.293, as interpolation leaves them, would be normalised");
    if (own.n++ == 0) {
      const off_norms first = {own.n, one.trajectory, t, one.joint, norm};
      own = first;
    }
    for (int i = 0; i < 4; i++) q[i] /= norm;
  }
  if ((double)own.n > DF_NORM_MOST_OFF * (double)frames)
    return fail_norm(path, &own,
                     "so are more than half of the frames of this trajectory: the columns are no quaternion");
  if (own.n > 0 && all->n == 0) *all = (off_norms){0, own.trajectory, own.frame, own.joint, own.norm};
  all->n += own.n;
  return DF_OK;
}

df_status states_check_norms(const char* path, const df_system* system, const size_t shape[2], size_t first,
                             double* states, char** doubt) {
  const df_joint* joints;
  const int n = df_system_is_mujoco(system) ? df_mujoco_joints(system, &joints) : 0;
  off_norms all = {0};
  *doubt = NULL;
  for (size_t i = 0; i < shape[0]; i++) {
    for (int j = 0; j < n; j++) {
      if (joints[j].kind != DF_JOINT_FREE && joints[j].kind != DF_JOINT_BALL) continue;
      const int at = joints[j].qpos + (joints[j].kind == DF_JOINT_FREE ? 3 : 0);
      double* x = states + i * shape[1] * (size_t)system->nx;
      const off_norms one = {.trajectory = first + i, .joint = joints[j].name};
      DF_TRY(check_joint(path, system->nx, shape[1], at, one, x, &all));
    }
  }
  if (all.n > 0)
    *doubt = format_text(
        "%zu quaternions had norms that differ from 1 by more than 5 %%, and were normalised: the first one is "
        "states[%zu][%zu], joint '%s', norm %.6g",
        all.n, all.trajectory, all.frame, all.joint, all.norm);
  return DF_OK;
}
