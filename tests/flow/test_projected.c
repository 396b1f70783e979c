/* Training through a projection (df_flow_train_projected()). */
#include "dynaflow/metrics/best_action.h"
#include "flow_test.h"

/* the closed loop of the best actions, searched further than a follower does: differences need exact minima */
typedef struct loop {
  const df_system* system;
  df_best_action* search;
  df_sim* sim;
} loop;

static void project(void* context, int thread, double* x, double* u) {
  const loop* l = context;
  const size_t nx = (size_t)l->system->nx, nu = (size_t)l->system->nu;
  assert_int_equal(thread, 0);
  for (int t = 0; t < 3; t++, x += nx, u += nu) {
    double other[16];
    df_system_rest_action(l->system, x + nx, other);
    memcpy(u, other, nu * sizeof *u);
    memset(other, 0, sizeof other);
    const double first = df_best_action_search(l->search, x, x + nx, u);
    if (df_best_action_search(l->search, x, x + nx, other) < first) memcpy(u, other, nu * sizeof *u);
    l->system->ops->reset(l->sim, x);
    assert_int_equal(l->system->ops->step(l->sim, u, x + nx), DF_TRAJ_COMPLETE);
  }
}

/* a flow of three frames whose training samples are all projected */
typedef struct projected {
  df_task* task;
  loop loop;
  df_flow_projection projection;
  df_flow* flow;
  double x0[16];
} projected;

static void make(projected* p, df_decoder decoder) {
  df_config config = tiny_config();
  config.window_horizon = 3;
  p->task = tiny_task_with(&config);
  const df_best_action_cfg cfg = {.scale = df_chart_std(p->task->chart), .least_gain = 1e-12};
  p->loop.system = p->task->system;
  assert_int_equal(df_best_action_new(p->task->system, &cfg, &p->loop.search), DF_OK);
  assert_int_equal(df_sim_new(p->task->system, 0, &p->loop.sim), DF_OK);
  p->projection = (df_flow_projection){.project = project, .context = &p->loop};
  p->flow = new_flow(p->task, decoder, 1);
  p->flow->projection = &p->projection;
}

static void clear(projected* p) {
  df_flow_free(p->flow);
  df_best_action_free(p->loop.search);
  df_sim_free(p->task->system, p->loop.sim);
  df_task_free(p->task);
}

/* row 0 predicts the window w, as it is demonstrated, which is also its target, or `off` standard deviations from it */
static void predict(projected* p, df_window w, double off) {
  flow_worker* worker = &p->flow->worker[0];
  const int in = p->flow->in, nz = p->flow->nz;
  memcpy(p->x0, df_dataset_state(p->task->data, w.episode, w.start), (size_t)p->flow->nx * sizeof(double));
  const df_chart_statistics s = df_chart_get_statistics(p->task->chart);
  for (int t = 0; t < 3; t++) {
    double* target = worker->target + t * in;
    df_chart_encode(p->task->chart, p->x0, df_dataset_state(p->task->data, w.episode, w.start + t + 1), target);
    const double* u = df_dataset_action(p->task->data, w.episode, w.start + t);
    for (int k = nz; k < in; k++) target[k] = (u[k - nz] - s.action_mean[k - nz]) / s.action_std[k - nz];
  }
  double noise[64];
  df_rng_normal(5, DF_STREAM_TEST, (uint64_t)w.start, (size_t)(3 * in), noise);
  for (int k = 0; k < 3 * in; k++) worker->out[k] = (df_real)(worker->target[k] + off * noise[k]);
}

static double loss_of(projected* p) {
  return flow_projected_loss(p->flow, &p->flow->worker[0], 0, 0, p->x0);
}

/* what the simulator can make is left as it is; the loss is on the projection, not on the prediction */
static void a_feasible_prediction_has_no_loss(void** state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    projected p;
    make(&p, d ? DF_DECODE_STATES_ACTIONS : DF_DECODE_STATES);
    for (int start = 0; start < 20; start += 5) {
      predict(&p, (df_window){.episode = 1, .start = start}, 0);
      assert_true(loss_of(&p) < 1e-8);
      predict(&p, (df_window){.episode = 1, .start = start}, 0.3);
      const double loss = loss_of(&p);
      double direct = 0;
      for (int k = 0; k < 3 * p.flow->in; k++)
        direct += pow((double)p.flow->worker[0].out[k] - p.flow->worker[0].target[k], 2) / (3 * p.flow->in);
      assert_true(loss > 1e-4 && fabs(loss / direct - 1) > 0.01);
    }
    clear(&p);
  }
}

/* The largest |J^T R| / (|J_j| |R|) over the actions inside the box in the last frame, J by central differences: 0
 * where the search has converged, or an action at a bound is all that is left. */
static double slope_left(projected* p) {
  const df_system* system = p->loop.system;
  flow_worker* w = &p->flow->worker[0];
  const int nz = p->flow->nz;
  double u[2], z[3][16], next[16], rest = 0, largest = 0;
  memcpy(u, w->u + 4, sizeof u);
  for (int j = 0; j < 2; j++) {
    if (fabs(u[j]) >= 1) continue;
    double slope = 0, length = 0;
    rest = 0;
    for (int side = 0; side < 3; side++) {
      double moved[2] = {u[0], u[1]};
      moved[j] += (side - 1) * 1e-6;
      system->ops->reset(p->loop.sim, w->x + 2 * p->flow->nx);
      assert_int_equal(system->ops->step(p->loop.sim, moved, next), DF_TRAJ_COMPLETE);
      df_chart_encode(p->task->chart, p->x0, next, z[side]);
    }
    for (int k = 0; k < nz; k++) {
      const double to = (z[2][k] - z[0][k]) / 2e-6, r = z[1][k] - (double)w->out[2 * p->flow->in + k];
      slope += to * r;
      length += to * to;
      rest += r * r;
    }
    largest = fmax(largest, fabs(slope) / sqrt(length * rest));
  }
  return largest;
}

/* true if the gradient of the last frame is that of differences of step 1e-4, to 0.5 % of its largest entry */
static bool agrees(projected* p, const double* got, double* largest) {
  const double h = 1e-4;
  flow_worker* w = &p->flow->worker[0];
  const int in = p->flow->in;
  double right[16], worst = 0;
  *largest = 0;
  for (int k = 0; k < in; k++) {
    df_real* at = &w->out[2 * in + k];
    const df_real before = *at, high = (df_real)((double)before + h), low = (df_real)((double)before - h);
    *at = high;
    const double up = loss_of(p);
    *at = low;
    right[k] = (up - loss_of(p)) / ((double)high - (double)low);
    *at = before;
    *largest = fmax(*largest, fabs(right[k]));
  }
  for (int k = 0; k < in; k++) worst = fmax(worst, fabs(got[k] - right[k]));
  return worst <= 5e-3 * *largest + 1e-9;
}

/* The last frame has no later ones, so that its gradient is that of the whole loss: against central differences, which
 * search again. Batches of 12 windows. The formula assumes a smooth minimum with J^T R = 0. Where the search has
 * converged (cosines of at most 1.3e-8), all gradients agree, the worst to 0.1 %. Of states and actions, the frame of
 * start 14 is none of these: its search stops beside a contact that begins (J^T R = 7.6e-3, a cosine of 1.3e-2), and
 * the gradient is off by 15 %. That of start 12 is a kink of differences of step 1e-2 only. On the Go1 with the search
 * of a follower, which stops earlier, the median is off by 10 to 12 % (flow.h). */
static void the_gradient_of_the_last_frame_is_that_of_the_loss(void** state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    projected p;
    make(&p, d ? DF_DECODE_STATES_ACTIONS : DF_DECODE_STATES);
    flow_worker* w = &p.flow->worker[0];
    int bounded = 0, moving = 0, stopped = 0;
    for (int start = 0; start < 24; start += 2) {
      double got[16], largest;
      predict(&p, (df_window){.episode = 2, .start = start}, 0.2);
      (void)loss_of(&p);
      for (int k = 0; k < p.flow->in; k++) got[k] = 12 * (double)w->d_out[2 * p.flow->in + k];
      for (int i = 0; i < 2; i++) bounded += fabs(w->u[4 + i]) >= 1;
      if (slope_left(&p) > 1e-6) {
        stopped++;
        continue;
      }
      assert_true(agrees(&p, got, &largest));
      moving += largest > 1e-3;
    }
    print_message("decoder %d: %d gradients of last frames agree, %d searches stopped short, %d actions at a bound\n",
                  d, moving, stopped, bounded);
    assert_true(moving >= 10 && stopped <= 1 && bounded >= 3);
    clear(&p);
  }
}

/* no sample is projected from flow time 1 on: the weights are those of an ordinary training, bit for bit */
static void without_projected_samples_the_training_is_the_ordinary_one(void** state) {
  (void)state;
  for (int from = 0; from < 2; from++) {
    projected p;
    make(&p, DF_DECODE_STATES);
    df_training_log log;
    p.projection.from = from;
    assert_int_equal(df_flow_train_projected(p.flow, &p.projection, &log), DF_OK);
    assert_null(p.flow->projection);
    df_flow* plain = new_flow(p.task, DF_DECODE_STATES, 1);
    (void)train(plain);
    const bool same =
        memcmp(plain->trainer->average, p.flow->trainer->average, plain->trainer->n * sizeof(df_real)) == 0;
    assert_int_equal(same, from);
    df_flow_free(plain);
    clear(&p);
  }
}

static void lose(void* context, int thread, double* x, double* u) {
  (void)context, (void)thread, (void)u;
  x[7] = NAN;
}

static void a_projection_that_diverges_has_no_gradient(void** state) {
  (void)state;
  projected p;
  make(&p, DF_DECODE_STATES);
  predict(&p, (df_window){.episode = 1, .start = 0}, 0.1);
  p.projection.project = lose;
  assert_true(isnan(loss_of(&p)));
  for (int k = 0; k < 3 * p.flow->in; k++) assert_true((double)p.flow->worker[0].d_out[k] == 0);
  clear(&p);
}

static void what_cannot_be_projected_is_refused(void** state) {
  (void)state;
  projected p;
  df_training_log log;
  make(&p, DF_DECODE_STATES);
  assert_int_equal(df_flow_train_projected(NULL, &p.projection, &log), DF_E_ARG);
  assert_int_equal(df_flow_train_projected(p.flow, NULL, &log), DF_E_ARG);
  snprintf(p.task->config.flow_prediction, sizeof p.task->config.flow_prediction, "velocity");
  assert_int_equal(df_flow_train_projected(p.flow, &p.projection, &log), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "flow.prediction = velocity"));
  df_flow* actions = new_flow(p.task, DF_DECODE_ACTIONS, 1);
  assert_int_equal(df_flow_train_projected(actions, &p.projection, &log), DF_E_ARG);
  df_flow_free(actions);
  clear(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_feasible_prediction_has_no_loss),
      cmocka_unit_test(the_gradient_of_the_last_frame_is_that_of_the_loss),
      cmocka_unit_test(without_projected_samples_the_training_is_the_ordinary_one),
      cmocka_unit_test(a_projection_that_diverges_has_no_gradient),
      cmocka_unit_test(what_cannot_be_projected_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
