/* Signs of joints by the forces that a motion needs: a cart that nothing drives, with two arms that swing, keeps its
 * momentum, 3 kg x + 0.5 kg m (sin q1 + sin q2) = 0. */
#include "joint_sign.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "small_recording.h"
#include "unit.h"

#define ARM(name)            \
  "<body><joint name='" name \
  "' axis='0 1 0'/><geom pos='0 0 .5' size='.05' mass='1' contype='0' conaffinity='0'/></body>"
static const char cart_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='cart' type='slide' axis='1 0 0'/>"
    "<geom size='.05' mass='1' contype='0' conaffinity='0'/>" ARM("one") ARM("two") "</body></worldbody>"
    "<actuator><motor joint='one'/><motor joint='two'/></actuator></mujoco>";

/* two episodes, of which the second is a third as long; the first arm swings by amplitude[e], and its sign is that of
 * sign[e]; the cart is at `place` */
static fixture swings(const double amplitude[2], const double sign[2], double place) {
  static const int lengths[2] = {T, T / 3};
  fixture f = fixture_new(cart_xml, 2);
  df_dataset_free(f.d);
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 2, .lengths = lengths, .nx = f.s->nx, .dt = f.s->dt}, &f.d));
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t <= lengths[e]; t++) {
      const double s = 0.01 * t, w = 2 * PI, a = amplitude[e] * sin(w * s), b = 0.2 * sin(2 * w * s + 1);
      const double va = amplitude[e] * w * cos(w * s), vb = 0.4 * w * cos(2 * w * s + 1);
      const double x[6] = {place - (sin(a) + sin(b)) / 6,    sign[e] * a,  b,
                           -(va * cos(a) + vb * cos(b)) / 6, sign[e] * va, vb};
      memcpy(frame_of(f.d, e, t), x, sizeof x);
    }
  }
  return f;
}

/* whether the first arm is found reversed, and nothing else */
static bool finds_the_first(fixture* f) {
  static const double h[2] = {0.01, 0.01};
  joint_signs out;
  assert_ok(joint_sign_find(f->d, f->s, h, &(check_cfg){.frames_max = 1000, .poses_max = 400}, &out));
  const bool found = out.best && out.best[0] == 0 && out.best[1] == ~1 && out.best[2] == 2;
  assert_true(found || !out.best);
  if (found) assert_true(out.residual < 0.02 && out.as_read > 0.3);
  df_free(out.best);
  return found;
}

static void a_sign_is_named_if_both_episodes_agree(void** state) {
  (void)state;
  static const struct {
    double amplitude[2], sign[2];
    bool found;
  } cases[] = {{{0.7, 0.7}, {-1, -1}, true},
               {{0.7, 0.7}, {1, 1}, false},
               {{0.7, 0.5}, {-1, -1}, true},
               {{0.9, 0.3}, {-1, 1}, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = swings(cases[i].amplitude, cases[i].sign, 0);
    assert_int_equal(finds_the_first(&f), cases[i].found);
    fixture_free(&f);
  }
}

/* Positions in single precision 2000 m away are rounded by 6e-5 m: differences of differences of them over 0.01 s are
 * accelerations of a quarter of gravity, which is no evidence. */
static void rounding_is_no_evidence(void** state) {
  (void)state;
  static const double amplitude[2] = {0.7, 0.7}, sign[2] = {-1, -1};
  for (int k = 0; k < 2; k++) {
    fixture f = swings(amplitude, sign, k ? 2000 : 0);
    for (size_t i = 0; i < f.d->first[2] * (size_t)f.d->nx; i++) f.d->states[i] = (double)(float)f.d->states[i];
    for (int i = 0; i < 3; i++) f.d->derived[3 + i] = true;
    assert_int_equal(finds_the_first(&f), k == 0);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_sign_is_named_if_both_episodes_agree),
                                     cmocka_unit_test(rounding_is_no_evidence)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
