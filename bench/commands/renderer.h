/* renderer.h: starts dynaflow-render, the program that is linked with OpenGL. */
#ifndef BENCH_COMMANDS_RENDERER_H
#define BENCH_COMMANDS_RENDERER_H

/* Replaces this process by dynaflow-render, which is in the folder of this program, with these arguments; argv[0],
 * "dynaflow render" or "dynaflow show", tells it what to do. Returns an exit code only if it cannot; `instead` is what
 * works without it. */
int start_renderer(char** argv, const char* instead);

#endif
