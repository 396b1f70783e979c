/* task_models.h: small MuJoCo models for the tests of lib/data. */
#ifndef TESTS_DATA_TASK_MODELS_H
#define TESTS_DATA_TASK_MODELS_H

#include "data_test.h"
#include "dynaflow/sim/mujoco.h"

/* a free body with a ball, a hinge and a slide joint, and an activation: every kind of coordinate;
 * nx = 13 + 7 + 2 + 2 + 1 */
static const char every_joint_xml[] =
    "<mujoco><worldbody>"
    "<body name='base'><freejoint name='root'/><geom size='.1' mass='1'/>"
    "<body pos='.2 0 0'><joint name='ball' type='ball'/><geom size='.05' mass='.2' pos='.1 0 0'/></body>"
    "<body pos='-.2 0 0'><joint name='hinge' axis='0 1 0'/><geom size='.05' mass='.2' pos='-.1 0 0'/></body>"
    "<body pos='0 .2 0'><joint name='slide' type='slide' axis='0 1 0'/><geom size='.05' mass='.2'/></body>"
    "</body></worldbody>"
    "<contact><exclude body1='base' body2='base'/></contact>"
    "<actuator><motor joint='hinge' ctrlrange='-1 1'/>"
    "<general joint='slide' dyntype='filter' dynprm='.1' ctrlrange='-1 1'/></actuator></mujoco>";

/* a cart on a rail: nx = 4, nu = 1 */
static const char cart_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='rail' type='slide' axis='1 0 0'/>"
    "<geom size='.1' mass='1' contype='0' conaffinity='0'/>"
    "<body><joint name='pole' axis='0 1 0'/><geom size='.05' mass='.1' pos='0 0 .3' contype='0' "
    "conaffinity='0'/></body>"
    "</body></worldbody><actuator><motor joint='rail'/></actuator></mujoco>";

static inline df_system* make_system(const char* xml) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system = NULL;
  assert_ok(df_mujoco_system_from_xml(xml, "test model", &cfg, &system));
  return system;
}

/* random state number `i`, with unit quaternions */
static inline void random_state(const df_system* system, uint64_t i, double* x) {
  df_rng_normal(42, DF_STREAM_TEST, i, (size_t)system->nx, x);
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_FREE && joints[j].kind != DF_JOINT_BALL) continue;
    double* q = x + joints[j].qpos + (joints[j].kind == DF_JOINT_FREE ? 3 : 0);
    const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (int k = 0; k < 4; k++) q[k] /= norm;
  }
}

#endif
