/* Generated states have the property of their kind, and are the same for the same seed. */
#include "closed_form.h"
#include "models.h"

static const char PENDULUM[] =
    "<mujoco><option timestep='.004'/><worldbody><body><joint name='q' axis='0 1 0'/><geom pos='0 0 -.4' size='.1'"
    " mass='1'/></body></worldbody><actuator><motor joint='q'/></actuator></mujoco>";

static void states_are_of_their_kind(void** state) {
  (void)state;
  enum { M = 20 };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  OK(df_mujoco_system_new("results/adjoint/models/ball_on_box.xml", &cfg, &s));
  double *x = df_alloc((size_t)(M * s->nx), sizeof *x), *u = df_alloc((size_t)(M * s->nu), sizeof *u);
  double* again = df_alloc((size_t)(M * s->nx), sizeof *again);
  df_gradcheck_point p[M];
  for (int kind = 0; kind < DF_STATE_KINDS; kind++) {
    int found = 0, active = 0;
    OK(df_gradcheck_draw(s, &(df_state_draw){.kind = (df_state_kind)kind, .n = M, .seed = 5}, x, u, &found));
    assert_int_equal(found, M);
    OK(df_gradcheck_draw(s, &(df_state_draw){.kind = (df_state_kind)kind, .n = M, .seed = 5}, again, u, &found));
    assert_memory_equal(x, again, (size_t)(M * s->nx) * sizeof *x);
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 2}, &(df_gradcheck_states){.n = M, .x = x, .u = u},
                        p));
    double fastest = 0;
    for (int i = 0; i < M; i++) {
      const df_active* a = &p[i].active;
      const int wanted[DF_STATE_KINDS] = {
          [DF_STATE_REST] = a->sticking, [DF_STATE_MOTION] = 1,           [DF_STATE_IMPACT] = a->impacts,
          [DF_STATE_LIMITS] = a->limits, [DF_STATE_SLIDING] = a->sliding, [DF_STATE_ROLLING] = a->rolling,
          [DF_STATE_STUCK] = a->sticking};
      active += wanted[kind] > 0;
      for (int k = 0; k < df_mujoco_nv(s); k++) fastest = fmax(fastest, fabs(x[i * s->nx + df_mujoco_nq(s) + k]));
    }
    print_message("%s: %d of %d with what it is named for, fastest %.2g\n", df_state_kind_name((df_state_kind)kind),
                  active, M, fastest);
    /* not every state has the property: some lie just inside a limit, and a fall can end in a slow contact */
    assert_true(active >= M / 2);
    if (kind == DF_STATE_REST) assert_true(fastest < 0.1);
    if (kind == DF_STATE_SLIDING) assert_true(fastest > 0.3);
  }
  df_free(x);
  df_free(u);
  df_free(again);
  df_system_free(s);
}

static void what_a_model_lacks_is_not_found(void** state) {
  (void)state;
  double x[20], u[10];
  int found;
  df_system* s = model_text(PENDULUM, 1);
  OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_LIMITS, .n = 10, .seed = 1}, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_IMPACT, .n = 10, .seed = 1}, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_ROLLING, .n = 10, .seed = 1}, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_REST, .n = 10, .seed = 1}, x, u, &found));
  assert_int_equal(found, 10);
  closed_form* f = closed_form_new(spring_law, 2, H);
  assert_int_equal(
      df_gradcheck_draw(&f->base, &(df_state_draw){.kind = DF_STATE_REST, .n = 1, .seed = 1}, x, u, &found), DF_E_ARG);
  assert_int_equal(df_gradcheck_draw(s, NULL, x, u, &found), DF_E_ARG);
  assert_int_equal(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_KINDS, .n = 1}, x, u, &found), DF_E_ARG);
  /* a zeroed request is for no states */
  OK(df_gradcheck_draw(s, &(df_state_draw){.n = 0}, x, u, &found));
  assert_int_equal(found, 0);
  df_free(f);
  df_system_free(s);
}

/* A ball that falls, and rests, on a floor for whose contact there is no memory: the states of motions end there, and
 * are not left out. */
static void states_at_which_the_simulator_fails_are_counted(void** state) {
  (void)state;
  enum { M = 10 };
  static const char ball[] =
      "<mujoco><size memory='600'/><worldbody><geom type='plane' size='1 1 .1'/><body pos='0 0 .3'>"
      "<joint name='z' type='slide' axis='0 0 1'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='z' ctrlrange='-1 1'/></actuator></mujoco>";
  double x[2 * M], u[M];
  int found;
  df_gradcheck_point p[M];
  df_gradcheck_summary q;
  df_system* s = model_text(ball, 1);
  OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_REST, .n = M, .seed = 1}, x, u, &found));
  assert_int_equal(found, M);
  /* the first is in the air, and the step from it touches */
  x[0] = 0.2;
  x[1] = 0;
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1}, &(df_gradcheck_states){.n = M, .x = x, .u = u},
                      p));
  OK(df_gradcheck_sum_up(M, p, &q));
  assert_int_equal(q.cause[DF_KINK_FAILED], M - 1);
  assert_true(q.failed_at == 1 && q.smooth == 1 && q.kinks == M - 1);
  assert_true(p[0].failure[0] == 0 && isnan(p[1].error));
  assert_non_null(strstr(p[1].failure, "out of memory"));
  assert_int_equal(df_gradcheck_judge(&q, INFINITY, INFINITY), DF_GRADCHECK_INCONCLUSIVE);
  df_system_free(s);
}

/* A ball on a rail that points up or down, or a free one, with an arm at a limit: half of the states are half a metre
 * higher, and all of them a little away from the start. */
static void rails_that_point_down_are_lifted_up(void** state) {
  (void)state;
  enum { M = 40, NX = 15 };
  static const struct {
    const char* joint;
    int nx, at;   /* the size of a state, and where the height is */
    double start; /* m */
    int way;
  } cases[] = {{"<joint name='z' type='slide' axis='0 0 1'/>", 4, 0, 0, 1},
               {"<joint name='z' type='slide' axis='0 0 -1'/>", 4, 0, 0, -1},
               {"<freejoint/>", NX, 2, 2, 1}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char xml[512];
    double x[NX * M], u[M];
    int found, high = 0;
    snprintf(
        xml, sizeof xml,
        "<mujoco><worldbody><body pos='0 0 2'>%s<geom size='.1'/><body><joint name='arm' axis='0 1 0' range='-30 40' "
        "limited='true'/><geom size='.02' pos='.2 0 0'/></body></body></worldbody><actuator><motor joint='arm' "
        "ctrlrange='-1 1'/></actuator></mujoco>",
        cases[k].joint);
    df_system* s = model_text(xml, 1);
    assert_int_equal(s->nx, cases[k].nx);
    OK(df_gradcheck_draw(s, &(df_state_draw){.kind = DF_STATE_LIMITS, .n = M, .seed = 3}, x, u, &found));
    assert_int_equal(found, M);
    for (int i = 0; i < M; i++) {
      const double height = cases[k].way * (x[i * s->nx + cases[k].at] - cases[k].start);
      const double off = fmin(fabs(height), fabs(height - .5));
      if (!(off > 0 && off < .1))
        fail_msg("%s: lifted by %g", cases[k].joint, height); /* 5 times the spread of starts */
      high += height > .25;
    }
    assert_in_range(high, M / 4, 3 * M / 4);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(states_are_of_their_kind),
      cmocka_unit_test(what_a_model_lacks_is_not_found),
      cmocka_unit_test(rails_that_point_down_are_lifted_up),
      cmocka_unit_test(states_at_which_the_simulator_fails_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
