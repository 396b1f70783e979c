/* commands.h: the table of subcommands. Parsing, --help, the manual pages and the completion of shells all come from
 * it. Each command parses its own arguments, where argv[0] is "dynaflow NAME", and returns an exit code of exit_code.h.
 * Wrong usage ends the program with exit code 2. */
#ifndef BENCH_COMMANDS_COMMANDS_H
#define BENCH_COMMANDS_COMMANDS_H

#include <argp.h>

/* X(name, summary in `dynaflow --help`, example in its own --help); declares the command's options and arguments,
 * <name>_argp, and int cmd_<name>(int argc, char** argv) */
#define COMMAND_LIST(X)                                                                                                \
  X(list, "list tasks, methods, metrics, generators, profiles and settings", "dynaflow list settings train")           \
  X(doctor, "check versions, BLAS kernels, writable folders, models and data", "dynaflow doctor --json")               \
  X(data, "describe, generate or download the model and demonstrations of a task", "dynaflow data info my_task")       \
  X(replay, "check that recorded actions reproduce the recorded states", "dynaflow replay my_task")                    \
  X(gradcheck, "compare the adjoint with centred finite differences",                                                  \
    "dynaflow gradcheck my_task --states 20 --rollouts 2")                                                             \
  X(bench, "time gradients, rollouts, training steps and samples by interleaved runs",                                 \
    "dynaflow bench adjoint my_task --passes 4")                                                                       \
  X(run, "train, sample and evaluate tasks x methods x seeds; resumes unfinished cells",                               \
    "dynaflow run my_task --profile smoke --seed 1,2 --set train.steps=50")                                            \
  X(train, "train one method on one task and write a checkpoint",                                                      \
    "dynaflow train my_task --method dynaflow --checkpoint my.safetensors")                                            \
  X(sample, "sample trajectories from a checkpoint into an npz file",                                                  \
    "dynaflow sample my_task -m dynaflow -c my.safetensors --out my.npz")                                              \
  X(eval, "compute the metrics of a checkpoint",                                                                       \
    "dynaflow eval my_task --method dynaflow --checkpoint my.safetensors")                                             \
  X(score, "judge trajectories of any program as a method of the suite",                                               \
    "dynaflow score my_task my.npz --name my_method")                                                                  \
  X(optimise, "find the feasible motion that is nearest to a demonstrated clip",                                       \
    "dynaflow optimise my_task --clip 3 --out clip.npz")                                                               \
  X(transfer, "execute the actions of trajectories in perturbed models",                                               \
    "dynaflow transfer my_task my.npz --mass 0.9,1.1")                                                                 \
  X(expert, "train a policy by the gradient through the simulator; collect demonstrations of it",                      \
    "dynaflow expert train my_task --checkpoint policy.safetensors")                                                   \
  X(report, "write tables (Markdown, CSV), SVG figures and an HTML page of a run", "dynaflow report my_task-smoke")    \
  X(verify, "check that the records of a run are complete, unaltered and consistent", "dynaflow verify my_task-smoke") \
  X(gate, "check a run against the tolerances and golden tables of its tasks",                                         \
    "dynaflow gate my_task-smoke --junit verdicts.xml")                                                                \
  X(compare, "compare runs, or methods of a run, by paired differences",                                               \
    "dynaflow compare my_task-smoke --method dynaflow,kinematic_fm")                                                   \
  X(toy2d, "train and draw variants of flow matching on clouds of the plane",                                          \
    "dynaflow toy2d --cloud moons --variant velocity,transport --out toy")                                             \
  X(render, "draw motions as a film strip (PNG) and a film (MP4, WebM)",                                               \
    "dynaflow render my_task --out my_task.png --frames 4")                                                            \
  X(show, "play motions in a window", "dynaflow show my.npz --ghost demonstration")                                    \
  X(completion, "write the completion script of bash or zsh", "dynaflow completion bash")

#define COMMAND_DECLARE(name, line, example) \
  extern const struct argp name##_argp;      \
  int cmd_##name(int argc, char** argv);
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

typedef struct command {
  const char* name;
  const char* line;
  const char* example;
  const struct argp* parser;
  int (*run)(int argc, char** argv);
} command;

/* Sets *list to the table, a static array, and returns the number of commands. */
int command_table(const command** list);

/* Sets the commands of `dynaflow completion`. main() does, because the table refers to that command, too. */
void completion_set_commands(int n, const command* list);

#endif
