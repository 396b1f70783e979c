/* Loss curves of a training. */
#define _GNU_SOURCE
#include "curves.h"

#include <math.h>

#include "one_record.h"

/* the curve becomes this text, of JSON */
static void begin_curve(const char* curve_text) {
  json_error_t error;
  begin();
  json_t* curve = json_loads(curve_text, 0, &error);
  if (!curve) fail_msg("column %d: %s", error.column, error.text);
  json_t* curves = json_object_get(json_object_get(record, "training"), "curves");
  json_array_clear(curves);
  json_array_append_new(curves, curve);
}

static void a_curve_is_that_of_a_training(void** state) {
  (void)state;
  static const struct {
    const char *curve, *words;
    bool always; /* also of a plugin, whose losses may be anything */
  } cases[] = {{"'step':[4,8,9],'loss':[1.5,null,0],'steps':9", "", true},
               {"'step':[],'loss':[],'steps':0", "", true},
               {"'step':[4,8],'loss':[1.5,2]", "", true}, /* of an older program: without the number of steps */
               {"'step':[4,8,9],'loss':[1.5,2],'steps':9", "the curve of 'flow' has 3 steps, but 2 losses", true},
               {"'step':[4,4,9],'loss':[1,1,1],'steps':9",
                "the curve of 'flow' goes from step 4 to 4, expected increasing steps", false},
               {"'step':[9,8,4],'loss':[1,1,1],'steps':4",
                "the curve of 'flow' goes from step 9 to 8, expected increasing steps", false},
               {"'step':[0,9],'loss':[1,1],'steps':9",
                "the curve of 'flow' goes from step 0 to 0, expected increasing steps", false},
               {"'step':[4,9],'loss':[1,-0.5],'steps':9",
                "the curve of 'flow' has the loss -0.5 at step 9, but a squared error is not negative", false},
               {"'step':[4,8],'loss':[1,1],'steps':9", "the curve of 'flow' ends at step 8 of 9", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int plugin = 0; plugin < 2; plugin++) {
      char words[256];
      snprintf(words, sizeof words, "{'name':'flow',%s}", cases[i].curve);
      for (char* at = words; *at; at++) *at = *at == '\'' ? '"' : *at;
      begin_curve(words);
      if (plugin) set_text(record, "plugin_sha256", WHOLE_SUM);
      finds(check_curves, plugin && !cases[i].always ? "" : cases[i].words);
    }
  }
}

static void a_validation_is_that_of_a_training(void** state) {
  (void)state;
  static const struct {
    const char *validation, *words;
  } cases[] = {{"'step':[4,9],'loss':[1,2],'kept':4", ""},
               {"'step':[4,8],'loss':[1,2],'kept':9", ""}, /* the last step */
               {"'step':[4,9],'loss':[1,2],'diverged':[0,1],'kept':9", ""},
               {"'step':[4,9],'loss':[1],'kept':4", "the validation of 'flow' has 2 steps, but 1 losses"},
               {"'step':[4,9],'loss':[1,2],'diverged':[0],'kept':4",
                "the validation of 'flow' has 2 steps, but 1 numbers of diverged windows"},
               {"'step':[9,4],'loss':[1,2],'kept':4",
                "the validation of 'flow' goes from step 9 to 4, expected increasing steps"},
               {"'step':[4,9],'loss':[-1,2],'kept':4",
                "the validation of 'flow' has the loss -1 at step 4, but a squared error is not negative"},
               {"'step':[4,10],'loss':[1,2],'kept':4", "the validation of 'flow' goes to step 10 of 9"},
               {"'step':[4,8],'loss':[1,2],'kept':5",
                "the weights of 'flow' are those kept at step 5, at which nothing was validated"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char words[256];
    snprintf(words, sizeof words, "{'name':'flow','step':[4,9],'loss':[1,2],'steps':9,'validation':{'windows':4,%s}}",
             cases[i].validation);
    for (char* at = words; *at; at++) *at = *at == '\'' ? '"' : *at;
    begin_curve(words);
    finds(check_curves, cases[i].words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_curve_is_that_of_a_training),
                                     cmocka_unit_test(a_validation_is_that_of_a_training)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
