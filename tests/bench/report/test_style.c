/* Names, colours and words of methods and metrics. */
#include "style.h"

#include "dynaflow/core/alloc.h"
#include "unit.h"

static void metrics_have_their_words(void** state) {
  (void)state;
  static const struct {
    const char *metric, *words;
  } cases[] = {{"tre", "TRE"},
               {"tre.joint_pos", "TRE, joint pos"},
               {"tre_open_loop", "open-loop TRE"},
               {"tre_open_loop.base_vel", "open-loop TRE, base vel"},
               {"tre_other", "tre other"},
               {"sae_own", "SAE, own action"},
               {"sae_min", "SAE, best action"},
               {"cae", "CAE"},
               {"survival", "survival time"},
               {"slip", "foot slip"},
               {"fall_rate", "fall rate"},
               {"fall_rate.replanned", "fall rate, replanned"},
               {"t", "t"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char* words = metric_words(cases[i].metric);
    assert_string_equal(words, cases[i].words);
    df_free(words);
  }
}

/* of methods that are not built in, the colours were computed once, by the hash 33 h + c from 5381, modulo 2^32 */
static void methods_have_their_label_colour_and_dash(void** state) {
  (void)state;
  static const struct {
    const char *method, *label;
    unsigned colour;
    int dash;
  } cases[] = {{"dynaflow", "DynaFlow", 0x0072B2, 1},
               {"kinematic_fm_idm", "Kinematic FM + IDM", 0xD55E00, 2},
               {"trajopt", "Trajectory optimisation", 0x555555, 3},
               {"kinematic_diffusion", "Kinematic diffusion + IDM", 0x661100, 4},
               {"action_diffusion", "Action diffusion", 0x6699CC, 4},
               {"own", "own", 0x44AA99, 1},
               {"a_plugin", "a_plugin", 0x661100, 1},
               {"x1", "x1", 0xAA4499, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_string_equal(method_label(cases[i].method), cases[i].label);
    assert_int_equal(method_colour(cases[i].method), cases[i].colour);
    assert_int_equal(method_dash(cases[i].method), cases[i].dash);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(metrics_have_their_words),
                                     cmocka_unit_test(methods_have_their_label_colour_and_dash)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
