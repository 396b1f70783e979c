/* small_recording.h: recordings of small models that tests write frame by frame. */
#ifndef TESTS_BENCH_CHECK_SMALL_RECORDING_H
#define TESTS_BENCH_CHECK_SMALL_RECORDING_H

#include "planted.h"
#include "trace.h"

/* coordinates: a, b, and their velocities; a frame per 0.01 s */
static const char slide_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' type='slide' axis='1 0 0' range='-1 1' "
    "limited='true'/><geom size='.1' mass='2'/><body><joint name='b' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
    "</body></worldbody></mujoco>";
/* a ball of radius 0.1 m above a floor, and a body that cannot move */
static const char ball_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body><freejoint name='base'/>"
    "<geom size='.1' mass='2'/></body>"
    "<body pos='9 9 9'><geom size='.1' mass='50'/></body></worldbody></mujoco>";
enum { T = 200 };

typedef struct fixture {
  df_system* s;
  df_dataset* d; /* of T actions per episode, zero */
  trace m;
} fixture;

static inline fixture fixture_new(const char* xml, int episodes) {
  fixture f = {0};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(xml, "model", &cfg, &f.s));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = episodes, .length = T, .nx = f.s->nx, .dt = f.s->dt}, &f.d));
  return f;
}

static inline void trace_it(fixture* f, const double* h) {
  assert_ok(trace_of(f->d, f->s, h, 100000, &f->m));
}

static inline void fixture_free(fixture* f) {
  trace_clear(&f->m);
  df_dataset_free(f->d);
  df_system_free(f->s);
}

#endif
