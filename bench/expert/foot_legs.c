#include "foot_legs.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/mujoco.h"

static const double APART = 1e-3; /* m */

/* x [nx]: the base level and unturned where the model has it, the joints of the actuators at home */
static void stand(const df_config* config, const df_system* system, const double* home, double* x) {
  static const double level[] = {1, 0, 0, 0};
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  df_mujoco_initial_state(system, x);
  memcpy(x + df_robot_base(system, &config->chart_objects).position + 3, level, sizeof level);
  for (int k = 0; k < system->nu; k++) {
    const int joint = df_mujoco_actuator_at(system, k).joint;
    if (joint >= 0) x[joints[joint].qpos] = home[k];
  }
}

/* place [FOOT_LEGS][3]: the centres of the feet, which differ from those in the frame of the base by one vector */
static df_status read_places(const df_config* config, const df_system* system, const double* home, double* place) {
  int geom[FOOT_LEGS];
  df_sim* sim = NULL;
  for (int k = 0; k < FOOT_LEGS; k++) {
    geom[k] = df_mujoco_geom(system, config->eval_feet.v[k]);
    if (geom[k] < 0) return df_fail(DF_E_CONFIG, "eval.feet: the model has no geom '%s'", config->eval_feet.v[k]);
  }
  double* x = df_alloc((size_t)system->nx, sizeof *x);
  df_status status = x ? df_sim_new(system, 0, &sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    stand(config, system, home, x);
    df_mujoco_pose(sim, x);
    for (int k = 0; k < FOOT_LEGS; k++) df_mujoco_geom_position(sim, geom[k], place + 3 * k);
  }
  df_sim_free(system, sim);
  df_free(x);
  return status;
}

/* sorts n feet by a coordinate of their places, the largest first */
static void sort(int n, int* foot, const double* place, int axis) {
  for (int i = 1; i < n; i++) {
    for (int j = i; j > 0 && place[3 * foot[j] + axis] > place[3 * foot[j - 1] + axis]; j--) {
      const int moved = foot[j];
      foot[j] = foot[j - 1];
      foot[j - 1] = moved;
    }
  }
}

static df_status check_apart(const df_names* feet, const double* place, int axis, int first, int second) {
  if (place[3 * first + axis] - place[3 * second + axis] >= APART) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "eval.feet: '%s' and '%s' are less than 1 mm apart along %s of the base in the posture expert.home: "
                 "expected two feet in front of two others, and of each pair one to the left: FR, FL, RR and RL",
                 feet->v[first], feet->v[second], axis == 0 ? "x (forward)" : "y (left)");
}

df_status foot_legs(const df_config* config, const df_system* system, const double* home, int leg[FOOT_LEGS]) {
  const df_names* feet = &config->eval_feet;
  double place[3 * FOOT_LEGS];
  int foot[FOOT_LEGS] = {0, 1, 2, 3};
  if (feet->n != FOOT_LEGS)
    return df_fail(DF_E_CONFIG, "eval.feet: got %d feet, expected four: FR, FL, RR and RL, in any order", feet->n);
  DF_TRY(read_places(config, system, home, place));
  sort(FOOT_LEGS, foot, place, 0);
  DF_TRY(check_apart(feet, place, 0, foot[1], foot[2]));

  /* in each pair the left foot comes first, whose leg has the larger number */
  for (int pair = 0; pair < 2; pair++) {
    int* two = foot + 2 * pair;
    sort(2, two, place, 1);
    DF_TRY(check_apart(feet, place, 1, two[0], two[1]));
    leg[two[0]] = 2 * pair + 1;
    leg[two[1]] = 2 * pair;
  }
  return DF_OK;
}
