/* style.h: the name and line style of each method, the same in every table and figure. */
#ifndef BENCH_STYLE_H
#define BENCH_STYLE_H

/* The display name of a method; its identifier if it has none. */
const char* method_label(const char* method);

/* The method's colour, 0xRRGGBB. */
unsigned method_colour(const char* method);

/* The method's gnuplot dash type, which tells overlapping lines apart. */
int method_dash(const char* method);

#endif
